import { needPolicy } from "../../../iam/managed-policies.ts";
import { wrap } from "../../common/xml-write.ts";
import { operation } from "../call.ts";
import { policyArn } from "../members.ts";
import { onPolicy } from "../needs.ts";
import { policyInFull, policyView } from "../show.ts";

export const GetPolicy = operation({
  name: "GetPolicy",
  input: { PolicyArn: policyArn },
  needs: (input, call) => onPolicy(call, "GetPolicy", input.PolicyArn),
  handle: async (input, call) =>
    policyView(call, await needPolicy(call.directory, call.account, input.PolicyArn)),
  respond: (shown) => wrap("Policy", policyInFull(shown)),
});
