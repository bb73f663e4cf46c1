import type { IamCall } from "../call.ts";
import { arnOf } from "../../../iam/entity-records.ts";
import { type PolicyView, viewOf } from "../../../iam/managed-policies.ts";
import { pageOf } from "../../../iam/paging.ts";
import { READY_MADE } from "../../../iam/ready-made.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { paging, pagingOf, policyPath } from "../members.ts";
import { onKind } from "../needs.ts";
import { page, policy, policyView, type ShownPolicy } from "../show.ts";

/** The account's own first, then the ready-made; each in the order of names. */
const OWN = "1/";
const READY = "2/";
const nameOf = ({ view }: ShownPolicy): string =>
  (view.readyMade === undefined ? OWN : READY) + view.policy.name;

async function* views(call: IamCall, scope: string, after: string | undefined): AsyncGenerator<PolicyView> {
  const later = after ?? OWN;
  if (scope !== "AWS" && later.startsWith(OWN)) {
    const name = later === OWN ? undefined : later.slice(OWN.length);
    for await (const entity of call.directory.all(call.account, "Policy", name))
      yield { arn: arnOf(call.account, entity), policy: entity, readyMade: undefined };
  }
  if (scope === "Local") return;
  for (const made of READY_MADE.values()) if (READY + made.name > later) yield viewOf(made);
}

export const ListPolicies = operation({
  name: "ListPolicies",
  input: {
    Scope: is.oneOf(["All", "AWS", "Local"]),
    OnlyAttached: is.flag,
    PathPrefix: policyPath,
    PolicyUsageFilter: is.oneOf(["PermissionsPolicy", "PermissionsBoundary"]),
    ...paging,
  },
  needs: (_, call) => onKind(call, "ListPolicies", "Policy"),
  handle: (input, call) => {
    const { Scope: scope = "All", OnlyAttached: attached = false, PathPrefix: prefix = "/" } = input;
    const usage = input.PolicyUsageFilter;
    async function* matching(after: string | undefined): AsyncGenerator<ShownPolicy> {
      for await (const view of views(call, scope, after)) {
        if (!view.policy.path.startsWith(prefix)) continue;
        const shown = await policyView(call, view);
        const used = usage === "PermissionsBoundary" ? shown.boundaries : shown.attachments;
        if (used > 0 || (!attached && usage === undefined)) yield shown;
      }
    }
    const list = ["ListPolicies", call.account, scope, String(attached), prefix, usage ?? ""];
    return pageOf(call.tokens, list, pagingOf(input), matching, nameOf);
  },
  respond: (found) => page("Policies", found, policy),
});
