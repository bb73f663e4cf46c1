import { cancelDeletion } from "../../../kms/deletion.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const CancelKeyDeletion = operation({
  name: "CancelKeyDeletion",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => cancelDeletion(kms, requester, input.KeyId),
  respond: (arn) => ({ KeyId: arn }),
});
