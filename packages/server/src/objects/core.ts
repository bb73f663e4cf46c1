/** What every operation of this layer works with; made once, by the service. */
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import type { Records } from "../store/records.ts";
import type { KekSources } from "./encryption/keks.ts";
import type { Publisher } from "./publish.ts";

export interface Core {
  readonly records: Records;
  readonly publisher: Publisher;
  readonly sources: KekSources;
  readonly clock: Clock;
}

/** Before any body is read: a disk that fills up refuses writes early; reads and deletes go on. */
export function requireWritable(core: Core): void {
  const state = core.records.store.writable();
  if (state.kind === "full") fail("InsufficientStorage");
  if (state.kind === "failed") fail("ServiceUnavailable", { headers: { "Retry-After": "1" } });
}
