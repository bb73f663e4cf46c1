import { rotationStatus } from "../../../kms/rotation.ts";
import { time } from "../encode.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const GetKeyRotationStatus = operation({
  name: "GetKeyRotationStatus",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => rotationStatus(kms, requester, input.KeyId),
  respond: ({ arn, on }) => ({
    KeyRotationEnabled: on !== undefined,
    KeyId: arn,
    ...(on !== undefined && { RotationPeriodInDays: on.periodDays, NextRotationDate: time(on.nextMs) }),
  }),
});
