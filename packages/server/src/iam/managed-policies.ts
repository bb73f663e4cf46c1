/** Managed policies: the account's own, with versions, and the ready-made ones, which nobody can change. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { MANAGED_POLICIES_PER_ACCOUNT_MAX, POLICY_VERSIONS_MAX } from "../base/limits.ts";
import { newUniqueId } from "../base/random-text.ts";
import type { Change, Directory } from "./directory.ts";
import { checkManagedDocument } from "./documents.ts";
import { hasArn, nameInArn, withoutTags, withTags } from "./entities.ts";
import {
  arnOf,
  type Document,
  documentCodec,
  lastPart,
  type ManagedPolicy,
  type Tags,
  type Usage,
  usagePrefix,
  versionRow,
} from "./entity-records.ts";
import { READY_MADE, READY_MADE_MS, type ReadyMade } from "./ready-made.ts";

export interface PolicyView {
  readonly arn: string;
  readonly policy: ManagedPolicy;
  readonly readyMade: ReadyMade | undefined;
}
export interface VersionView {
  readonly id: string;
  readonly isDefault: boolean;
  readonly createdMs: number;
}

const POLICY_ARN = /^arn:aws:iam::(?:aws|[0-9]{12}):policy\/[!-~]+$/;

/** Throws ValidationError for what is no policy's ARN. */
export async function findPolicy(
  d: Directory,
  account: AccountId,
  arn: string,
): Promise<PolicyView | undefined> {
  if (!POLICY_ARN.test(arn)) fail("ValidationError", "Invalid ARN:  Could not be parsed!");
  const made = READY_MADE.get(arn);
  if (made !== undefined) return viewOf(made);
  const name = nameInArn(account, "Policy", arn);
  const policy = name === undefined ? undefined : await d.find(account, "Policy", name);
  return policy !== undefined && hasArn(account, policy, arn)
    ? { arn, policy, readyMade: undefined }
    : undefined;
}

/** Throws NoSuchEntity. */
export async function needPolicy(d: Directory, account: AccountId, arn: string): Promise<PolicyView> {
  const found = await findPolicy(d, account, arn);
  return found ?? fail("NoSuchEntity", `Policy ${arn} was not found.`);
}

export function viewOf(made: ReadyMade): PolicyView {
  return {
    arn: made.arn,
    readyMade: made,
    policy: {
      kind: "Policy",
      id: made.id,
      name: made.name,
      path: "/",
      createdMs: READY_MADE_MS,
      updatedMs: READY_MADE_MS,
      description: made.description,
      tags: [],
      versions: [{ number: 1, createdMs: READY_MADE_MS }],
      defaultVersion: 1,
      lastVersion: 1,
    },
  };
}

/** The document in force, or of a version. */
export function documentOf(
  d: Directory,
  account: AccountId,
  { policy, readyMade }: PolicyView,
  version: number = policy.defaultVersion,
): Promise<Document> {
  return readyMade === undefined
    ? d.version(account, policy.id, version)
    : Promise.resolve(readyMade.document);
}

export async function createPolicy(
  d: Directory,
  account: AccountId,
  input: {
    readonly name: string;
    readonly path: string;
    readonly document: string;
    readonly description?: string | undefined;
    readonly tags: Tags;
  },
): Promise<PolicyView> {
  checkManagedDocument(input.document);
  const tags = withTags([], input.tags);
  return d.change(account, async (change) => {
    if ((await d.find(account, "Policy", input.name)) !== undefined)
      fail(
        "EntityAlreadyExists",
        `A policy called ${input.name} already exists. Duplicate names are not allowed.`,
      );
    if ((await d.count(account, "Policy")) >= MANAGED_POLICIES_PER_ACCOUNT_MAX)
      fail(
        "LimitExceeded",
        `Cannot exceed quota for PoliciesPerAccount: ${MANAGED_POLICIES_PER_ACCOUNT_MAX}`,
      );
    const now = d.clock.now();
    const policy: ManagedPolicy = {
      kind: "Policy",
      id: newUniqueId("ANPA"),
      name: input.name,
      path: input.path,
      createdMs: now,
      updatedMs: now,
      ...(input.description === undefined ? {} : { description: input.description }),
      tags,
      versions: [{ number: 1, createdMs: now }],
      defaultVersion: 1,
      lastVersion: 1,
    };
    change.place("Policy", policy);
    change.write(documentCodec, versionRow(account, policy.id, 1), { text: input.document });
    return { arn: arnOf(account, policy), policy, readyMade: undefined };
  });
}

async function needOwn(d: Directory, account: AccountId, arn: string): Promise<ManagedPolicy> {
  const { policy, readyMade } = await needPolicy(d, account, arn);
  if (readyMade !== undefined)
    fail("AccessDenied", `The policy ${arn} comes with the product and cannot be changed.`);
  return policy;
}

export function deletePolicy(d: Directory, account: AccountId, arn: string): Promise<void> {
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    for (const usage of ["attached", "boundary"] as const) {
      if ((await d.keys(usagePrefix(account, arn, usage))).length > 0)
        fail("DeleteConflict", "Cannot delete a policy attached to entities.");
    }
    if (policy.versions.length > 1)
      fail(
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    for (const { number } of policy.versions) change.delete(versionRow(account, policy.id, number));
    change.displace(policy);
  });
}

export async function createPolicyVersion(
  d: Directory,
  account: AccountId,
  arn: string,
  document: string,
  setAsDefault: boolean,
): Promise<VersionView> {
  checkManagedDocument(document);
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    if (policy.versions.length >= POLICY_VERSIONS_MAX)
      fail(
        "LimitExceeded",
        `A managed policy can have up to ${POLICY_VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version.`,
      );
    const createdMs = d.clock.now();
    const number = addVersion(change, policy, document, createdMs, setAsDefault);
    return { id: `v${number}`, isDefault: setAsDefault, createdMs };
  });
}

function addVersion(
  change: Change,
  policy: ManagedPolicy,
  document: string,
  createdMs: number,
  setAsDefault: boolean,
): number {
  const number = policy.lastVersion + 1;
  change.write(documentCodec, versionRow(change.account, policy.id, number), { text: document });
  change.entity("Policy", {
    ...policy,
    updatedMs: createdMs,
    versions: [...policy.versions, { number, createdMs }],
    lastVersion: number,
    defaultVersion: setAsDefault ? number : policy.defaultVersion,
  });
  return number;
}

/** A document that is not in force becomes the default version; the oldest other one goes if there are too many. */
export async function putInForce(
  d: Directory,
  account: AccountId,
  arn: string,
  document: string,
): Promise<void> {
  checkManagedDocument(document);
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    const { versions, defaultVersion } = policy;
    if ((await d.version(account, policy.id, defaultVersion)).text === document) return;
    const oldest = versions.find(({ number }) => number !== defaultVersion);
    const full = versions.length >= POLICY_VERSIONS_MAX && oldest !== undefined;
    if (full) change.delete(versionRow(account, policy.id, oldest.number));
    const kept = full ? versions.filter((version) => version !== oldest) : versions;
    addVersion(change, { ...policy, versions: kept }, document, d.clock.now(), true);
  });
}

/** Newest first, as IAM lists them. */
export const versionsOf = ({ versions, defaultVersion }: ManagedPolicy): readonly VersionView[] =>
  versions
    .map(({ number, createdMs }) => ({ id: `v${number}`, isDefault: number === defaultVersion, createdMs }))
    .toReversed();

/** Throws NoSuchEntity. */
export function needVersion({ policy, arn }: Pick<PolicyView, "policy" | "arn">, versionId: string): number {
  const found = policy.versions.find(({ number }) => versionId === `v${number}`);
  return (
    found?.number ??
    fail("NoSuchEntity", `Policy ${arn} version ${versionId} does not exist or is not attachable.`)
  );
}

export function setDefaultVersion(
  d: Directory,
  account: AccountId,
  arn: string,
  versionId: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    const number = needVersion({ policy, arn }, versionId);
    if (number !== policy.defaultVersion)
      change.entity("Policy", { ...policy, defaultVersion: number, updatedMs: d.clock.now() });
  });
}

export function deletePolicyVersion(
  d: Directory,
  account: AccountId,
  arn: string,
  versionId: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    const number = needVersion({ policy, arn }, versionId);
    if (number === policy.defaultVersion)
      fail("DeleteConflict", "Cannot delete the default version of a policy.");
    change.delete(versionRow(account, policy.id, number));
    change.entity("Policy", { ...policy, versions: policy.versions.filter((v) => v.number !== number) });
  });
}

export function tagPolicy(d: Directory, account: AccountId, arn: string, tags: Tags): Promise<void> {
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    change.entity("Policy", { ...policy, tags: withTags(policy.tags, tags) });
  });
}
export function untagPolicy(
  d: Directory,
  account: AccountId,
  arn: string,
  keys: readonly string[],
): Promise<void> {
  return d.change(account, async (change) => {
    const policy = await needOwn(d, account, arn);
    change.entity("Policy", { ...policy, tags: withoutTags(policy.tags, keys) });
  });
}

/** Unique ids of the account's entities that use the policy. */
export async function usersOfPolicy(
  d: Directory,
  account: AccountId,
  arn: string,
  usage: Usage,
): Promise<readonly string[]> {
  return (await d.keys(usagePrefix(account, arn, usage))).map(lastPart);
}
