import { rotateOnDemand } from "../../../kms/rotation.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const RotateKeyOnDemand = operation({
  name: "RotateKeyOnDemand",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => rotateOnDemand(kms, requester, input.KeyId),
  respond: (arn) => ({ KeyId: arn }),
});
