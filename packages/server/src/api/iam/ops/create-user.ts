import { createUser } from "../../../iam/users.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { arn, newUserName, path, tags, tagsOf } from "../members.ts";
import { onNew } from "../needs.ts";
import { userInFull } from "../show.ts";

export const CreateUser = operation({
  name: "CreateUser",
  input: { Path: path, UserName: is.required(newUserName), PermissionsBoundary: arn, Tags: tags },
  needs: (input, call) =>
    onNew(
      call,
      "CreateUser",
      { kind: "User", path: input.Path ?? "/", name: input.UserName },
      { tags: tagsOf(input.Tags), boundary: input.PermissionsBoundary },
    ),
  handle: (input, { directory, account }) =>
    createUser(directory, account, {
      name: input.UserName,
      path: input.Path ?? "/",
      boundary: input.PermissionsBoundary,
      tags: tagsOf(input.Tags),
    }),
  respond: (user, _, { account }) => wrap("User", userInFull(account, user)),
});
