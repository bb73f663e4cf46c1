/** What SimulatePrincipalPolicy and SimulateCustomPolicy share: their parameters, and how a decision is shown. */
import { QUERY_LIST_ENTRIES_MAX } from "../../base/limits.ts";
import type { Simulated, SimulationInput } from "../../iam/simulate.ts";
import { laterThan, type Page, pageOf } from "../../iam/paging.ts";
import { tag } from "../common/xml-write.ts";
import { list } from "../query/document.ts";
import { type Input, is } from "../query/schema.ts";
import type { IamCall } from "./call.ts";
import { document, paging, pagingOf } from "./members.ts";
import { page } from "./show.ts";

const context = is.structure({
  ContextKeyName: is.required(is.text({ min: 5, max: 256 })),
  ContextKeyValues: is.list(is.text(), QUERY_LIST_ENTRIES_MAX),
  ContextKeyType: is.text(),
});
export const simulationMembers = {
  PermissionsBoundaryPolicyInputList: is.list(document, 1),
  ActionNames: is.required(is.list(is.text({ min: 3, max: 128 }), 200)),
  ResourceArns: is.list(is.text({ min: 1, max: 2048 }), 200),
  ResourcePolicy: document,
  ResourceOwner: is.text({ min: 1, max: 2048 }),
  CallerArn: is.text({ min: 1, max: 2048 }),
  ContextEntries: is.list(context, 100),
  ...paging,
} as const;
type SimulationMembers = Input<typeof simulationMembers>;

export function simulationInput(input: SimulationMembers, policies: readonly string[]): SimulationInput {
  return {
    policies,
    boundaries: input.PermissionsBoundaryPolicyInputList ?? [],
    actions: input.ActionNames,
    resources: input.ResourceArns ?? ["*"],
    resourcePolicy: input.ResourcePolicy,
    resourceOwner: input.ResourceOwner,
    callerArn: input.CallerArn,
    context: new Map(
      (input.ContextEntries ?? []).map(({ ContextKeyName: name, ContextKeyValues: values = [] }) => [
        name.toLowerCase(),
        values.length === 1 ? (values[0] ?? "") : values,
      ]),
    ),
  };
}

export function simulationPage(
  call: IamCall,
  name: string,
  input: SimulationMembers,
  results: readonly Simulated[],
): Promise<Page<readonly [number, Simulated]>> {
  const placed = [...results.entries()];
  const nameOf = ([place]: readonly [number, Simulated]): string => String(place).padStart(6, "0");
  return pageOf(call.tokens, [name, call.account], pagingOf(input), laterThan(placed, nameOf), nameOf);
}

const DECISIONS = { allow: "allowed", "explicit-deny": "explicitDeny", "implicit-deny": "implicitDeny" };

export const showSimulation = (found: Page<readonly [number, Simulated]>): string =>
  page("EvaluationResults", found, ([, { action, resource, decision }]) => {
    const matched = decision.effect === "implicit-deny" ? [] : [decision.by];
    return (
      tag("EvalActionName", action) +
      tag("EvalResourceName", resource) +
      tag("EvalDecision", DECISIONS[decision.effect]) +
      list(
        "MatchedStatements",
        matched,
        ({ policy, source }) =>
          tag("SourcePolicyId", policy) +
          tag("SourcePolicyType", source === "resource" ? "resource" : "IAM Policy"),
      ) +
      list("MissingContextValues", [], () => "")
    );
  });
