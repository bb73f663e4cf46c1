import { createPolicy } from "../../../iam/managed-policies.ts";
import { wrap } from "../../common/xml-write.ts";
import { operation } from "../call.ts";
import { policyDescription, policyDocument, policyName, policyPath, tags, tagsOf } from "../members.ts";
import { onNew } from "../needs.ts";
import { policyInFull } from "../show.ts";

export const CreatePolicy = operation({
  name: "CreatePolicy",
  input: {
    PolicyName: policyName,
    Path: policyPath,
    PolicyDocument: policyDocument,
    Description: policyDescription,
    Tags: tags,
  },
  needs: (input, call) =>
    onNew(
      call,
      "CreatePolicy",
      { kind: "Policy", path: input.Path ?? "/", name: input.PolicyName },
      { tags: tagsOf(input.Tags) },
    ),
  handle: (input, { directory, account }) =>
    createPolicy(directory, account, {
      name: input.PolicyName,
      path: input.Path ?? "/",
      document: input.PolicyDocument,
      description: input.Description,
      tags: tagsOf(input.Tags),
    }),
  respond: (view) => wrap("Policy", policyInFull({ view, attachments: 0, boundaries: 0 })),
});
