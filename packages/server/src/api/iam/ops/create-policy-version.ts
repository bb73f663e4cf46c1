import { createPolicyVersion } from "../../../iam/managed-policies.ts";
import { wrap } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { policyArn, policyDocument } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { version } from "../show.ts";

export const CreatePolicyVersion = operation({
  name: "CreatePolicyVersion",
  input: { PolicyArn: policyArn, PolicyDocument: policyDocument, SetAsDefault: is.flag },
  needs: (input, call) => onPolicy(call, "CreatePolicyVersion", input.PolicyArn),
  handle: (input, { directory, account }) =>
    createPolicyVersion(
      directory,
      account,
      input.PolicyArn,
      input.PolicyDocument,
      input.SetAsDefault === true,
    ),
  respond: (made) => wrap("PolicyVersion", version(made)),
});
