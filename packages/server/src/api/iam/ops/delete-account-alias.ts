import { deleteAccountAlias } from "../../../iam/aliases.ts";
import { operation } from "../call.ts";
import { accountAlias } from "../members.ts";
import { onAccount } from "../needs.ts";

export const DeleteAccountAlias = operation({
  name: "DeleteAccountAlias",
  input: { AccountAlias: accountAlias },
  needs: () => onAccount("DeleteAccountAlias"),
  handle: (input, { directory, account }) => deleteAccountAlias(directory, account, input.AccountAlias),
});
