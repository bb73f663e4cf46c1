/** What the evaluator would decide: for people who write policies, and for tests of access. Changes nothing. */
import { DecisionSteps } from "../base/decision-steps.ts";
import { assert, fail } from "../base/errors.ts";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import {
  type Decision,
  decide,
  parsePolicy,
  type Policy,
  type PolicyKind,
  type Principal,
} from "../policy/index.ts";
import type { Directory } from "./directory.ts";
import { refuseDocument } from "./documents.ts";
import { hasArn, nameInArn } from "./entities.ts";
import type { EntityOf, HolderKind } from "./entity-records.ts";
import { type IdentitySide, principalTags, sideOfRole, sideOfUser } from "./standing.ts";

export interface SimulationInput {
  /** Texts of further identity policies. */
  readonly policies: readonly string[];
  readonly boundaries: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly resourcePolicy?: string | undefined;
  readonly resourceOwner?: string | undefined;
  readonly callerArn?: string | undefined;
  readonly context: ReadonlyMap<string, string | readonly string[]>;
}
export interface Simulated {
  readonly action: string;
  readonly resource: string;
  readonly decision: Decision;
}
export interface SimulatedSide extends IdentitySide {
  readonly principal: Principal;
}

/** The identity side of a user, group or role. Throws NoSuchEntity, InvalidInput. */
export async function sideOfArn(d: Directory, account: AccountId, arn: string): Promise<SimulatedSide> {
  const { value } = await d.consistently(account, async () => {
    const user = await findByArn(d, account, "User", arn);
    if (user !== undefined) return ofUser(d, account, arn, user);
    const role = await findByArn(d, account, "Role", arn);
    if (role !== undefined) {
      const tags = principalTags(role.tags);
      const principal: Principal = {
        kind: "role-session",
        account,
        arn,
        roleArn: arn,
        roleId: role.id,
        sessionName: "simulation",
        ...(tags === undefined ? {} : { tags }),
      };
      return { principal, ...(await sideOfRole(d, account, role)) };
    }
    const group = await findByArn(d, account, "Group", arn);
    if (group === undefined) return fail("NoSuchEntity", `${arn} cannot be found.`);
    const member = { ...group, kind: "User" as const, groups: [], accessKeys: [], tags: [] };
    return ofUser(d, account, arn, member);
  });
  return value;
}

async function ofUser(
  d: Directory,
  account: AccountId,
  arn: string,
  user: EntityOf<"User">,
): Promise<SimulatedSide> {
  const tags = principalTags(user.tags);
  const { id, name } = user;
  const principal: Principal = {
    kind: "user",
    account,
    arn,
    id,
    name,
    ...(tags === undefined ? {} : { tags }),
  };
  return { principal, ...(await sideOfUser(d, account, user)) };
}

async function findByArn<K extends HolderKind>(
  d: Directory,
  account: AccountId,
  kind: K,
  arn: string,
): Promise<EntityOf<K> | undefined> {
  const name = nameInArn(account, kind, arn);
  const found = name === undefined ? undefined : await d.find(account, kind, name);
  return found !== undefined && hasArn(account, found, arn) ? found : undefined;
}

/** For policies that are nobody's yet. */
export const nobody = (account: AccountId, callerArn: string | undefined): SimulatedSide => ({
  principal: {
    kind: "user",
    account,
    arn: callerArn ?? `arn:aws:iam::${account}:user/simulation`,
    id: "AIDASIMULATION",
    name: (callerArn ?? "simulation").split("/").at(-1) ?? "simulation",
  },
  identity: [],
  boundary: undefined,
});

function parsed(text: string, kind: PolicyKind, name: string): Policy {
  const result = parsePolicy(text, kind, { name });
  return result.ok ? result.policy : refuseDocument(result.failure);
}

/** One question, and its place among all: every action on every resource, in that order. */
export interface Question {
  readonly place: number;
  readonly action: string;
  readonly resource: string;
}
export function* questionsFrom({ actions, resources }: SimulationInput, place: number): Generator<Question> {
  for (let at = place; at < actions.length * resources.length; at++) {
    const action = actions[Math.floor(at / resources.length)];
    const resource = resources[at % resources.length];
    assert(action !== undefined && resource !== undefined, "the place is one of the table");
    yield { place: at, action, resource };
  }
}

/**
 * Key policies and grants are not part of a simulation (as in AWS). Other requests run meanwhile. Throws InvalidInput when the
 * questions cost more than those of one request may, MalformedPolicyDocument.
 */
export async function simulate(
  account: AccountId,
  side: SimulatedSide,
  input: SimulationInput,
  questions: readonly Question[],
): Promise<readonly Simulated[]> {
  const extra = input.policies.map((text, i) => parsed(text, "identity", `PolicyInputList.${i + 1}`));
  const given = input.boundaries[0];
  const boundary =
    given === undefined ? side.boundary : parsed(given, "boundary", "PermissionsBoundaryPolicyInputList.1");
  const resourcePolicy =
    input.resourcePolicy === undefined ? undefined : parsed(input.resourcePolicy, "bucket", "ResourcePolicy");
  const owner = /^(?:arn:aws:iam::)?([0-9]{12})(?::root)?$/.exec(input.resourceOwner ?? "")?.[1];
  const resourceAccount = owner === undefined ? account : parseAccountId(owner);
  const policies = { identity: [...side.identity, ...extra], boundary, resource: resourcePolicy };
  const { principal } = side;
  const { context } = input;
  const steps = new DecisionSteps();
  const results: Simulated[] = [];
  for (const { action, resource } of questions) {
    if (steps.turnIsOver) await steps.pause();
    const decision = decide({ principal, action, resource, resourceAccount, context, policies, steps });
    if (steps.exhausted) fail("InvalidInput", TOO_COSTLY);
    results.push({ action, resource, decision });
  }
  return results;
}
const TOO_COSTLY =
  "The policies cost too much for so many actions and resources. Ask for fewer, or for smaller pages with MaxItems.";
