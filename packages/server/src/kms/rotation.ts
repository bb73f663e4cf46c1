/** Rotation of key material (spec kms 10). */
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { SPECS } from "./specs.ts";

const DAY_MS = 86_400_000;
/** The managed key rotates by itself, at this period. */
const MANAGED_PERIOD_DAYS = 365;

export interface RotationStatus {
  readonly arn: KeyArn;
  /** Absent: off. */
  readonly on?: { readonly periodDays: number; readonly nextMs: number };
}

export async function rotationStatus(k: Kernel, requester: Requester, keyId: string): Promise<RotationStatus> {
  const { key, arn } = await enter(k, requester, "GetKeyRotationStatus", keyId);
  if (SPECS[key.spec].kind !== "symmetric") fail("UnsupportedOperationException");
  if (key.state.kind === "PendingDeletion") return { arn };
  if (key.manager === "AWS")
    return { arn, on: { periodDays: MANAGED_PERIOD_DAYS, nextMs: nextOf(key.createdMs, k.clock.now()) } };
  return key.rotation === undefined ? { arn } : { arn, on: key.rotation };
}

function nextOf(createdMs: number, nowMs: number): number {
  const period = MANAGED_PERIOD_DAYS * DAY_MS;
  return createdMs + period * (Math.floor((nowMs - createdMs) / period) + 1);
}
