/**
 * Deletion with a waiting period, and the job that carries it out. Destroying a key takes several commits, because one
 * holds few rows; the first marks it, so that a crash in between leaves a key that clients no longer see and the next run
 * of the job finishes.
 */
import type { KeyArn } from "../base/ids.ts";
import { changeKey } from "./change.ts";
import type { Entered } from "./enter.ts";
import { arnOf, type Kernel, type Requester } from "./kernel.ts";
import type { StoredKey } from "./codec.ts";
import type { KeyRecord } from "./model.ts";
import type { HeldKey } from "./rows.ts";

const DAY_MS = 86_400_000;
export const DELETION_DAYS_DEFAULT = 30;
export const DELETION_DAYS_MIN = 7;
export const DELETION_DAYS_MAX = 30;
/** Rows of one kind that one commit of the job removes. */
const ROWS_A_STEP = 16;
/** A grant has up to four rows. */
const GRANTS_A_STEP = 12;

export async function scheduleDeletion(
  k: Kernel,
  requester: Requester,
  keyId: string,
  days = DELETION_DAYS_DEFAULT,
): Promise<{ readonly arn: KeyArn; readonly deletionMs: number; readonly days: number }> {
  const deletionMs = k.clock.now() + days * DAY_MS;
  const next = ({ key }: Entered): KeyRecord => ({
    ...key,
    state: {
      kind: "PendingDeletion",
      deletionMs,
      cancelTo: key.state.kind === "PendingImport" ? "PendingImport" : "Disabled",
      destroying: false,
    },
  });
  const { arn } = await changeKey(k, requester, "ScheduleKeyDeletion", keyId, next, {
    more: { "kms:schedulekeydeletionpendingwindowindays": String(days) },
  });
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
  const { materials, aliases } = listed;
  for (;;) {
    const held = await k.rows.keyEvenDestroying(listed.account, listed.keyId);
    // Gone, or cancelled before the first step: another process, or its owner, was faster.
    if (held?.value.state.kind !== "PendingDeletion" || held.value.state.deletionMs > k.clock.now())
      return false;
    if (!(await step(k, held))) {
      // A conflict, or more to do: look again.
      continue;
    }
    for (const material of materials) k.materials.forget(listed, material.id);
    k.hooks.keyDeleted?.({
      keyArn: arnOf(k, listed),
      materialIds: materials.map((m) => m.id),
      aliases,
    });
    return true;
  }
}

/** One commit towards the end; true when the key's own row went. */
async function step(k: Kernel, held: HeldKey): Promise<boolean> {
  const key = held.value;
  if (key.state.kind !== "PendingDeletion") return false;
  if (!key.state.destroying) {
    const after: KeyRecord = { ...key, state: { ...key.state, destroying: true } };
    await k.rows.commit({ keys: [{ before: held, after }] });
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
    aliases: aliases.flatMap((alias) => (alias === undefined ? [] : [{ before: alias, after: undefined }])),
    materials: materials.map((m) => ({ key, id: m.id, after: undefined })),
    ...(last && { with: await k.grants.drop(key) }),
  });
  return ok && last;
}
