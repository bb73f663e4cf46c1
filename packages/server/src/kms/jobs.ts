/** What the key service does by the clock. Any process may run it, several at once too; one a minute is plenty. */
import { destroyDue } from "./deletion.ts";
import { expireDue } from "./import.ts";
import type { Kernel } from "./kernel.ts";
import { rotateDue } from "./rotation.ts";

export interface JobReport {
  readonly destroyed: number;
  readonly expired: number;
  readonly rotated: number;
}

/** Expiry first: what is past its date is not rotated, and nothing waits behind a long destruction. */
export async function runJobs(k: Kernel, nowMs: number): Promise<JobReport> {
  await k.usage.flush();
  const expired = await expireDue(k, nowMs);
  const rotated = await rotateDue(k, nowMs);
  const destroyed = await destroyDue(k, nowMs);
  k.materials.sweep();
  return { destroyed, expired, rotated };
}
