import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../base/errors.ts";
import { newRev } from "../../base/ids.ts";
import type { Commit, CommitResult } from "../port.ts";
import { FailStop } from "./fail-stop.ts";
import { GroupCommit } from "./group-commit.ts";

const draft = (): Commit => ({ id: newRev(), delete: [{ table: "head", key: Uint8Array.of(1) }] });
const unfit = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === "ServiceUnavailable";

/** Tables whose transactions begin and end when the test says so. */
class SlowTables {
  readonly applied: Commit[][] = [];
  readonly #begin: (() => void)[] = [];
  outcome: (commit: Commit) => CommitResult = () => ({ kind: "ok" });
  failure: Error | undefined;

  async transact(write: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.#begin.push(resolve));
    this.applied.push([]);
    write();
    if (this.failure !== undefined) throw this.failure;
  }
  apply(commit: Commit): CommitResult {
    this.applied.at(-1)?.push(commit);
    return this.outcome(commit);
  }
  get waiting(): number {
    return this.#begin.length;
  }
  /** Resolves when one waits to begin. */
  async asked(): Promise<void> {
    while (this.#begin.length === 0) await new Promise(setImmediate);
  }
  async begin(): Promise<void> {
    await this.asked();
    this.#begin.shift()?.();
  }
}

function setUp(): { tables: SlowTables; commits: GroupCommit; told: Error[] } {
  const told: Error[] = [];
  const tables = new SlowTables();
  const failStop = new FailStop((cause) => told.push(cause));
  return { tables, commits: new GroupCommit(tables, failStop), told };
}

test("commits that come before a transaction begins share it, in their order; later ones have the next", async () => {
  const { tables, commits } = setUp();
  const drafts = [draft(), draft(), draft(), draft()];
  const [a, b] = [commits.commit(drafts[0] ?? draft()), commits.commit(drafts[1] ?? draft())];
  let late: Promise<CommitResult> | undefined;
  tables.outcome = (commit) => {
    // Comes while the first transaction runs.
    if (commit === drafts[0]) late = commits.commit(drafts[2] ?? draft());
    return commit === drafts[1]
      ? { kind: "conflict", at: { table: "head", key: commit.id } }
      : { kind: "ok" };
  };
  await tables.begin();
  assert.equal((await a).kind, "ok");
  assert.equal((await b).kind, "conflict");
  const last = commits.commit(drafts[3] ?? draft());
  await tables.begin();
  assert.deepEqual(await Promise.all([late, last]), [{ kind: "ok" }, { kind: "ok" }]);
  assert.deepEqual(tables.applied, [drafts.slice(0, 2), drafts.slice(2)]);
});

test("who holds waits for what runs, and nothing begins before the last of them releases", async () => {
  const { tables, commits } = setUp();
  const running = commits.commit(draft());
  await tables.asked();
  let isHeld = false;
  const holding = commits.hold().then((release) => {
    isHeld = true;
    return release;
  });
  const alsoHolding = commits.hold();
  await new Promise(setImmediate);
  assert.equal(isHeld, false);
  await tables.begin();
  const releases = [await holding, await alsoHolding];
  assert.equal((await running).kind, "ok");
  const waiting = Promise.all([commits.commit(draft()), commits.commit(draft())]);
  releases[0]?.();
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  assert.equal(tables.waiting, 0);
  releases[1]?.();
  await tables.asked();
  assert.equal(tables.waiting, 1, "those who waited share a transaction");
  await tables.begin();
  await waiting;
  (await commits.hold())();
});

test("all is settled when those who still gather have heard, too", async () => {
  const { tables, commits } = setUp();
  await commits.settled();
  const results = [commits.commit(draft())];
  let isSettled = false;
  const settled = commits.settled().then(() => (isSettled = true));
  await tables.begin();
  results.push(commits.commit(draft()));
  await results[0];
  await new Promise(setImmediate);
  assert.equal(isSettled, false);
  await tables.begin();
  await settled;
  assert.deepEqual(await Promise.all(results), [{ kind: "ok" }, { kind: "ok" }]);
});

test("one that cannot be applied fails alone, and makes the process unfit", async () => {
  const { tables, commits, told } = setUp();
  const [good, bad] = [draft(), draft()];
  tables.outcome = (commit) => {
    if (commit === bad) throw new Error("MDB_MAP_FULL");
    return { kind: "ok" };
  };
  const results = Promise.allSettled([commits.commit(bad), commits.commit(good)]);
  await tables.begin();
  const [first, second] = await results;
  assert.ok(first.status === "rejected" && unfit(first.reason));
  assert.equal(second.status, "fulfilled");
  assert.equal(told.length, 1);
  await assert.rejects(commits.commit(draft()), unfit);
});

test("a transaction that fails is nobody's success", async () => {
  const { tables, commits, told } = setUp();
  const results = Promise.allSettled([commits.commit(draft()), commits.commit(draft())]);
  await tables.asked();
  const reason = Promise.reject(new Error("Input/output error"));
  tables.failure = Object.assign(new Error("Commit failed"), { commitError: reason });
  await tables.begin();
  for (const result of await results) assert.ok(result.status === "rejected" && unfit(result.reason));
  assert.deepEqual(told, [tables.failure]);
});

test("a commit out of bounds rejects, and waits for nobody", async () => {
  const { commits, told } = setUp();
  await assert.rejects(commits.commit({ id: newRev().subarray(1) as Commit["id"] }));
  assert.equal(told.length, 0);
});
