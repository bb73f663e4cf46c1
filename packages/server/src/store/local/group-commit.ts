/**
 * Commits that meet: all that are there when LMDB's writer comes to them share one transaction, one sync and one promise of
 * lmdb's, in the order in which they came. Each is decided for itself and hears of its own outcome.
 */
import { Company } from "../../base/company.ts";
import { GROUP_PATIENCE_MS } from "../../base/limits.ts";
import { checkCommit } from "../bounds.ts";
import type { Commit, CommitResult } from "../port.ts";
import type { FailStop } from "./fail-stop.ts";
import type { Tables } from "./tables.ts";

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (cause: Error) => void;
}
const ignore = (): void => {};
type Outcome = { readonly result: CommitResult } | { readonly cause: unknown };

export class GroupCommit {
  readonly #tables: Pick<Tables, "transact" | "apply">;
  readonly #failStop: FailStop;
  /** Those whose transaction has not begun. */
  #joining: Waiting[] | undefined;
  readonly #company = new Company(GROUP_PATIENCE_MS);
  /** All groups that have not heard. */
  readonly #open = new Set<Promise<void>>();
  /** Groups on their way through LMDB. */
  readonly #running = new Set<Promise<void>>();
  /** How many hold, and what resolves when the last of them releases. */
  #holds = 0;
  #released: PromiseWithResolvers<void> | undefined;

  constructor(tables: Pick<Tables, "transact" | "apply">, failStop: FailStop) {
    this.#tables = tables;
    this.#failStop = failStop;
  }

  /** Resolves when the commit is durable, or was found to conflict. */
  commit(commit: Commit): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      // What these throw rejects.
      checkCommit(commit);
      this.#failStop.assertFit();
      const waiting = { commit, resolve, reject };
      if (this.#joining !== undefined) {
        this.#joining.push(waiting);
        return;
      }
      this.#joining = [waiting];
      const end = this.#run(this.#joining);
      this.#open.add(end);
      void end.then(() => this.#open.delete(end));
    });
  }

  /** Resolves when every commit has heard of its outcome. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Resolves when no transaction runs any more; none begins until what it resolves with is called. */
  async hold(): Promise<() => void> {
    this.#holds++;
    this.#released ??= Promise.withResolvers();
    while (this.#running.size > 0) await Promise.all(this.#running);
    return () => this.#release();
  }

  #release(): void {
    if (--this.#holds > 0) return;
    this.#released?.resolve();
    this.#released = undefined;
  }

  async #run(group: readonly Waiting[]): Promise<void> {
    await this.#company.gather(() => group.length);
    while (this.#released !== undefined) await this.#released.promise;
    const outcomes: Outcome[] = [];
    try {
      const transaction = this.#tables.transact(() => {
        this.#joining = undefined;
        for (const { commit } of group) outcomes.push(this.#attempt(commit));
      });
      const end = transaction.then(ignore, ignore);
      this.#running.add(end);
      void end.then(() => this.#running.delete(end));
      await transaction;
    } catch (error) {
      if (this.#joining === group) this.#joining = undefined;
      const cause = this.#failed(error);
      for (const { reject } of group) reject(cause);
      return;
    }
    for (const [i, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[i];
      if (outcome !== undefined && "result" in outcome) resolve(outcome.result);
      else reject(this.#failStop.fail(outcome?.cause));
    }
  }

  /** One that fails leaves the others their transaction; it makes the process unfit all the same. */
  #attempt(commit: Commit): Outcome {
    try {
      return { result: this.#tables.apply(commit) };
    } catch (cause) {
      return { cause };
    }
  }

  #failed(error: unknown): Error {
    // lmdb rejects this promise, too, with the reason; unhandled it would end the process before it can answer.
    if (error instanceof Error && "commitError" in error && error.commitError instanceof Promise) {
      error.commitError.catch(() => undefined);
    }
    return this.#failStop.fail(error);
  }
}
