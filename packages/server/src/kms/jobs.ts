/** What the key service does by the clock. Any process may run the jobs, several at once too; one that does is enough. */
import { countDestroyed, destroyDue } from "./deletion.ts";
import { expireDue } from "./import.ts";
import type { Kernel } from "./kernel.ts";
import { rotateDue } from "./rotation.ts";

export interface JobReport {
  readonly destroyed: number;
  readonly expired: number;
  readonly rotated: number;
  readonly counted: number;
}

/** What each process does for itself, every minute or so and before it ends: tells of uses, forgets old material. */
export async function keepHouse(k: Kernel): Promise<void> {
  k.materials.sweep();
  await k.usage.flush();
}

/** Expiry first: what is past its date is not rotated, and nothing waits behind a long destruction. */
export async function runJobs(k: Kernel, nowMs: number): Promise<JobReport> {
  const expired = await expireDue(k, nowMs);
  const rotated = await rotateDue(k, nowMs);
  const destroyed = await destroyDue(k, nowMs);
  const counted = await countDestroyed(k);
  return { destroyed, expired, rotated, counted };
}
