import { disableRotation } from "../../../kms/rotation.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const DisableKeyRotation = operation({
  name: "DisableKeyRotation",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => disableRotation(kms, requester, input.KeyId),
});
