import { createAlias } from "../../../kms/aliases.ts";
import { aliasName, keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const CreateAlias = operation({
  name: "CreateAlias",
  input: { AliasName: aliasName, TargetKeyId: keyId },
  handle: (input, { kms, requester }) => createAlias(kms, requester, input.AliasName, input.TargetKeyId),
});
