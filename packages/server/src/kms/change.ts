/** Read, decide, commit; again when somebody else committed in between. Every change of the service goes through here. */
import { fail } from "../base/errors.ts";
import { newRev } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import type { RequestFacts } from "./conditions.ts";
import { enter, type Entered } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import type { KeyRecord } from "./model.ts";
import type { KeyOperation } from "./operations.ts";

const FREE_TRIES = 2;

/** What one attempt came to: `again` after a conflict, which re-runs authorisation and state checks as well. */
export type Attempt<T> = { readonly done: T } | "again";

export async function retried<T>(attempt: () => Promise<Attempt<T>>): Promise<T> {
  for (let i = 0; i < COMMIT_RETRIES_MAX; i++) {
    const result = await attempt();
    if (result !== "again") return result.done;
    // Spread the losers of a race; the first tries go at once.
    if (i >= FREE_TRIES) await new Promise((done) => setTimeout(done, ((newRev()[0] ?? 0) * i) / 64));
  }
  return fail("KMSInternalException", "Too many concurrent changes; try again.");
}

/** Changes one key's record. `next` returning the record itself means there is nothing to do. */
export function changeKey(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  keyId: string,
  next: (entered: Entered) => KeyRecord,
  facts: RequestFacts = {},
): Promise<Entered> {
  return retried(async () => {
    const entered = await enter(k, requester, operation, keyId, facts);
    const after = next(entered);
    if (after === entered.key) return { done: entered };
    const ok = await k.rows.commit({ keys: [{ before: entered.held, after }] });
    return ok ? { done: { ...entered, key: after } } : "again";
  });
}
