import { accountOf } from "../../../base/caller.ts";
import { federatedArn, getFederationToken } from "../../../iam/federation.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import type { Need } from "../../query/operation.ts";
import { is } from "../../query/schema.ts";
import { operation, type StsCall } from "../call.ts";
import { policyArns, sessionPolicy, tags, tokenSeconds } from "../members.ts";
import { credentials } from "../show.ts";

/** sts:GetFederationToken on the session's ARN, and sts:TagSession where it has tags. */
function needs(
  { Name, Tags = [] }: { readonly Name: string; readonly Tags: readonly Tag[] | undefined },
  { caller }: StsCall,
): readonly Need[] {
  const account = accountOf(caller.principal);
  if (account === undefined) return [];
  const resource = federatedArn(account, Name);
  const conditions = new Map<string, string | readonly string[]>();
  if (Tags.length > 0)
    conditions.set(
      "aws:tagkeys",
      Tags.map(({ Key }) => Key),
    );
  for (const { Key, Value } of Tags) conditions.set(`aws:requesttag/${Key.toLowerCase()}`, Value);
  const actions = ["sts:GetFederationToken", ...(Tags.length > 0 ? ["sts:TagSession"] : [])];
  return actions.map((action) => ({ action, resource, conditions }));
}
interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export const GetFederationToken = operation({
  name: "GetFederationToken",
  input: {
    Name: is.required(is.text({ min: 2, max: 32, pattern: "[\\w+=,.@-]*" })),
    Policy: sessionPolicy,
    PolicyArns: policyArns,
    DurationSeconds: tokenSeconds,
    Tags: tags,
  },
  needs,
  handle: (input, { sts, caller }) =>
    getFederationToken(sts, caller, {
      name: input.Name,
      policy: input.Policy,
      policyArns: input.PolicyArns?.map(({ arn }) => arn),
      durationSeconds: input.DurationSeconds,
      tags: (input.Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })),
    }),
  respond: (session) =>
    credentials(session.credentials) +
    wrap("FederatedUser", tag("FederatedUserId", session.federatedUserId) + tag("Arn", session.arn)) +
    tag("PackedPolicySize", session.packedPolicySize),
});
