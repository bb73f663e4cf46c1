import { enableRotation, ROTATION_DAYS_MAX, ROTATION_DAYS_MIN } from "../../../kms/rotation.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const EnableKeyRotation = operation({
  name: "EnableKeyRotation",
  input: { KeyId: keyId, RotationPeriodInDays: is.integer(ROTATION_DAYS_MIN, ROTATION_DAYS_MAX) },
  handle: (input, { kms, requester }) =>
    enableRotation(kms, requester, input.KeyId, input.RotationPeriodInDays),
});
