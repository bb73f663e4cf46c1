/**
 * Sealed records over the port (sealed format, section 6). What is read is kept decoded, by (table, key), and used again
 * as long as the row has the same revision: an unchanged row costs one raw get and no cipher call. Decoded values are
 * shared between readers and must not be changed.
 */
import { CryptoError, randomBytes, RecordSealer } from "@strongroom/crypto";
import { assert, IntegrityError } from "../base/errors.ts";
import type { Rev } from "../base/ids.ts";
import { RECORD_CACHE_BYTES, RECORD_CACHE_ENTRIES } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import { andThen, type Soon } from "../base/soon.ts";
import type { Codec } from "./codec.ts";
import { equalBytes } from "./key-order.ts";
import { type Keyring, sealingTerm } from "./keyring.ts";
import type { Expect, Put, Row, RowKey, Sealed, Store, TableName } from "./port.ts";

export interface Entry<T> extends RowKey {
  readonly value: T;
  readonly rev: Rev;
}

interface Cached {
  /** The row, and the revision of which it is. */
  readonly seen: readonly [Expect & { readonly rev: Rev }];
  readonly codec: unknown;
  readonly value: unknown;
  /** Of the row and its key. */
  readonly bytes: number;
}

export interface RecordsOptions {
  /** Loads the keyring anew when a row's term is unknown: another process may have added one. */
  readonly reloadKeyring?: () => Promise<Keyring>;
  readonly cacheEntries?: number;
  readonly cacheBytes?: number;
}

/** Hears of every draft that changes a list of counted records. */
export interface ListWatcher {
  note(parent: Uint8Array, counter: number): void;
}

export class Records {
  readonly store: Store;
  /** Set where a trail signs the counters of lists. */
  listWatcher: ListWatcher | undefined;
  readonly #sealer: RecordSealer;
  readonly #reloadKeyring: (() => Promise<Keyring>) | undefined;
  /** By {@link placeOf}. */
  readonly #cache: RecentMap<number, Cached>;

  constructor(store: Store, keyring: Keyring, options: RecordsOptions = {}) {
    this.store = store;
    const terms = new Map(keyring.terms("metadata").map(({ term, key }) => [term, key]));
    this.#sealer = new RecordSealer(terms, sealingTerm(keyring, "metadata", Date.now()).term);
    this.#reloadKeyring = options.reloadKeyring;
    this.#cache = new RecentMap(options.cacheEntries ?? RECORD_CACHE_ENTRIES, {
      max: options.cacheBytes ?? RECORD_CACHE_BYTES,
      of: ({ bytes }) => bytes,
    });
  }

  /** Takes up a newer keyring: its terms open rows, and the newest that all processes know seals from now on. */
  useKeyring(keyring: Keyring, settleMs?: number): void {
    for (const { term, key } of keyring.terms("metadata")) this.#sealer.addTerm(term, key);
    const { term } = sealingTerm(keyring, "metadata", Date.now(), settleMs);
    if (term !== this.#sealer.currentTerm) this.#sealer.useTerm(term);
  }

  /** Throws IntegrityError if the row is there and doesn't open. */
  async get<T>(codec: Codec<T>, table: TableName, key: Uint8Array): Promise<Entry<T> | undefined> {
    return this.getSoon(codec, table, key);
  }

  /** As `get`, without a promise where none is needed. A row that is kept decoded is not read, only its revision checked. */
  getSoon<T>(codec: Codec<T>, table: TableName, key: Uint8Array): Soon<Entry<T> | undefined> {
    const cached = this.#cache.get(placeOf(table, key));
    if (cached === undefined || !isOf(cached, codec, table, key)) return this.#read(codec, table, key);
    return andThen(this.store.holds(cached.seen), (holds) =>
      holds
        ? { table, key, rev: cached.seen[0].rev, value: cached.value as T }
        : this.#read(codec, table, key),
    );
  }

  #read<T>(codec: Codec<T>, table: TableName, key: Uint8Array): Soon<Entry<T> | undefined> {
    return andThen(this.store.get([{ table, key }]), ([row]) =>
      row === undefined ? undefined : this.openSoon(codec, table, row),
    );
  }

  /** A row that a scan or a get of several returned. `keep: false` spares the cache from what is read once. */
  async open<T>(codec: Codec<T>, table: TableName, row: Row, keep = true): Promise<Entry<T>> {
    return this.openSoon(codec, table, row, keep);
  }

  /** As `open`, without a promise where none is needed. */
  openSoon<T>(codec: Codec<T>, table: TableName, row: Row, keep = true): Entry<T> | Promise<Entry<T>> {
    try {
      return this.openNow(codec, table, row, keep);
    } catch (error) {
      const unknownTerm = error instanceof IntegrityError && isUnknownTerm(error.cause);
      if (!unknownTerm || this.#reloadKeyring === undefined) throw error;
      return this.#openAnew(this.#reloadKeyring, codec, table, row, keep);
    }
  }

  async #openAnew<T>(
    reload: () => Promise<Keyring>,
    codec: Codec<T>,
    table: TableName,
    row: Row,
    keep: boolean,
  ): Promise<Entry<T>> {
    this.useKeyring(await reload());
    return this.openNow(codec, table, row, keep);
  }

  /** As `open`, without a look for terms that another process has added since. */
  openNow<T>(codec: Codec<T>, table: TableName, row: Row, keep = true): Entry<T> {
    const { key, rev } = row;
    const place = placeOf(table, key);
    const cached = this.#cache.get(place);
    if (cached !== undefined && isOf(cached, codec, table, key) && equalBytes(cached.seen[0].rev, rev)) {
      // The codec is the same object, so the value has its type.
      return { table, key, rev, value: cached.value as T };
    }
    const value = codec.decode(this.#body(table, key, row.value));
    // A copy: the row's own may be a view that would keep a much larger buffer alive.
    if (keep) {
      const seen = { table, key: new Uint8Array(key), rev: new Uint8Array(rev) as Rev };
      this.#cache.set(place, { seen: [seen], codec, value, bytes: key.length + row.value.length });
    }
    return { table, key, rev, value };
  }

  /** The row to put. The body's first byte is the codec's version. */
  seal<T>(codec: Codec<T>, table: TableName, key: Uint8Array, value: T): Put {
    const body = codec.encode(value);
    assert(body[0] === codec.version, "a record begins with its format version");
    return { table, key, value: this.#sealer.seal(table, key, body) as Sealed };
  }

  /** The same body under the newest term, for `rewrap`. */
  reseal(table: TableName, row: Row): Put {
    const body = this.#body(table, row.key, row.value);
    return { table, key: row.key, value: this.#sealer.seal(table, row.key, body) as Sealed };
  }

  get currentTerm(): number {
    return this.#sealer.currentTerm;
  }

  #body(table: TableName, key: Uint8Array, value: Uint8Array): Uint8Array {
    try {
      return this.#sealer.open(table, key, value);
    } catch (error) {
      throw new IntegrityError(`a row of table ${table} does not open`, error);
    }
  }
}

/** The condition that a row is still what was read. */
export const unchanged = (entry: Entry<unknown>): Expect => ({
  table: entry.table,
  key: entry.key,
  rev: entry.rev,
});

const isUnknownTerm = (error: unknown): boolean =>
  error instanceof CryptoError && error.code === "UnknownTerm";

function isOf(cached: Cached, codec: unknown, table: TableName, key: Uint8Array): boolean {
  const [seen] = cached.seen;
  return cached.codec === codec && seen.table === table && equalBytes(seen.key, key);
}

const PLACE_SEED = new DataView(randomBytes(4).buffer).getInt32(0);

/**
 * Under which number a row is kept decoded (FNV-1a, 32 bits). A name made of the key's bytes would be interned by the engine
 * at each look-up, which costs ten times as much. Should two rows have one number, the one read last is kept.
 */
export function placeOf(table: TableName, key: Uint8Array): number {
  let hash = PLACE_SEED;
  for (let i = 0; i < table.length; i++) hash = Math.imul(hash ^ table.charCodeAt(i), 0x0100_0193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ (key[i] ?? 0), 0x0100_0193);
  return hash;
}
