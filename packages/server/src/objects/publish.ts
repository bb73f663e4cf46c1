/**
 * Publishing and removing versions (storage.md section 6). A key has one pointer row: in `head`, the current object
 * version itself, or in `marker`, the current delete marker; its noncurrent versions stand in `version`, newest first.
 * Every change is one commit that expects both pointer rows (one by revision, the other absent) and the bucket's life
 * row, so that nothing is decided on what has changed since. Lost races and lost answers are settled here.
 */
import { fail, IntegrityError } from "../base/errors.ts";
import { type BucketId, newRev, type ObjectKey, type Rev } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import { andThen, type Soon } from "../base/soon.ts";
import type { DamagedRows } from "../store/damaged-rows.ts";
import type { Commit, Expect, Row } from "../store/port.ts";
import type { Entry, Records } from "../store/records.ts";
import { letGo } from "./content/free.ts";
import type { Bucket } from "./api.ts";
import { bodyCodec, versionCodec } from "./rows/codecs.ts";
import { type CommitParts, Gathering, NO_PARTS } from "./rows/commit-parts.ts";
import { KeyQueues } from "./rows/key-queues.ts";
import { readExpectActive } from "./rows/life.ts";
import { pointerKey, versionKey, versionRange } from "./rows/row-keys.ts";
import { NULL_VERSION, parseVersionId, versionIdOf, type VersionSelector } from "./rows/version-id.ts";
import {
  type Draft,
  encodeVersion,
  type ObjectDraft,
  type ObjectVersion,
  type Place,
  placeOf,
  type PointerFacts,
  repointed,
  type Version,
} from "./rows/version-record.ts";

/** A key of a bucket, with its row key, made once a request. */
export interface Target {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly pointer: Uint8Array;
}
export const targetOf = (bucket: Bucket, key: ObjectKey): Target => ({
  bucket,
  key,
  pointer: pointerKey(bucket.id, key),
});

/** A version where it stands. */
export interface Standing {
  readonly table: "head" | "marker" | "version";
  readonly key: Uint8Array;
  readonly rev: Rev;
  readonly version: Version;
}
export type StandingObject = Standing & { readonly version: ObjectVersion };
type Found = Standing | undefined;

/** What one attempt would commit; no commit: there is nothing to do. */
interface Attempt<T> {
  readonly commit?: CommitParts;
  readonly result: T;
}

/** The pointer rows of a key as read, and the condition on its bucket. */
export interface KeyState {
  readonly current: Standing | undefined;
  readonly life: Expect;
}

/** What a change adds to the commit, and what it means for the version that it replaces. */
export interface Extra extends CommitParts {
  /** The replaced version's content goes on in the new one: it is not let go. */
  readonly keepsContent?: boolean;
  /** The current version stays (moves to `version`) and its content is shared from now on. */
  readonly sharesCurrent?: boolean;
}

export interface Insertion {
  readonly draft: Draft;
  /** The request has conditions of its own. */
  readonly conditional?: boolean;
  /** Throws where the request's conditions do not hold. Runs on every attempt. */
  readonly decide?: (current: Version | undefined) => void;
  /** Runs on every attempt, after `decide`. */
  readonly extra?: (state: KeyState) => CommitParts | Extra | Promise<CommitParts | Extra>;
  /** Attempted again after a lost answer: whether the commit is known to have landed although its version is gone. */
  readonly landed?: () => Promise<boolean>;
}

export interface Inserted {
  readonly isNull: boolean;
  readonly sequence: number;
  readonly versionId: string;
}

export class Publisher {
  readonly #records: Records;
  readonly #damaged: DamagedRows;
  readonly #queues = new KeyQueues();
  /** By the bucket as found: one that was made again is another. */
  readonly #lives = new WeakMap<Bucket, readonly [Expect]>();

  constructor(records: Records, damaged: DamagedRows) {
    this.#records = records;
    this.#damaged = damaged;
  }

  /** What a change of the key is decided on. Without a promise where the store has it at hand. */
  read(target: Target): Soon<KeyState> {
    return andThen(this.#life(target.bucket), (life) => this.#pointers(target, life));
  }

  /** The condition on the bucket. A row that is still what was read of it needs no reading. */
  #life(bucket: Bucket): Soon<Expect> {
    const known = this.#lives.get(bucket);
    if (known === undefined) return this.#readLife(bucket);
    return andThen(this.#records.store.holds(known), (holds) => (holds ? known[0] : this.#readLife(bucket)));
  }

  async #readLife(bucket: Bucket): Promise<Expect> {
    const { rev, ...row } = await readExpectActive(this.#records, bucket.id);
    // A copy: what was read may be a view that would keep a much larger buffer alive.
    const life = { ...row, rev: typeof rev === "string" ? rev : (new Uint8Array(rev) as Rev) };
    this.#lives.set(bucket, [life]);
    return life;
  }

  #pointers(target: Target, life: Expect): Soon<KeyState> {
    const { pointer } = target;
    const rows = this.#records.store.get([
      { table: "head", key: pointer },
      { table: "marker", key: pointer },
    ]);
    return andThen(rows, (found) => this.#state(target, life, found));
  }

  #state(target: Target, life: Expect, [head, marker]: readonly (Row | undefined)[]): Soon<KeyState> {
    if (head !== undefined && marker !== undefined) {
      throw new IntegrityError("a key has a current version and a current delete marker");
    }
    const present = head ?? marker;
    if (present === undefined) return { current: undefined, life };
    const standing = this.standing(target, head === undefined ? "marker" : "head", present, false);
    return andThen(standing, (current) => ({ current, life }));
  }

  /** Opens a version row (`keep`: for later reads, too), and makes sure that it is what stands there: its bucket's, its key's, of the right kind. */
  standing(target: Target, table: Standing["table"], row: Row, keep = true): Soon<Standing> {
    return andThen(this.#records.openSoon(versionCodec, table, row, keep), (entry) =>
      standingOf(target, table, entry),
    );
  }

  /** The version that a request names: current without an id. Undefined where there is none. */
  find(target: Target, versionId: string | undefined): Found | Promise<Found> {
    if (versionId === undefined) return this.current(target);
    return this.select(target, parseVersionId(versionId));
  }

  /** Most reads: one row, and no promise where the store has it at hand. */
  current(target: Target): Found | Promise<Found> {
    return andThen(this.#records.getSoon(versionCodec, "head", target.pointer), (head) =>
      head === undefined ? this.#marker(target) : standingOf(target, "head", head),
    );
  }

  /** Absent at that moment is an answer of that moment, whatever this second look finds. */
  async #marker(target: Target): Promise<Found> {
    const [marker] = await this.#records.store.get([{ table: "marker", key: target.pointer }]);
    return marker === undefined ? undefined : this.standing(target, "marker", marker);
  }

  async select(target: Target, selector: VersionSelector): Promise<Standing | undefined> {
    const { pointer } = target;
    const sequence = selector.kind === "sequence" ? selector.sequence : undefined;
    const [head, marker, row] = await this.#records.store.get([
      { table: "head", key: pointer },
      { table: "marker", key: pointer },
      ...(sequence === undefined ? [] : [{ table: "version" as const, key: versionKey(pointer, sequence) }]),
    ]);
    const present = head ?? marker;
    if (present === undefined) return undefined;
    const current = await this.standing(target, head === undefined ? "marker" : "head", present);
    if (selector.kind === "null") return this.#nullVersion(target, current);
    if (versionIdOf(current.version) === selector.id) return current;
    if (row === undefined) return undefined;
    const standing = await this.standing(target, "version", row);
    return versionIdOf(standing.version) === selector.id ? standing : undefined;
  }

  /** Named by the pointer row, so both are read in one: meanwhile it may have become the current version itself. */
  async #nullVersion(target: Target, pointer: Standing): Promise<Found> {
    let current = pointer;
    for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
      const { isNull, nullSequence } = current.version;
      if (isNull) return current;
      if (nullSequence === 0) return undefined;
      const [head, marker, row] = await this.#records.store.get([
        { table: "head", key: target.pointer },
        { table: "marker", key: target.pointer },
        { table: "version", key: versionKey(target.pointer, nullSequence) },
      ]);
      const present = head ?? marker;
      if (present === undefined) return undefined;
      if (sameRev(present.rev, current.rev)) {
        return row === undefined ? undefined : this.standing(target, "version", row);
      }
      current = await this.standing(target, head === undefined ? "marker" : "head", present);
    }
    fail("SlowDown");
  }

  async #noncurrent(target: Target, sequence: number): Promise<Standing | undefined> {
    if (sequence === 0) return undefined;
    const key = versionKey(target.pointer, sequence);
    const [row] = await this.#records.store.get([{ table: "version", key }]);
    return row === undefined ? undefined : this.standing(target, "version", row);
  }

  /** Makes `draft` the key's current version. Throws what `decide` throws; SlowDown under endless contention. */
  insert(target: Target, insertion: Insertion): Promise<Inserted> {
    return this.change(
      target,
      (uncertain) => {
        if (uncertain) return this.#insertAgain(target, insertion);
        return andThen(this.read(target), (state) => this.#insertion(target, insertion, state));
      },
      insertion.conditional,
    );
  }

  /** After a lost answer: the version may stand already, or have stood and be gone. */
  async #insertAgain(target: Target, insertion: Insertion): Promise<Attempt<Inserted>> {
    const state = await this.read(target);
    const { current } = state;
    const { draft } = insertion;
    if (current !== undefined && sameRev(current.version.uid, draft.uid)) {
      return { result: insertedOf(current.version) };
    }
    if ((await insertion.landed?.()) === true) {
      return { result: insertedOf(placeIn(state, target.bucket, draft)) };
    }
    return this.#insertion(target, insertion, state);
  }

  #insertion(target: Target, insertion: Insertion, state: KeyState): Soon<Attempt<Inserted>> {
    insertion.decide?.(state.current?.version);
    return andThen(insertion.extra?.(state) ?? NO_PARTS, (extra) =>
      this.#placing(target, insertion.draft, state, extra),
    );
  }

  /** Without a promise where the key is new: the case of most small writes. */
  #placing(target: Target, draft: Draft, state: KeyState, extra: Extra): Soon<Attempt<Inserted>> {
    const { current } = state;
    const place = placeIn(state, target.bucket, draft);
    const commit = new Gathering().add(extra);
    this.#expectPointers(commit, target, state);
    const placed = (): Attempt<Inserted> => {
      const table = draft.kind === "object" ? "head" : "marker";
      const body = encodeVersion(draft, place);
      commit.put.push(this.#records.seal(bodyCodec, table, target.pointer, body));
      if (current !== undefined && current.table !== table) commit.delete.push(at(current));
      return { commit, result: insertedOf(place) };
    };
    if (current === undefined) return placed();
    return this.#displace(commit, target, current, place.isNull, extra).then(placed);
  }

  #expectPointers(commit: Gathering, target: Target, { current, life }: KeyState): void {
    const { pointer } = target;
    for (const table of ["head", "marker"] as const) {
      commit.expect.push({ table, key: pointer, rev: current?.table === table ? current.rev : "absent" });
    }
    commit.expect.push(life);
  }

  /** Where the former current version and, for a new null version, the former null version go. */
  async #displace(
    commit: Gathering,
    target: Target,
    { version }: Standing,
    isNull: boolean,
    extra: Extra,
  ): Promise<void> {
    if (isNull && version.isNull) {
      if (extra.keepsContent !== true) commit.add(await letGo(this.#records, version, this.#damaged));
      return;
    }
    const shared = extra.sharesCurrent === true ? { shared: true as const } : {};
    const body = repointed(version, { highest: 0, nullSequence: 0, ...shared });
    const key = versionKey(target.pointer, version.sequence);
    commit.put.push(this.#records.seal(bodyCodec, "version", key, body));
    if (!isNull) return;
    const former = await this.#noncurrent(target, version.nullSequence);
    if (former === undefined) return;
    commit.expect.push({ ...at(former), rev: former.rev });
    commit.delete.push(at(former));
    if (extra.keepsContent !== true) commit.add(await letGo(this.#records, former.version, this.#damaged));
  }

  /**
   * Removes one version; returns it, or undefined where it is gone already. Removing the current one promotes its
   * successor, whose revision the commit expects.
   */
  remove(
    target: Target,
    selector: VersionSelector | "current",
    decide?: (version: Version | undefined) => void,
  ): Promise<Version | undefined> {
    let tried: Version | undefined;
    // What an attempt whose answer was lost may have removed. One that met a conflict removed nothing: somebody else did.
    let removed: Version | undefined;
    return this.change<Version | undefined>(target, async (uncertain) => {
      if (uncertain) removed ??= tried;
      const state = await this.read(target);
      const found = selector === "current" ? state.current : await this.select(target, selector);
      const { current } = state;
      if (found === undefined || current === undefined) {
        if (removed === undefined) decide?.(undefined);
        return { result: removed };
      }
      decide?.(found.version);
      tried = found.version;
      const commit = await letGo(this.#records, found.version, this.#damaged);
      this.#expectPointers(commit, target, state);
      if (found.table === "version") {
        commit.expect.push({ ...at(found), rev: found.rev });
        commit.delete.push(at(found));
        // A noncurrent null version is named by the pointer row: it goes there, too.
        if (found.version.isNull) {
          const body = repointed(current.version, { nullSequence: 0 });
          commit.put.push(this.#records.seal(bodyCodec, pointerTable(current), target.pointer, body));
        }
      } else {
        await this.#promote(commit, target, found);
      }
      return { commit, result: found.version };
    });
  }

  async #promote(commit: Gathering, target: Target, removed: Standing): Promise<void> {
    const page = await this.#records.store.scan({
      table: "version",
      ...versionRange(target.pointer),
      limit: 1,
    });
    const [row] = page.rows;
    if (row === undefined) {
      commit.delete.push(at(removed));
      return;
    }
    const successor = await this.standing(target, "version", row);
    const facts: PointerFacts = {
      highest: removed.version.highest,
      nullSequence: removed.version.isNull ? 0 : removed.version.nullSequence,
    };
    const table = successor.version.kind === "object" ? "head" : "marker";
    commit.expect.push({ ...at(successor), rev: successor.rev });
    commit.delete.push(at(successor));
    commit.put.push(
      this.#records.seal(bodyCodec, table, target.pointer, repointed(successor.version, facts)),
    );
    if (table !== removed.table) commit.delete.push(at(removed));
  }

  /** Changes facts of one version where it stands; the version stays itself. No draft: nothing to do. */
  rewrite<T>(
    target: Target,
    attempt: (uncertain: boolean) => Promise<{
      readonly standing: StandingObject;
      readonly draft?: ObjectDraft;
      readonly extra?: CommitParts;
      readonly result: T;
    }>,
  ): Promise<T> {
    return this.change(target, async (uncertain) => {
      const { standing, draft, extra, result } = await attempt(uncertain);
      if (draft === undefined) return { result };
      const commit = new Gathering().add(extra ?? NO_PARTS);
      const body = encodeVersion(draft, placeOf(standing.version));
      commit.expect.push({ ...at(standing), rev: standing.rev });
      commit.put.push(this.#records.seal(bodyCodec, standing.table, standing.key, body));
      return { commit, result };
    });
  }

  /**
   * Reads, decides and commits until it lands. After the first conflict the writers of this key in this process queue
   * up. `uncertain`: the answer to an earlier attempt was lost, so it may have landed.
   */
  async change<T>(
    target: Target,
    attempt: (uncertain: boolean) => Soon<Attempt<T>>,
    conditional = false,
  ): Promise<T> {
    const { pointer } = target;
    let leave =
      !this.#queues.idle && this.#queues.contended(nameOf(pointer))
        ? await this.#queues.enter(nameOf(pointer))
        : undefined;
    let uncertain = false;
    try {
      for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
        const attempted = attempt(uncertain);
        const { commit, result } = attempted instanceof Promise ? await attempted : attempted;
        if (commit === undefined) return result;
        const id = newRev();
        const answer = await this.#records.store.commit(draftCommit(id, commit));
        if (answer.kind === "ok") return result;
        if (answer.kind === "unknown") {
          if (await this.#hasLanded(commit, id)) return result;
          uncertain = true;
        }
        leave ??= await this.#queues.enter(nameOf(pointer));
        // Other processes compete, too: the losers spread out.
        if (tries > 2) await new Promise((done) => setTimeout(done, ((id[0] ?? 0) * tries) / 64));
      }
    } finally {
      leave?.();
    }
    // AWS's answer to a conditional write that others kept from being decided; SDKs try both again.
    fail(conditional ? "ConditionalRequestConflict" : "SlowDown");
  }

  /** A row with the commit's revision proves it; its absence proves nothing. */
  async #hasLanded(commit: CommitParts, id: Rev): Promise<boolean> {
    const rows = await this.#records.store.get(commit.put.map(({ table, key }) => ({ table, key })));
    return rows.some((row) => row !== undefined && sameRev(row.rev, id));
  }
}

function draftCommit(id: Rev, parts: CommitParts): Commit {
  return { id, expect: parts.expect, put: parts.put, delete: parts.delete };
}

const nameOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString("latin1");

const at = ({ table, key }: Standing): { table: Standing["table"]; key: Uint8Array } => ({ table, key });

const pointerTable = (current: Standing): "head" | "marker" =>
  current.table === "marker" ? "marker" : "head";

/** Where a new version comes to stand. In a bucket without versioning, or with it suspended, it is the null version. */
function placeIn({ current }: KeyState, bucket: Bucket, draft: Draft): Place & { uid: Draft["uid"] } {
  const sequence = (current?.version.highest ?? 0) + 1;
  const isNull = bucket.versioning !== "enabled";
  const former = current?.version;
  const nullSequence = isNull ? sequence : (former?.nullSequence ?? 0);
  return { sequence, highest: sequence, nullSequence, isNull, uid: draft.uid };
}

function insertedOf(version: {
  readonly isNull: boolean;
  readonly uid: Version["uid"];
  readonly sequence: number;
}): Inserted {
  return {
    isNull: version.isNull,
    sequence: version.sequence,
    versionId: version.isNull ? NULL_VERSION : versionIdOf(version),
  };
}

/** Throws IntegrityError unless it is what should stand there: its bucket's, its key's, of the right kind. */
function standingOf(target: Target, table: Standing["table"], { key, rev, value }: Entry<Version>): Standing {
  checkPlace(target.bucket.id, target.key, table, value);
  return { table, key, rev, version: value };
}

function checkPlace(bucket: BucketId, key: ObjectKey, table: Standing["table"], version: Version): void {
  if (table !== "version" && (version.kind === "marker") !== (table === "marker")) {
    throw new IntegrityError("a version stands in the wrong table");
  }
  if (version.kind === "marker") return;
  if (version.key !== key || !sameRev(version.bucketId, bucket)) {
    throw new IntegrityError("a version stands under another key");
  }
}

function sameRev(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  for (let i = 0; i < 16; i++) if (a[i] !== b[i]) return false;
  return true;
}
