/**
 * Deletion with a waiting period, and the job that carries it out. Destroying a key takes several commits, because one
 * holds few rows; the first marks it and writes its tombstone, so that a crash in between leaves a key that clients no
 * longer see, and the next run of the job finishes. What had depended on the key is counted afterwards: versions keep the
 * key's name, and no erasure waits for a walk over the store.
 */
import { keyRecordTerm } from "@strongroom/crypto";
import type { KeyArn } from "../base/ids.ts";
import { changeKey } from "./change.ts";
import type { Entered } from "./enter.ts";
import { arnOf, type Kernel, type KmsHooks, type Requester } from "./kernel.ts";
import type { StoredKey } from "./codec.ts";
import type { KeyRecord, Material } from "./model.ts";
import type { HeldKey } from "./rows.ts";
import type { DestroyedMaterial, Tombstone } from "./tombstone.ts";

const DAY_MS = 86_400_000;
export const DELETION_DAYS_DEFAULT = 30;
export const DELETION_DAYS_MIN = 7;
export const DELETION_DAYS_MAX = 30;
/** Rows of one kind that one commit of the job removes. */
const ROWS_A_STEP = 16;
/** A grant has up to four rows. */
const GRANTS_A_STEP = 12;
/** Keys whose dependents one walk over the store counts. */
const COUNTED_A_WALK = 1000;

export async function scheduleDeletion(
  k: Kernel,
  requester: Requester,
  keyId: string,
  days = DELETION_DAYS_DEFAULT,
): Promise<{ readonly arn: KeyArn; readonly deletionMs: number; readonly days: number }> {
  const nowMs = k.clock.now();
  const deletionMs = nowMs + days * DAY_MS;
  const next = ({ key }: Entered): KeyRecord => ({
    ...key,
    state: {
      kind: "PendingDeletion",
      deletionMs,
      cancelTo: key.state.kind === "PendingImport" ? "PendingImport" : "Disabled",
      destroying: false,
      scheduled: { atMs: nowMs, by: requester.arn, requestId: requester.caller.requestId },
    },
  });
  const { arn } = await changeKey(k, requester, "ScheduleKeyDeletion", keyId, next, {
    more: { "kms:schedulekeydeletionpendingwindowindays": String(days) },
  });
  k.hooks.deletionScheduled?.({ keyArn: arn, deletionMs, by: requester.arn });
  return { arn, deletionMs, days };
}

/** The key comes back disabled, whatever it was; one that waited for its material waits again. */
export async function cancelDeletion(k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> {
  const { arn } = await changeKey(k, requester, "CancelKeyDeletion", keyId, ({ key }) =>
    key.state.kind === "PendingDeletion" ? { ...key, state: { kind: key.state.cancelTo } } : key,
  );
  return arn;
}

/** Destroys every key whose date has passed; returns how many. Any process may run it, several at once too. */
export async function destroyDue(k: Kernel, nowMs: number): Promise<number> {
  let destroyed = 0;
  for await (const key of k.rows.everyKey()) {
    if (key.state.kind !== "PendingDeletion" || key.state.deletionMs > nowMs) continue;
    if (await destroy(k, key)) destroyed++;
  }
  return destroyed;
}

async function destroy(k: Kernel, listed: StoredKey): Promise<boolean> {
  for (let told = false; ; ) {
    const held = await k.rows.keyEvenDestroying(listed.account, listed.keyId);
    // Gone, or cancelled before the first step: another process, or its owner, was faster.
    if (held?.value.state.kind !== "PendingDeletion" || held.value.state.deletionMs > k.clock.now())
      return false;
    if (!told) {
      await k.hooks.keyDeleted?.(await doomedOf(k, held.value), "intent");
      told = true;
    }
    if (!(await step(k, held))) {
      // A conflict, or more to do: look again.
      continue;
    }
    // As the tombstone has it: the key may have changed between the intent and the first step.
    const doomed = await doomedOf(k, held.value);
    for (const id of doomed.materialIds) k.materials.forget(listed, id);
    await k.hooks.keyDeleted?.(doomed, "done");
    return true;
  }
}

type Doomed = Parameters<NonNullable<KmsHooks["keyDeleted"]>>[0];

/** With what a run that was cut off has already removed: its tombstone names it. */
async function doomedOf(k: Kernel, key: KeyRecord): Promise<Doomed> {
  const destroying = key.state.kind === "PendingDeletion" && key.state.destroying;
  const { materials, aliases } =
    (destroying ? await k.rows.tombstone(key.account, key.keyId) : undefined) ?? key;
  return { keyArn: arnOf(k, key), materialIds: materials.map(({ id }) => id), aliases };
}

/** One commit towards the end; true when the key's own row went. */
async function step(k: Kernel, held: HeldKey): Promise<boolean> {
  const key = held.value;
  if (key.state.kind !== "PendingDeletion") return false;
  const tombstone = await k.rows.tombstone(key.account, key.keyId);
  if (!key.state.destroying || tombstone === undefined) {
    const after: KeyRecord = { ...key, state: { ...key.state, destroying: true } };
    await k.rows.commit({ keys: [{ before: held, after }], tombstone: await tombstoneOf(k, key) });
    return false;
  }
  const grants = await k.grants.some(key, GRANTS_A_STEP);
  if (grants.length > 0) {
    // The key's own row changes with its grants, as always.
    const after: KeyRecord = { ...key, grants: { count: 0, edition: grants[0]?.value.id ?? "" } };
    await k.rows.commit({
      keys: [{ before: held, after }],
      with: await k.grants.draft(key, { end: grants }),
    });
    return false;
  }
  const aliases = await Promise.all(
    key.aliases.slice(0, ROWS_A_STEP).map((name) => k.rows.alias(key.account, name)),
  );
  const materials = key.materials.slice(0, ROWS_A_STEP);
  const rest: KeyRecord = {
    ...key,
    aliases: key.aliases.slice(ROWS_A_STEP),
    materials: key.materials.slice(ROWS_A_STEP),
  };
  const last = rest.aliases.length === 0 && rest.materials.length === 0;
  const ok = await k.rows.commit({
    keys: [{ before: held, after: last ? undefined : rest }],
    // One that another key has taken meanwhile is that key's.
    aliases: aliases.flatMap((alias) =>
      alias?.value.targetKeyId === key.keyId ? [{ before: alias, after: undefined }] : [],
    ),
    materials: materials.map((m) => ({ key, id: m.id, after: undefined })),
    ...(last && {
      with: await k.grants.drop(key),
      tombstone: { ...tombstone, destroyedMs: k.clock.now() },
    }),
  });
  return ok && last;
}

async function tombstoneOf(k: Kernel, key: KeyRecord): Promise<Tombstone> {
  const { account, keyId, bornArn, spec, origin, createdMs, aliases, state } = key;
  const scheduled = state.kind === "PendingDeletion" ? state.scheduled : undefined;
  const lastUse = await k.usage.last(key);
  return {
    account,
    keyId,
    bornArn,
    spec,
    origin,
    createdMs,
    aliases,
    materials: await Promise.all(key.materials.map((material) => destroyedMaterial(k, key, material))),
    grants: key.grants?.count ?? 0,
    ...(scheduled !== undefined && {
      scheduledMs: scheduled.atMs,
      scheduledBy: scheduled.by,
      scheduledRequest: scheduled.requestId,
    }),
    deletionMs: state.kind === "PendingDeletion" ? state.deletionMs : k.clock.now(),
    beganMs: k.clock.now(),
    ...(lastUse !== undefined && { lastUse: { operation: lastUse.operation, atMs: lastUse.atMs } }),
  };
}

async function destroyedMaterial(
  k: Kernel,
  { account, keyId }: KeyRecord,
  { id, createdMs }: Material,
): Promise<DestroyedMaterial> {
  const record = await k.rows.material(account, keyId, id);
  return { id, createdMs, ...(record !== undefined && { term: keyRecordTerm(record) }) };
}

/** Gives tombstones their counts, in one walk for many keys; returns for how many. A crash leaves them to the next run. */
export async function countDestroyed(k: Kernel): Promise<number> {
  if (k.countDependents === undefined) return 0;
  const uncounted: Tombstone[] = [];
  for await (const tombstone of k.rows.everyTombstone()) {
    if (tombstone.dependents !== undefined || tombstone.destroyedMs === undefined) continue;
    if (uncounted.push(tombstone) >= COUNTED_A_WALK) break;
  }
  if (uncounted.length === 0) return 0;
  const counts = await k.countDependents(uncounted);
  for (const [i, tombstone] of uncounted.entries()) {
    const dependents = counts[i];
    if (dependents !== undefined)
      await k.rows.amendTombstone(tombstone, (now) => (now.dependents ? now : { ...now, dependents }));
  }
  return uncounted.length;
}
