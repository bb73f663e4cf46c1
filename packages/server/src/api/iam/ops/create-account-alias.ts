import { createAccountAlias } from "../../../iam/aliases.ts";
import { operation } from "../call.ts";
import { accountAlias } from "../members.ts";
import { onAccount } from "../needs.ts";

export const CreateAccountAlias = operation({
  name: "CreateAccountAlias",
  input: { AccountAlias: accountAlias },
  needs: () => onAccount("CreateAccountAlias"),
  handle: (input, { directory, account }) => createAccountAlias(directory, account, input.AccountAlias),
});
