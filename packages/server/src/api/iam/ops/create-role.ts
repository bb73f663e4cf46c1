import { createRole } from "../../../iam/roles.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import {
  arn,
  path,
  policyDocument,
  roleDescription,
  roleName,
  sessionSeconds,
  tags,
  tagsOf,
} from "../members.ts";
import { onNew } from "../needs.ts";
import { newRole, roleView } from "../show.ts";

export const CreateRole = operation({
  name: "CreateRole",
  input: {
    Path: path,
    RoleName: is.required(roleName),
    AssumeRolePolicyDocument: policyDocument,
    Description: roleDescription,
    MaxSessionDuration: sessionSeconds,
    PermissionsBoundary: arn,
    Tags: tags,
  },
  needs: (input, call) =>
    onNew(
      call,
      "CreateRole",
      { kind: "Role", path: input.Path ?? "/", name: input.RoleName },
      { tags: tagsOf(input.Tags), boundary: input.PermissionsBoundary },
    ),
  handle: async (input, call) => {
    const made = await createRole(call.directory, call.account, {
      name: input.RoleName,
      path: input.Path ?? "/",
      trust: input.AssumeRolePolicyDocument,
      description: input.Description,
      maxSessionSeconds: input.MaxSessionDuration,
      boundary: input.PermissionsBoundary,
      tags: tagsOf(input.Tags),
    });
    return roleView(call, made);
  },
  respond: (shown, _, { account }) => wrap("Role", newRole(account, shown)),
});
