/**
 * The key service's rows. Reads are strongly consistent across processes: every read is one raw get, and what was decoded
 * before is used again only while the row has the same revision. All changes are conditional commits.
 */
import type { ResourcePolicy } from "../base/access.ts";
import { fail, IntegrityError } from "../base/errors.ts";
import { type AccountId, type KeyArn, keyArn, newRev, type Rev } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import { andThen, type Soon } from "../base/soon.ts";
import type { Codec } from "../store/codec.ts";
import { CountedRecords, type CountedWrite } from "../store/counted.ts";
import { equalBytes } from "../store/key-order.ts";
import { type Counted, countedCodec } from "../store/list-page.ts";
import type { Expect, Put, RowKey } from "../store/port.ts";
import { type Entry, type Records, unchanged } from "../store/records.ts";
import { Remembered } from "../store/remembered.ts";
import { type Draft as StoreDraft, commitSettled } from "../store/retry.ts";
import {
  aliasCodec,
  type BlobOwner,
  blobOwnerCodec,
  keyCodec,
  type KeyTexts,
  materialCodec,
  removalCodec,
  type StoredKey,
  textsCodec,
} from "./codec.ts";
import { placeOf } from "./key-id.ts";
import type { AliasRecord, KeyRecord } from "./model.ts";
import type { Found } from "./paging.ts";
import { bindingsOf } from "./policies.ts";
import {
  aliasRow,
  blobRow,
  goneRow,
  keyRow,
  materialRow,
  rangeOf,
  removalRow,
  textsRow,
  usageRow,
} from "./row-keys.ts";
import { type Tombstone, tombstoneCodec } from "./tombstone.ts";

const TABLE = "kms";
const SCAN_ROWS = 200;
const PLACES_HELD_MAX = 4096;
const countedKeyCodec: Codec<Counted<StoredKey>> = countedCodec(keyCodec);

/** A record as it was read; a change names it, and fails if it is no longer that. */
export interface Held<T> {
  readonly value: T;
  readonly entry: Entry<unknown>;
}
export interface HeldKey extends Held<KeyRecord> {
  /** Under the region that the service runs in. */
  readonly arn: KeyArn;
  /** {@link placeOf} it. */
  readonly place: string;
  /** As decisions take it; its revision changes whenever the policy's text may have. */
  readonly resourcePolicy: ResourcePolicy;
  readonly edition: Uint8Array;
}

/** `before: undefined` makes, `after: undefined` removes. */
export interface Change {
  readonly keys: readonly { readonly before: HeldKey | undefined; readonly after: KeyRecord | undefined }[];
  readonly aliases?: readonly {
    readonly before: Held<AliasRecord> | undefined;
    readonly after: AliasRecord | undefined;
  }[];
  /** Writes of other tables' owners that stand or fall with it: grants. */
  readonly with?: StoreDraft;
  readonly materials?: readonly {
    readonly key: Pick<KeyRecord, "account" | "keyId">;
    readonly id: string;
    readonly after: Uint8Array | undefined;
  }[];
  /** Throws if so many keys of the account, those under destruction too, leave no room for another. */
  readonly admit?: (keys: number) => void;
  /** What stays of a key under destruction; a key that is removed has one. */
  readonly tombstone?: Tombstone;
}

export class Rows {
  readonly #records: Records;
  /** Keys stand in a list of their account, so that no row of an earlier time passes for the present one. */
  readonly #counted: CountedRecords;
  /** What a stored key came to with its texts. Both are immutable, so the answer is good as long as the row is. */
  readonly #joined = new WeakMap<StoredKey, HeldKey>();

  /** Where keys stand: their rows and lists by account and id, for every use asks for them. */
  readonly #places = new RecentMap<string, { readonly row: RowKey; readonly parent: Uint8Array }>(
    PLACES_HELD_MAX,
  );

  readonly #remembered: Remembered<HeldKey>;
  readonly #region: string;

  constructor(records: Records, region: string) {
    this.#records = records;
    this.#region = region;
    this.#counted = new CountedRecords(records);
    this.#remembered = new Remembered(records.store, PLACES_HELD_MAX);
  }

  /** The key, unless its destruction has begun. */
  key(account: AccountId, keyId: string, place?: string): Soon<HeldKey | undefined> {
    return andThen(this.keyEvenDestroying(account, keyId, place), unlessDestroying);
  }

  keyEvenDestroying(
    account: AccountId,
    keyId: string,
    place: string = placeOf(account, keyId),
  ): Soon<HeldKey | undefined> {
    return andThen(this.#remembered.get(place), (still) => still ?? this.#readKey(place, account, keyId));
  }

  async #readKey(place: string, account: AccountId, keyId: string): Promise<HeldKey | undefined> {
    const { row, parent } = this.#placeNamed(place, account, keyId);
    for (let attempt = 0; attempt < COMMIT_RETRIES_MAX; attempt++) {
      const { entry, seen } = await this.#counted.getSeen(keyCodec, parent, row);
      if (entry === undefined) return undefined;
      const known = this.#joined.get(entry.value);
      if (known !== undefined) {
        this.#remembered.set(place, known, seen);
        return known;
      }
      const texts = await this.#records.get(textsCodec, TABLE, textsRow(account, keyId));
      // Another edition: a change came between the two reads.
      if (texts !== undefined && equalBytes(texts.value.edition, entry.value.edition)) {
        const held = join(entry, texts.value, {
          arn: keyArn(this.#region, account, keyId),
          place,
        });
        this.#joined.set(entry.value, held);
        this.#remembered.set(place, held, seen);
        return held;
      }
    }
    throw new IntegrityError("a key's texts are missing or of another edition than the key");
  }

  #placeNamed(
    place: string,
    account: AccountId,
    keyId: string,
  ): { readonly row: RowKey; readonly parent: Uint8Array } {
    const known = this.#places.get(place);
    if (known !== undefined) return known;
    const made = { row: { table: TABLE, key: keyRow(account, keyId) }, parent: parentOf(account) } as const;
    this.#places.set(place, made);
    return made;
  }

  /** Those under destruction count until they are gone. */
  async keyCount(account: AccountId): Promise<number> {
    return (await this.#counted.entries(parentOf(account))).size;
  }

  async alias(account: AccountId, name: string): Promise<Held<AliasRecord> | undefined> {
    const entry = await this.#records.get(aliasCodec, TABLE, aliasRow(account, name));
    return entry === undefined ? undefined : { value: entry.value, entry };
  }

  async blobOwner(blobName: Uint8Array): Promise<BlobOwner | undefined> {
    return (await this.#records.get(blobOwnerCodec, TABLE, blobRow(blobName)))?.value;
  }

  /** The wrapped material. Not kept: the unwrapped key is, elsewhere. */
  async material(account: AccountId, keyId: string, materialId: string): Promise<Uint8Array | undefined> {
    return (await this.materialEntry(account, keyId, materialId))?.value;
  }

  async materialEntry(
    account: AccountId,
    keyId: string,
    materialId: string,
  ): Promise<Entry<Uint8Array> | undefined> {
    const key = materialRow(account, keyId, materialId);
    const [row] = await this.#records.store.get([{ table: TABLE, key }]);
    return row === undefined ? undefined : this.#records.open(materialCodec, TABLE, row, false);
  }

  /** The same material wrapped anew. False: it changed meanwhile. */
  async replaceMaterial(before: Entry<Uint8Array>, record: Uint8Array): Promise<boolean> {
    const settled = await commitSettled(this.#records.store, {
      expect: [unchanged(before)],
      put: [this.#records.seal(materialCodec, TABLE, before.key, record)],
    });
    return settled.kind === "ok";
  }

  /** Whether a key of this id was destroyed. */
  async isGone(account: AccountId, keyId: string): Promise<boolean> {
    return (await this.#records.get(tombstoneCodec, TABLE, goneRow(account, keyId))) !== undefined;
  }

  /** What is known of a key that was destroyed, or whose destruction has begun. */
  async tombstone(account: AccountId, keyId: string): Promise<Tombstone | undefined> {
    return (await this.#records.get(tombstoneCodec, TABLE, goneRow(account, keyId)))?.value;
  }

  /** Every one that says more than that the key is gone; a page of rows is in memory at a time. */
  async *everyTombstone(): AsyncGenerator<Tombstone> {
    let after: Uint8Array | undefined;
    for (;;) {
      const page = await this.#records.store.scan({
        table: TABLE,
        ...rangeOf("gone"),
        limit: SCAN_ROWS,
        ...(after !== undefined && { after }),
      });
      for (const row of page.rows) {
        const { value } = await this.#records.open(tombstoneCodec, TABLE, row, false);
        if (value !== undefined) yield value;
      }
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  /** Changes a tombstone as it stands. False: it is not there, or changed meanwhile. */
  async amendTombstone(
    { account, keyId }: Pick<Tombstone, "account" | "keyId">,
    change: (now: Tombstone) => Tombstone,
  ): Promise<boolean> {
    const key = goneRow(account, keyId);
    const entry = await this.#records.get(tombstoneCodec, TABLE, key);
    if (entry?.value === undefined) return false;
    const settled = await commitSettled(this.#records.store, {
      expect: [unchanged(entry)],
      put: [this.#records.seal(tombstoneCodec, TABLE, key, change(entry.value))],
    });
    return settled.kind === "ok";
  }

  /** The mark of removals as it is now: another text whenever material was removed, by any process. */
  async removals(): Promise<string> {
    const [row] = await this.#records.store.get([{ table: TABLE, key: removalRow }]);
    return row === undefined ? "" : Buffer.from(row.rev).toString("latin1");
  }

  /** Which of these materials have no row, or no longer. */
  async withoutRow<T extends { readonly account: AccountId; readonly keyId: string; readonly id: string }>(
    materials: readonly T[],
  ): Promise<readonly T[]> {
    const missing: T[] = [];
    for (let at = 0; at < materials.length; at += SCAN_ROWS) {
      const some = materials.slice(at, at + SCAN_ROWS);
      const keys = some.map((m) => ({ table: TABLE, key: materialRow(m.account, m.keyId, m.id) }) as const);
      const rows = await this.#records.store.get(keys);
      missing.push(...some.filter((_, i) => rows[i] === undefined));
    }
    return missing;
  }

  /** In the order of their ids. A page may be short: keys under destruction are not shown. */
  async keys(account: AccountId, after: string | undefined, limit: number): Promise<Found<StoredKey>> {
    const start = after === undefined ? undefined : keyRow(account, after);
    const page = await this.#page(countedKeyCodec, rangeOf("key", account), start, limit);
    const keys = page.values.map(({ value }) => value);
    return {
      items: keys.filter(({ state }) => state.kind !== "PendingDeletion" || !state.destroying),
      next: page.more ? keys.at(-1)?.keyId : undefined,
    };
  }

  async aliases(account: AccountId, after: string | undefined, limit: number): Promise<Found<AliasRecord>> {
    const start = after === undefined ? undefined : aliasRow(account, after);
    const page = await this.#page(aliasCodec, rangeOf("alias", account), start, limit);
    return { items: page.values, next: page.more ? page.values.at(-1)?.name : undefined };
  }

  async #page<T>(
    codec: Codec<T>,
    range: { readonly from: Uint8Array; readonly to: Uint8Array },
    after: Uint8Array | undefined,
    limit: number,
  ): Promise<{ readonly values: readonly T[]; readonly more: boolean }> {
    const start = after === undefined ? {} : { after };
    const page = await this.#records.store.scan({ table: TABLE, ...range, limit, ...start });
    const values: T[] = [];
    for (const row of page.rows) values.push((await this.#records.open(codec, TABLE, row, false)).value);
    return { values, more: page.more };
  }

  /** Every key of every account, for jobs; a page of rows is in memory at a time. */
  async *everyKey(): AsyncGenerator<StoredKey> {
    let after: Uint8Array | undefined;
    for (;;) {
      const page = await this.#records.store.scan({
        table: TABLE,
        ...rangeOf("key"),
        limit: SCAN_ROWS,
        ...(after !== undefined && { after }),
      });
      for (const row of page.rows)
        yield (await this.#records.open(countedKeyCodec, TABLE, row, false)).value.value;
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  /** All of the change or nothing. False: something was no longer as it was read. */
  async commit(change: Change): Promise<boolean> {
    this.#requireRoom(change);
    const expect: Expect[] = [];
    const put: Put[] = [];
    const remove: RowKey[] = [];
    const draft = { expect, put, remove };
    const counted: CountedWrite[] = [];
    for (const { before, after } of change.keys) this.#draftKey(draft, counted, before, after);
    for (const { before, after } of change.aliases ?? []) this.#draftAlias(draft, before, after);
    for (const { key, id, after } of change.materials ?? []) {
      const row = materialRow(key.account, key.keyId, id);
      if (after === undefined) remove.push({ table: TABLE, key: row });
      else put.push(this.#records.seal(materialCodec, TABLE, row, after));
    }
    // No condition on the mark: whichever of two commits wrote it last, its revision is a new one.
    if (change.materials?.some(({ after }) => after === undefined) === true)
      put.push(this.#records.seal(removalCodec, TABLE, removalRow, 1));
    const { tombstone } = change;
    if (tombstone !== undefined)
      put.push(
        this.#records.seal(tombstoneCodec, TABLE, goneRow(tombstone.account, tombstone.keyId), tombstone),
      );
    const [first] = change.keys;
    const account = (first?.after ?? first?.before?.value)?.account;
    if (account !== undefined) {
      // INVARIANT: the keys of one change belong to one account, so one list covers them.
      const list = await this.#counted.draft(parentOf(account), counted, change.admit);
      expect.push(...(list.expect ?? []));
      put.push(...(list.put ?? []));
      remove.push(...(list.delete ?? []));
    }
    expect.push(...(change.with?.expect ?? []));
    put.push(...(change.with?.put ?? []));
    remove.push(...(change.with?.delete ?? []));
    const settled = await commitSettled(this.#records.store, { expect, put, delete: remove });
    return settled.kind === "ok";
  }

  /** A store that is nearly full takes no new rows; what removes some goes on. */
  #requireRoom(change: Change): void {
    const { kind } = this.#records.store.writable();
    const removes = change.keys.some(
      ({ after }) => after === undefined || after.state.kind === "PendingDeletion",
    );
    if (kind === "full" && !removes)
      fail("LimitExceededException", "The store is running out of disk space and refuses writes.");
  }

  #draftKey(
    draft: Draft,
    counted: CountedWrite[],
    before: HeldKey | undefined,
    after: KeyRecord | undefined,
  ): void {
    const of = after ?? before?.value;
    if (of === undefined) return;
    const { account, keyId } = of;
    const gone = goneRow(account, keyId);
    const row = keyRow(account, keyId);
    if (before === undefined) {
      draft.expect.push(
        { table: TABLE, key: row, rev: "absent" },
        { table: TABLE, key: gone, rev: "absent" },
        { table: TABLE, key: blobRow(of.blobName), rev: "absent" },
      );
      draft.put.push(this.#records.seal(blobOwnerCodec, TABLE, blobRow(of.blobName), { account, keyId }));
    } else {
      draft.expect.push(unchanged(before.entry));
    }
    if (after === undefined) {
      counted.push(this.#counted.delete({ table: TABLE, key: row }));
      for (const key of [textsRow(account, keyId), usageRow(account, keyId), blobRow(of.blobName)])
        draft.remove.push({ table: TABLE, key });
      return;
    }
    const sameTexts =
      before !== undefined &&
      before.value.policy === after.policy &&
      sameBindings(before.value.policyBindings, after.policyBindings) &&
      before.value.description === after.description;
    const edition = sameTexts ? before.edition : newRev();
    const { policy, policyBindings, description, ...rest } = after;
    counted.push(this.#counted.put(keyCodec, { table: TABLE, key: row }, { ...rest, edition }));
    if (!sameTexts)
      draft.put.push(
        this.#records.seal(textsCodec, TABLE, textsRow(account, keyId), {
          edition,
          policy,
          ...(policyBindings === undefined ? {} : { policyBindings }),
          description,
        }),
      );
  }

  #draftAlias(draft: Draft, before: Held<AliasRecord> | undefined, after: AliasRecord | undefined): void {
    const of = after ?? before?.value;
    if (of === undefined) return;
    const key = aliasRow(of.account, of.name);
    draft.expect.push(before === undefined ? { table: TABLE, key, rev: "absent" } : unchanged(before.entry));
    if (after === undefined) draft.remove.push({ table: TABLE, key });
    else draft.put.push(this.#records.seal(aliasCodec, TABLE, key, after));
  }
}

interface Draft {
  readonly expect: Expect[];
  readonly put: Put[];
  readonly remove: RowKey[];
}

export function unlessDestroying(held: HeldKey | undefined): HeldKey | undefined {
  const state = held?.value.state;
  return state?.kind === "PendingDeletion" && state.destroying ? undefined : held;
}

/** The parent of an account's list of keys. */
const parentOf = (account: AccountId): Uint8Array => new TextEncoder().encode(`kms/${account}`);

const sameBindings = (a: KeyRecord["policyBindings"], b: KeyRecord["policyBindings"]): boolean =>
  JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});

function join(
  entry: Entry<StoredKey>,
  { policy, policyBindings, description }: KeyTexts,
  names: Pick<HeldKey, "arn" | "place">,
): HeldKey {
  const { edition, ...rest } = entry.value;
  const value = {
    ...rest,
    policy,
    ...(policyBindings === undefined ? {} : { policyBindings }),
    description,
  };
  const revision = Buffer.from(edition).toString("hex");
  // Kept for long: a view would keep the rows that were read beside this one.
  const rev = new Uint8Array(entry.rev) as Rev;
  return {
    ...names,
    value,
    entry: { ...entry, rev },
    edition,
    resourcePolicy: { text: policy, revision, ...bindingsOf(value) },
  };
}
