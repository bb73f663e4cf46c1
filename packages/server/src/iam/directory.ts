/**
 * The identities of all accounts as records. Reads verify the counters; a change of an account's identities is decided
 * and committed against the list head it began with, so all changes of one account are serial, whichever process they
 * come from: a check made during an attempt still holds when it commits.
 */
import type { Clock } from "../base/clock.ts";
import { fail, IntegrityError } from "../base/errors.ts";
import type { AccountId, Rev } from "../base/ids.ts";
import { ACCOUNTS_MAX } from "../base/limits.ts";
import type { Codec } from "../store/codec.ts";
import { type CountedRecords, type CountedWrite } from "../store/counted.ts";
import { equalBytes, hexOf, prefixEnd } from "../store/key-order.ts";
import { entryRow, listKey } from "../store/list-page.ts";
import type { Expect, Put, RowKey } from "../store/port.ts";
import { type Entry, type Records } from "../store/records.ts";
import { type Draft, retrying } from "../store/retry.ts";
import { identitiesParent } from "./account-records.ts";
import {
  CODECS,
  type Document,
  documentCodec,
  type Entity,
  type EntityKind,
  type EntityOf,
  entityRow,
  idRow,
  inlineRow,
  kindPrefix,
  versionRow,
  whereaboutsCodec,
} from "./entity-records.ts";

/** A read that meets a change half-way is made again; this many in a row is no race. */
const TORN_READS_MAX = 8;
const SCAN_PAGE = 1000;

export interface Placed {
  readonly account: AccountId;
  readonly entity: Entity;
}

export class Directory {
  readonly records: Records;
  readonly counted: CountedRecords;
  readonly clock: Clock;

  constructor(records: Records, counted: CountedRecords, clock: Clock) {
    this.records = records;
    this.counted = counted;
    this.clock = clock;
  }

  /** Changes with every change of the account's identities: one raw get. Undefined before the first. */
  async head(account: AccountId): Promise<Rev | undefined> {
    const [row] = await this.records.store.get([headRow(account)]);
    return row?.rev;
  }

  get<T>(codec: Codec<T>, account: AccountId, row: RowKey): Promise<Entry<T> | undefined> {
    return this.counted.get(codec, identitiesParent(account), row);
  }

  async find<K extends EntityKind>(
    account: AccountId,
    kind: K,
    name: string,
  ): Promise<EntityOf<K> | undefined> {
    return (await this.get(CODECS[kind], account, entityRow(account, kind, name)))?.value;
  }

  /** Whoever has a unique id now, in whichever account. */
  async byId(id: string): Promise<Placed | undefined> {
    const { table, key } = idRow(id);
    const where = (await this.records.get(whereaboutsCodec, table, key))?.value;
    if (where === undefined) return undefined;
    const entity = await this.find(where.account, where.kind, where.name);
    return entity?.id === id ? { account: where.account, entity } : undefined;
  }

  async byIdOf<K extends EntityKind>(
    account: AccountId,
    kind: K,
    id: string,
  ): Promise<EntityOf<K> | undefined> {
    const placed = await this.byId(id);
    if (placed === undefined || placed.account !== account || placed.entity.kind !== kind) return undefined;
    return this.find(account, kind, placed.entity.name);
  }

  /** Throws IntegrityError if it is missing: its owner's record names it. */
  inline(account: AccountId, holderId: string, policy: string): Promise<Document> {
    return this.#document(account, inlineRow(account, holderId, policy));
  }
  version(account: AccountId, policyId: string, version: number): Promise<Document> {
    return this.#document(account, versionRow(account, policyId, version));
  }

  async #document(account: AccountId, row: RowKey): Promise<Document> {
    const entry = await this.get(documentCodec, account, row);
    if (entry === undefined) throw new IntegrityError("a policy document that its owner names is missing");
    return entry.value;
  }

  /** All of a kind in the order of their names, as the account's list has them: a hidden row would be missed. */
  async *all<K extends EntityKind>(account: AccountId, kind: K, after?: string): AsyncGenerator<EntityOf<K>> {
    const prefix = `identity/${hexOf(kindPrefix(account, kind))}`;
    const from = after === undefined ? "" : `identity/${hexOf(entityRow(account, kind, after).key)}`;
    const entries = await this.counted.entries(identitiesParent(account));
    const names = [...entries.keys()].filter((name) => name.startsWith(prefix) && name > from);
    for (const name of names.toSorted()) {
      const row = entryRow(name);
      const entry = row && (await this.get(CODECS[kind], account, row));
      // Deleted since the list was read.
      if (entry !== undefined) yield entry.value;
    }
  }

  async count(account: AccountId, kind: EntityKind): Promise<number> {
    const prefix = `identity/${hexOf(kindPrefix(account, kind))}`;
    let count = 0;
    for (const name of (await this.counted.entries(identitiesParent(account))).keys())
      if (name.startsWith(prefix)) count++;
    return count;
  }

  /** Keys of rows that begin with `prefix`. */
  async keys(prefix: Uint8Array): Promise<readonly Uint8Array[]> {
    const to = prefixEnd(prefix);
    const keys: Uint8Array[] = [];
    for (let more = true; more; ) {
      const after = keys.at(-1);
      const page = await this.records.store.scan({
        table: "identity",
        from: prefix,
        ...(to === undefined ? {} : { to }),
        ...(after === undefined ? {} : { after }),
        limit: SCAN_PAGE,
        keysOnly: true,
      });
      keys.push(...page.rows.map((row) => row.key));
      more = page.more;
    }
    return keys;
  }

  /** What `read` finds, of one state of the account: it runs again when a change came between. */
  async consistently<T>(
    account: AccountId,
    read: () => Promise<T>,
  ): Promise<{ readonly head: Rev | undefined; readonly value: T }> {
    for (let tries = 1; ; tries++) {
      const head = await this.head(account);
      let found: { readonly value: T } | undefined;
      let failure: unknown;
      try {
        found = { value: await read() };
      } catch (error) {
        failure = error;
      }
      if (sameRev(head, await this.head(account))) {
        if (found === undefined) throw failure;
        return { head, value: found.value };
      }
      if (tries >= TORN_READS_MAX) fail("SlowDown");
    }
  }

  /** Runs `attempt` and commits what it asks for, again from the start when anything in the account changed meanwhile. */
  change<T>(account: AccountId, attempt: (change: Change) => Promise<T>): Promise<T> {
    return retrying(this.records.store, async () => {
      const change = new Change(this, account);
      const { head, value } = await this.consistently(account, async () => {
        change.reset();
        return attempt(change);
      });
      if (change.isEmpty) return { result: value };
      const list = await this.counted.draft(identitiesParent(account), change.writes);
      const began: Expect = { ...headRow(account), rev: head ?? "absent" };
      return {
        draft: {
          expect: [began, ...(list.expect ?? []), ...change.expect],
          put: [...(list.put ?? []), ...change.put],
          delete: [...(list.delete ?? []), ...change.remove],
        },
        result: value,
      };
    });
  }
}

/** What one attempt wants written. */
export class Change {
  readonly #directory: Directory;
  readonly account: AccountId;
  writes: CountedWrite[] = [];
  put: Put[] = [];
  remove: RowKey[] = [];
  expect: Expect[] = [];

  constructor(directory: Directory, account: AccountId) {
    this.#directory = directory;
    this.account = account;
  }

  reset(): void {
    this.writes = [];
    this.put = [];
    this.remove = [];
    this.expect = [];
  }
  get isEmpty(): boolean {
    return this.writes.length === 0 && this.put.length === 0 && this.remove.length === 0;
  }

  /** A counted record. */
  write<T>(codec: Codec<T>, row: RowKey, value: T): void {
    this.writes.push(this.#directory.counted.put(codec, row, value));
  }
  delete(row: RowKey): void {
    this.writes.push(this.#directory.counted.delete(row));
  }
  /** What stands outside the account's list: with its own conditions, in the same commit. */
  also({ expect = [], put = [], delete: removed = [] }: Draft): void {
    this.expect.push(...expect);
    this.put.push(...put);
    this.remove.push(...removed);
  }
  /** A row that only helps to find others. */
  index<T>(codec: Codec<T>, row: RowKey, value: T): void {
    this.put.push(this.#directory.records.seal(codec, row.table, row.key, value));
  }
  unindex(row: RowKey): void {
    this.remove.push(row);
  }

  entity<K extends EntityKind>(kind: K, entity: EntityOf<K>): void {
    this.write(CODECS[kind], entityRow(this.account, kind, entity.name), entity);
  }
  /** A new entity, or one under a new name: with the way from its id. */
  place<K extends EntityKind>(kind: K, entity: EntityOf<K>): void {
    this.entity(kind, entity);
    this.index(whereaboutsCodec, idRow(entity.id), { account: this.account, kind, name: entity.name });
  }
  displace(entity: Entity): void {
    this.delete(entityRow(this.account, entity.kind, entity.name));
    this.unindex(idRow(entity.id));
  }
}

/** Every request looks at its account's: made once. As many as there are accounts. */
const headRows = new Map<AccountId, RowKey>();
function headRow(account: AccountId): RowKey {
  const known = headRows.get(account);
  if (known !== undefined) return known;
  const row: RowKey = { table: "list", key: listKey(identitiesParent(account), 0) };
  if (headRows.size < ACCOUNTS_MAX) headRows.set(account, row);
  return row;
}

/** The condition that an account's identities are as they were when its head was read. */
export const headAs = (account: AccountId, head: Rev | undefined): Expect => ({
  ...headRow(account),
  // A copy: what was read may be a view that would keep a much larger buffer alive.
  rev: head === undefined ? "absent" : (new Uint8Array(head) as Rev),
});

export const sameRev = (a: Rev | undefined, b: Rev | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b);
