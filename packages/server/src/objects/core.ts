/** What every operation of this layer works with; made once, by the service. */
import type { Caller } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { SMALL_BODY_BYTES_MAX } from "../base/limits.ts";
import type { Turns } from "../base/turns.ts";
import type { Records } from "../store/records.ts";
import type { KekSources } from "./encryption/keks.ts";
import type { Publisher } from "./publish.ts";

export interface Core {
  readonly records: Records;
  readonly publisher: Publisher;
  readonly sources: KekSources;
  readonly clock: Clock;
  /** Copies that move bytes. */
  readonly copies: Turns;
}

/** Runs one when it has its turn. Throws RequestTimeout for a caller who has gone before. */
export const inCopyTurn = <T>(
  { copies }: Core,
  { signal }: Caller,
  size: number,
  work: () => Promise<T>,
): Promise<T> => (size <= SMALL_BODY_BYTES_MAX ? work() : copies.run(signal, work));

/** Before any body is read: a disk that fills up refuses writes early; reads and deletes go on. */
export function requireWritable(core: Core): void {
  const state = core.records.store.writable();
  if (state.kind === "full") fail("InsufficientStorage");
  if (state.kind === "failed") fail("ServiceUnavailable", { headers: { "Retry-After": "1" } });
}
