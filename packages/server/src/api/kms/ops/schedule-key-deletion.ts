import { DELETION_DAYS_MAX, DELETION_DAYS_MIN, scheduleDeletion } from "../../../kms/deletion.ts";
import { time } from "../encode.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const ScheduleKeyDeletion = operation({
  name: "ScheduleKeyDeletion",
  input: { KeyId: keyId, PendingWindowInDays: is.integer(DELETION_DAYS_MIN, DELETION_DAYS_MAX) },
  handle: (input, { kms, requester }) =>
    scheduleDeletion(kms, requester, input.KeyId, input.PendingWindowInDays),
  respond: ({ arn, deletionMs, days }) => ({
    KeyId: arn,
    DeletionDate: time(deletionMs),
    KeyState: "PendingDeletion",
    PendingWindowInDays: days,
  }),
});
