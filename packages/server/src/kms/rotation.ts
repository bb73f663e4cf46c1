/** Rotation of key material (spec kms 10). */
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { SPECS } from "./specs.ts";

export interface RotationStatus {
  readonly arn: KeyArn;
  /** Absent: off. */
  readonly on?: { readonly periodDays: number; readonly nextMs: number };
}

export async function rotationStatus(
  k: Kernel,
  requester: Requester,
  keyId: string,
): Promise<RotationStatus> {
  const { key, arn } = await enter(k, requester, "GetKeyRotationStatus", keyId);
  if (SPECS[key.spec].kind !== "symmetric") fail("UnsupportedOperationException");
  if (key.state.kind === "PendingDeletion") return { arn };
  return key.rotation === undefined ? { arn } : { arn, on: key.rotation };
}
