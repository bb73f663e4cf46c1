/** What SimulatePrincipalPolicy and SimulateCustomPolicy share: their parameters, and how a decision is shown. */
import { QUERY_LIST_ENTRIES_MAX } from "../../base/limits.ts";
import { type Page, pageOf } from "../../iam/paging.ts";
import {
  questionsFrom,
  simulate,
  type Simulated,
  type SimulatedSide,
  type SimulationInput,
} from "../../iam/simulate.ts";
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

function simulationInput(input: SimulationMembers, policies: readonly string[]): SimulationInput {
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

/** Only what is shown is decided. */
export async function simulationPage(
  call: IamCall,
  name: string,
  input: SimulationMembers,
  side: SimulatedSide,
  policies: readonly string[],
): Promise<Page<Simulated>> {
  const simulation = simulationInput(input, policies);
  const page = await pageOf(
    call.tokens,
    [name, call.account],
    pagingOf(input),
    (after) => questionsFrom(simulation, after === undefined ? 0 : Number(after) + 1),
    ({ place }) => String(place),
  );
  return { ...page, items: await simulate(call.account, side, simulation, page.items) };
}

const DECISIONS = { allow: "allowed", "explicit-deny": "explicitDeny", "implicit-deny": "implicitDeny" };

export const showSimulation = (found: Page<Simulated>): string =>
  page("EvaluationResults", found, ({ action, resource, decision }) => {
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
