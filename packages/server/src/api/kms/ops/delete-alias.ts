import { deleteAlias } from "../../../kms/aliases.ts";
import { aliasName } from "../members.ts";
import { operation } from "../operation.ts";

export const DeleteAlias = operation({
  name: "DeleteAlias",
  input: { AliasName: aliasName },
  handle: (input, { kms, requester }) => deleteAlias(kms, requester, input.AliasName),
});
