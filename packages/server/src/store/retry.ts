/** Commits that settle: an unknown outcome is read back, a conflict is tried again with what is there now. */
import { fail } from "../base/errors.ts";
import { newRev, type Rev } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import { equalBytes } from "./key-order.ts";
import type { Commit, RowKey, Store } from "./port.ts";

export type Draft = Omit<Commit, "id">;
export type Settled =
  | { readonly kind: "ok"; readonly rev: Rev }
  /** `uncertain`: the answer was lost, and nothing proves that it landed; it may have, and been overwritten since. */
  | { readonly kind: "conflict"; readonly at: RowKey; readonly uncertain: boolean };

/**
 * Commits once and settles a lost answer: a row with this commit's revision proves it, and an unproven one counts as an
 * uncertain conflict. INVARIANT: the caller then reads again and its conditions fail if the commit did land.
 */
export async function commitSettled(store: Store, draft: Draft): Promise<Settled> {
  const id = newRev();
  const result = await store.commit({ id, ...draft });
  if (result.kind === "ok") return { kind: "ok", rev: id };
  if (result.kind === "conflict") return { ...result, uncertain: false };
  return settle(store, draft, id);
}

async function settle(store: Store, draft: Draft, id: Rev): Promise<Settled> {
  const put = draft.put?.[0];
  const first = put ?? draft.delete?.[0];
  if (first === undefined) return { kind: "ok", rev: id };
  const [row] = await store.get([{ table: first.table, key: first.key }]);
  const landed = put === undefined ? row === undefined : row !== undefined && equalBytes(row.rev, id);
  if (landed) return { kind: "ok", rev: id };
  return { kind: "conflict", at: { table: first.table, key: first.key }, uncertain: true };
}

/**
 * Runs `attempt` (read, decide, draft) and commits its draft, again after each conflict, up to COMMIT_RETRIES_MAX times;
 * then throws SlowDown. `attempt` may throw to give up, and returns no draft when there is nothing to do.
 */
export async function retrying<T>(
  store: Store,
  attempt: () => Promise<{ readonly draft?: Draft; readonly result: T }>,
): Promise<T> {
  for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
    const { draft, result } = await attempt();
    if (draft === undefined) return result;
    if ((await commitSettled(store, draft)).kind === "ok") return result;
    // Spread the losers of a race; the first tries go at once.
    if (tries > 2) await new Promise((done) => setTimeout(done, ((newRev()[0] ?? 0) * tries) / 64));
  }
  fail("SlowDown");
}
