import { updateAlias } from "../../../kms/aliases.ts";
import { aliasName, keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const UpdateAlias = operation({
  name: "UpdateAlias",
  input: { AliasName: aliasName, TargetKeyId: keyId },
  handle: (input, { kms, requester }) => updateAlias(kms, requester, input.AliasName, input.TargetKeyId),
});
