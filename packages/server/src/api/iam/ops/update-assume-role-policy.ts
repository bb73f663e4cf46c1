import { updateTrust } from "../../../iam/roles.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { policyDocument, roleName } from "../members.ts";
import { onHolder } from "../needs.ts";

export const UpdateAssumeRolePolicy = operation({
  name: "UpdateAssumeRolePolicy",
  input: { RoleName: is.required(roleName), PolicyDocument: policyDocument },
  needs: (input, call) => onHolder(call, "UpdateAssumeRolePolicy", "Role", input.RoleName),
  handle: (input, { directory, account }) =>
    updateTrust(directory, account, input.RoleName, input.PolicyDocument),
});
