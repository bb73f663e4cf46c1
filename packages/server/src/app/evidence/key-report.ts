/** What `strongroom key report` says: facts of the key, what depends on it by material version, and how far that goes. */
import { bucketCodec } from "../../objects/buckets/bucket-record.ts";
import type { Walked } from "../../objects/dependents.ts";
import { rowsOf } from "../../objects/verify-records.ts";
import { type KeyRecord, stateOf } from "../../kms/model.ts";
import type { Dependents } from "../../kms/tombstone.ts";
import { splitKeyArn } from "../../kms/forgetting.ts";
import { parsePolicy } from "../../policy/index.ts";
import { countedCodec } from "../../store/list-page.ts";
import type { Engine } from "../engine.ts";
import { dependentsOf } from "./dependents.ts";
import type { NamedKey } from "./find-key.ts";
import { keyUsers, type KeyUsers } from "./key-users.ts";
import { iso } from "./text.ts";

/** Grants and buckets named in a report; all are counted. */
const LISTED_MAX = 1000;

export interface KeyReport {
  readonly key: {
    readonly arn: string;
    readonly state: string;
    readonly spec: string;
    readonly origin: string;
    readonly created: string;
    readonly aliases: readonly string[];
    readonly scheduled?: { readonly at: string; readonly by: string };
    readonly deletionDate?: string;
    readonly destroyed?: string;
  };
  readonly lastUse: { readonly at: string; readonly operation: string; readonly requestId?: string } | null;
  readonly principals: {
    /** Of statements of the key policy that allow something. */
    readonly keyPolicy: readonly string[];
    readonly grants: readonly { readonly principal: string; readonly operations: readonly string[] }[];
    readonly grantsInAll: number;
  };
  /** Of the audit trail, with how far it goes. */
  readonly users: KeyUsers;
  readonly dependents: Omit<Dependents, "materials" | "beganMs" | "endedMs" | "looked" | "unreadable"> & {
    readonly oldest: string | null;
    readonly newest: string | null;
    readonly materials: readonly MaterialLine[];
    /** Buckets whose default encryption names the key: writes to them fail without it. */
    readonly defaultOfBuckets: readonly string[];
  };
  readonly coverage: {
    readonly from: string;
    readonly to: string;
    readonly versionsRead: number;
    readonly uploadsRead: number;
    readonly rowsUnreadable: number;
    readonly usesKnownSince: string;
    readonly notes: readonly string[];
  };
  readonly warnings: readonly string[];
}
interface MaterialLine {
  readonly id: string;
  /** From 1, in the order in which they became current; 0: none of this key's. */
  readonly version: number;
  readonly state: string;
  readonly versions: number;
  readonly bytes: number;
  readonly uploads: number;
}

export async function keyReport(
  engine: Engine,
  named: NamedKey,
  onPage: (walked: Walked) => void | Promise<void>,
): Promise<KeyReport> {
  const { dependents: all, counts } = await dependentsOf(engine.objects.core, [named], onPage);
  const [dependents] = all;
  const [count] = counts;
  if (dependents === undefined || count === undefined) throw new Error("INVARIANT: one count a key");
  const { key, tombstone } = named;
  const { beganMs, endedMs, looked, unreadable, materials, ...rest } = dependents;
  const created = iso(key?.createdMs ?? tombstone?.createdMs ?? 0);
  const defaults = await defaultOfBuckets(engine, named);
  return {
    key: factsOf(engine, named, created),
    lastUse: await lastUseOf(engine, named),
    principals: await principalsOf(engine, key),
    users: await keyUsers(engine, named.arn),
    dependents: {
      ...rest,
      oldest: count.oldestMs === undefined ? null : iso(count.oldestMs),
      newest: count.newestMs === undefined ? null : iso(count.newestMs),
      materials: materialLines(named, materials),
      defaultOfBuckets: defaults,
    },
    coverage: {
      from: iso(beganMs),
      to: iso(endedMs),
      versionsRead: looked,
      uploadsRead: rest.uploadsLooked,
      rowsUnreadable: unreadable,
      usesKnownSince: created,
      notes: NOTES,
    },
    warnings: warningsOf(named, dependents, defaults),
  };
}

const NOTES = [
  "Objects of this store only: ciphertexts that clients made with the KMS API, client-side encrypted objects and backups do not show.",
  "No snapshot: versions written, removed or made noncurrent during the walk may be missed or counted twice.",
  "The last use is that of any operation; one by a running server shows within a minute, and a crash forgets the last minute's.",
  "Principals are those of the key policy and of grants; who of an account may use the key, identity policies decide.",
  "Who used the key is what the audit trail holds, under the key's present ARN: nothing from before it began, from what was pruned, or from times without it.",
];

function factsOf(engine: Engine, { arn, key, tombstone }: NamedKey, created: string): KeyReport["key"] {
  const state = key === undefined ? undefined : stateOf(key, engine.clock.now());
  const pending = state?.kind === "PendingDeletion" ? state : undefined;
  const scheduled = pending?.scheduled;
  const by =
    scheduled === undefined
      ? tombstone?.scheduledMs === undefined
        ? undefined
        : { at: iso(tombstone.scheduledMs), by: tombstone.scheduledBy ?? "" }
      : { at: iso(scheduled.atMs), by: scheduled.by };
  const due = pending?.deletionMs ?? tombstone?.deletionMs;
  const destroyed = tombstone?.destroyedMs;
  return {
    arn,
    state: state === undefined ? "Destroyed" : pending?.destroying === true ? "BeingDestroyed" : state.kind,
    spec: key?.spec ?? tombstone?.spec ?? "",
    origin: key?.origin ?? tombstone?.origin ?? "",
    created,
    aliases: key?.aliases ?? tombstone?.aliases ?? [],
    ...(by === undefined ? {} : { scheduled: by }),
    ...(due === undefined ? {} : { deletionDate: iso(due) }),
    ...(destroyed === undefined ? {} : { destroyed: iso(destroyed) }),
  };
}

async function lastUseOf(engine: Engine, { key, tombstone }: NamedKey): Promise<KeyReport["lastUse"]> {
  const use = key === undefined ? undefined : await engine.kms.usage.last(key);
  if (use !== undefined) return { at: iso(use.atMs), operation: use.operation, requestId: use.requestId };
  const kept = tombstone?.lastUse;
  return kept === undefined ? null : { at: iso(kept.atMs), operation: kept.operation };
}

async function principalsOf(engine: Engine, key: KeyRecord | undefined): Promise<KeyReport["principals"]> {
  if (key === undefined) return { keyPolicy: [], grants: [], grantsInAll: 0 };
  const grants = await engine.kms.grants.some(key, LISTED_MAX);
  return {
    keyPolicy: policyPrincipals(key.policy),
    grants: grants.map(({ value }) => ({ principal: value.grantee, operations: value.operations })),
    grantsInAll: key.grants?.count ?? 0,
  };
}

function policyPrincipals(text: string): readonly string[] {
  const parsed = parsePolicy(text, "key");
  if (!parsed.ok) return ["(the key policy does not parse)"];
  const named = new Set<string>();
  for (const { effect, principals } of parsed.policy.statements) {
    if (effect !== "Allow" || principals === undefined) continue;
    for (const entry of principals.entries)
      named.add(principals.negated ? `not ${entry.token.value}` : entry.token.value);
  }
  return [...named];
}

function materialLines(
  { key, tombstone }: NamedKey,
  found: Dependents["materials"],
): readonly MaterialLine[] {
  const known = key?.materials ?? tombstone?.materials ?? [];
  const none = { versions: 0, bytes: 0, uploads: 0 };
  const lines: MaterialLine[] = known.map((material, i) => {
    const { versions, bytes, uploads } = found.find((f) => material.id.startsWith(f.shortId)) ?? none;
    const state = "state" in material ? material.state : "DESTROYED";
    return { id: material.id, version: i + 1, state, versions, bytes, uploads };
  });
  for (const { shortId, ...tally } of found)
    if (!known.some(({ id }) => shortId !== "" && id.startsWith(shortId)))
      lines.push({ id: shortId, version: 0, state: "UNKNOWN", ...tally });
  return lines;
}

/** By id, ARN or alias in the rule, as it was sent; in the bucket's owner's account. */
async function defaultOfBuckets(
  engine: Engine,
  { account, keyId, key }: NamedKey,
): Promise<readonly string[]> {
  const { core } = engine.objects;
  const names: string[] = [];
  for await (const row of rowsOf(core, "bucket")) {
    if (names.length >= LISTED_MAX) break;
    try {
      const { value } = await core.records.open(countedCodec(bucketCodec), "bucket", row, false);
      const { owner, encryption } = value.value;
      const { rule } = encryption;
      const sent = rule === undefined || rule.algorithm === "AES256" ? undefined : rule.kmsKeyId;
      if (sent !== undefined && namesKey(sent, owner, account, keyId, key?.aliases ?? []))
        names.push(new TextDecoder().decode(row.key));
    } catch {
      // `verify` tells of records that don't open; here they have no default that anybody could use.
    }
  }
  return names;
}

function namesKey(
  sent: string,
  owner: string,
  account: string,
  keyId: string,
  aliases: readonly string[],
): boolean {
  if (!sent.startsWith("arn:")) return owner === account && (sent === keyId || aliases.includes(sent));
  const [, , , , of = "", ...rest] = sent.split(":");
  const resource = rest.join(":");
  if (resource.startsWith("key/")) {
    const named = splitKeyArn(sent);
    return named.account === account && named.keyId === keyId;
  }
  return of === account && aliases.includes(resource);
}

function warningsOf(
  { key, tombstone }: NamedKey,
  d: Dependents,
  defaults: readonly string[],
): readonly string[] {
  const warnings: string[] = [];
  const state = key?.state;
  const what = `${d.versions} versions and ${d.uploads} uploads in progress`;
  if (state?.kind === "PendingDeletion" && d.versions + d.uploads > 0)
    warnings.push(
      `After ${iso(state.deletionMs)} ${what} can never be read again. Until then CancelKeyDeletion keeps them.`,
    );
  if (tombstone?.destroyedMs !== undefined && d.versions + d.uploads > 0)
    warnings.push(`The key is destroyed: ${what} can never be read again.`);
  if (defaults.length > 0 && state?.kind !== "Enabled")
    warnings.push(`Writes without headers of their own fail in the buckets whose default the key is.`);
  if (d.unreadable > 0)
    warnings.push(`${d.unreadable} rows could not be read and may depend on the key: run strongroom verify.`);
  if (d.formerly > 0)
    warnings.push(
      `${d.formerly} versions that this key once opened are under another key now: its destruction does not erase them.`,
    );
  if (d.alsoOpenedBy.length > 0)
    warnings.push(
      "Versions under alsoOpenedBy open, or opened earlier, with other keys too: destroying this key alone does not erase every copy of their data keys.",
    );
  return warnings;
}
