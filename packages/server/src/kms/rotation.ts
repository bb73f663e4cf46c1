/**
 * Rotation of key material (spec kms 10). It adds a version and makes it current; nothing else about the key changes, and
 * nothing is encrypted anew. Earlier versions stay and open what they sealed.
 */
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { ON_DEMAND_ROTATIONS_MAX } from "../base/limits.ts";
import { type Attempt, changeKey, retried } from "./change.ts";
import { type Entered, enter } from "./enter.ts";
import { arnOf, type Kernel, type Requester } from "./kernel.ts";
import { currentMaterial, isMissing, type KeyRecord, type Material } from "./model.ts";
import { type Page, pageOf, pageOfAll, type Paging } from "./paging.ts";
import type { HeldKey } from "./rows.ts";
import { SPECS } from "./specs.ts";

const DAY_MS = 86_400_000;
export const ROTATION_DAYS_DEFAULT = 365;
export const ROTATION_DAYS_MIN = 90;
export const ROTATION_DAYS_MAX = 2560;
/** Nobody rotates by hand just before the schedule does. */
const QUIET_MS = 20 * 60_000;

function requireSymmetric({ key }: Entered): void {
  if (SPECS[key.spec].kind !== "symmetric") fail("UnsupportedOperationException");
}

/** The schedule is for material of our own making. */
function requireSchedulable(entered: Entered): void {
  requireSymmetric(entered);
  if (entered.key.origin === "EXTERNAL")
    fail(
      "UnsupportedOperationException",
      `${entered.arn} origin is EXTERNAL which is not valid for this operation.`,
    );
}

export interface RotationStatus {
  readonly arn: KeyArn;
  /** Absent: off. */
  readonly on?: { readonly periodDays: number; readonly nextMs: number };
}

/** Of a key that can't be rotated it is "off", as on AWS: Terraform asks it of every key that it reads. */
export async function rotationStatus(
  k: Kernel,
  requester: Requester,
  keyId: string,
): Promise<RotationStatus> {
  const { key, arn } = await enter(k, requester, "GetKeyRotationStatus", keyId);
  const off = key.rotation === undefined || key.state.kind === "PendingDeletion";
  return off ? { arn } : { arn, on: key.rotation };
}

/** Again with the same period changes nothing; with another, the next rotation is one new period from now. */
export async function enableRotation(
  k: Kernel,
  requester: Requester,
  keyId: string,
  periodDays = ROTATION_DAYS_DEFAULT,
): Promise<void> {
  const more = { "kms:rotationperiodindays": String(periodDays) };
  await changeKey(
    k,
    requester,
    "EnableKeyRotation",
    keyId,
    (entered) => {
      requireSchedulable(entered);
      const { key } = entered;
      if (key.rotation?.periodDays === periodDays) return key;
      return { ...key, rotation: { periodDays, nextMs: k.clock.now() + periodDays * DAY_MS } };
    },
    { more },
  );
}

export async function disableRotation(k: Kernel, requester: Requester, keyId: string): Promise<void> {
  await changeKey(k, requester, "DisableKeyRotation", keyId, (entered) => {
    requireSchedulable(entered);
    if (entered.key.rotation === undefined) return entered.key;
    const { rotation: _, ...rest } = entered.key;
    return rest;
  });
}

/** Adds a version, proved to open, and makes it current: one commit. False: the key changed meanwhile. */
async function rotate(k: Kernel, held: HeldKey, type: "AUTOMATIC" | "ON_DEMAND"): Promise<boolean> {
  const { value: key } = held;
  if (key.origin === "EXTERNAL") return rotateToPending(k, held);
  const made = k.materials.make(key.bornArn);
  const nowMs = k.clock.now();
  const next: Material = {
    id: made.id,
    createdMs: nowMs,
    state: "CURRENT",
    rotation: { type, atMs: nowMs },
  };
  const after: KeyRecord = {
    ...key,
    materials: [...key.materials.map(retired), next],
    onDemandRotations: key.onDemandRotations + (type === "ON_DEMAND" ? 1 : 0),
    ...(type === "AUTOMATIC" && key.rotation !== undefined && { rotation: scheduled(key.rotation, nowMs) }),
  };
  return told(k, key, type, made.id, () =>
    k.rows.commit({
      keys: [{ before: held, after }],
      materials: [{ key, id: made.id, after: made.record }],
    }),
  );
}

/** Before and after the commit. */
async function told(
  k: Kernel,
  key: KeyRecord,
  type: "AUTOMATIC" | "ON_DEMAND",
  currentMaterialId: string,
  commit: () => Promise<boolean>,
): Promise<boolean> {
  const previousMaterialId = currentMaterial(key)?.id;
  const event = { keyArn: arnOf(k, key), type, previousMaterialId, currentMaterialId };
  await k.hooks.keyRotated?.(event, "intent");
  const ok = await commit();
  if (ok) await k.hooks.keyRotated?.(event, "done");
  return ok;
}

/** A key whose material is imported rotates to what was imported for that (spec kms 10.6, 11). */
async function rotateToPending(k: Kernel, held: HeldKey): Promise<boolean> {
  const { value: key } = held;
  const nowMs = k.clock.now();
  const pending = key.materials.find((m) => m.state === "PENDING_ROTATION");
  if (pending === undefined || isMissing({ ...pending, state: "CURRENT" }, nowMs))
    return fail(
      "KMSInvalidStateException",
      `No available key material pending rotation for the key: ${arnOf(k, key)}.`,
    );
  const next: Material = { ...pending, state: "CURRENT", rotation: { type: "ON_DEMAND", atMs: nowMs } };
  const others = key.materials.filter((m) => m !== pending).map(retired);
  const after = { ...key, materials: [...others, next], onDemandRotations: key.onDemandRotations + 1 };
  return told(k, key, "ON_DEMAND", next.id, () => k.rows.commit({ keys: [{ before: held, after }] }));
}

const retired = (material: Material): Material =>
  material.state === "CURRENT" ? { ...material, state: "NON_CURRENT" } : material;

type Schedule = NonNullable<KeyRecord["rotation"]>;
/** The first date of the schedule that is still to come. */
function scheduled({ periodDays, nextMs }: Schedule, nowMs: number): Schedule {
  const periodMs = periodDays * DAY_MS;
  const passed = Math.floor((nowMs - nextMs) / periodMs) + 1;
  return { periodDays, nextMs: nextMs + Math.max(passed, 1) * periodMs };
}

const isDue = ({ state, rotation }: Pick<KeyRecord, "state" | "rotation">, nowMs: number): boolean =>
  state.kind === "Enabled" && rotation !== undefined && rotation.nextMs <= nowMs;

export async function rotateOnDemand(k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> {
  return retried(async (): Promise<Attempt<KeyArn>> => {
    const entered = await enter(k, requester, "RotateKeyOnDemand", keyId);
    requireSymmetric(entered);
    const { held, key, arn } = entered;
    if (key.rotation !== undefined && key.rotation.nextMs - k.clock.now() < QUIET_MS)
      fail("ConflictException");
    if (key.onDemandRotations >= ON_DEMAND_ROTATIONS_MAX)
      fail(
        "LimitExceededException",
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
      );
    return (await rotate(k, held, "ON_DEMAND")) ? { done: arn } : "again";
  });
}

/** Rotates every enabled key whose date has come; returns how many. Any process may run it, several at once too. */
export async function rotateDue(k: Kernel, nowMs: number): Promise<number> {
  let rotated = 0;
  for await (const key of k.rows.everyKey()) {
    if (isDue(key, nowMs) && (await rotateIfDue(k, key, nowMs))) rotated++;
  }
  return rotated;
}

/** The keys' own state decides, read anew: another process may have been faster. */
export async function rotateIfDue(
  k: Kernel,
  { account, keyId }: Pick<KeyRecord, "account" | "keyId">,
  nowMs: number,
): Promise<boolean> {
  return retried(async (): Promise<Attempt<boolean>> => {
    const held = await k.rows.key(account, keyId);
    if (held === undefined || !isDue(held.value, nowMs)) return { done: false };
    return (await rotate(k, held, "AUTOMATIC")) ? { done: true } : "again";
  });
}

export interface Rotation {
  readonly arn: KeyArn;
  readonly material: Material;
}

/** The first material was never rotated to: it is listed only among all. */
export async function listRotations(
  k: Kernel,
  requester: Requester,
  keyId: string,
  all: boolean,
  paging: Paging,
): Promise<Page<Rotation>> {
  const entered = await enter(k, requester, "ListKeyRotations", keyId);
  requireSymmetric(entered);
  const { key, arn } = entered;
  const numbered = key.materials.map((material, i) => ({ arn, material, name: String(i).padStart(6, "0") }));
  const shown = all ? numbered : numbered.filter(({ material }) => material.rotation !== undefined);
  const list = { operation: "ListKeyRotations", scope: `${arn}/${all}` };
  return pageOf(k, list, paging, { standard: 100, max: 1000 }, (after, limit) =>
    pageOfAll(shown, ({ name }) => name, after, limit),
  );
}
