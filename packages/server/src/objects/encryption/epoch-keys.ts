/**
 * Bucket epoch keys: the keks of SSE-S3 and of DSSE's outer layer (sealed format 4 and 8). A row of table `epoch` per
 * bucket and epoch, newest first, holds the key record under a term of the service key. Kept in memory: an epoch's key
 * never changes (a reseal under a new term keeps it); which epoch is the newest is looked up again after a few seconds.
 */
import {
  CryptoError,
  keyRecordId,
  type KeyRecordPlace,
  keyRecordTerm,
  openKeyRecord,
  sealKeyRecord,
  SecretKey,
} from "@strongroom/crypto";
import { assert, fail, IntegrityError } from "../../base/errors.ts";
import { type Clock, isFresh } from "../../base/clock.ts";
import { asId, type BucketId, newRev } from "../../base/ids.ts";
import { COMMIT_RETRIES_MAX, EPOCH_KEYS_CACHED_MAX, EPOCH_NEWEST_AGE_MS } from "../../base/limits.ts";
import { RecentMap } from "../../base/recent-map.ts";
import type { Keyring } from "../../store/keyring.ts";
import type { Put, Row, Sealed, Store } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { after, epochKey, epochOfKey } from "../rows/row-keys.ts";
import { readExpectActive } from "../rows/life.ts";

/** The keyring as it is now; `reload` when a row names a term that it does not hold. */
export interface KeyringSource {
  current(): Keyring;
  reload(): Promise<Keyring>;
}

export interface EpochKey {
  readonly epoch: number;
  readonly key: SecretKey<"kek">;
}

interface Newest extends EpochKey {
  readonly seenMs: number;
}

export class EpochKeys {
  readonly #store: Store;
  readonly #records: Records;
  readonly #keyring: KeyringSource;
  readonly #clock: Clock;
  readonly #newest = new RecentMap<string, Newest>(EPOCH_KEYS_CACHED_MAX);
  readonly #keys = new RecentMap<string, SecretKey<"kek">>(EPOCH_KEYS_CACHED_MAX);

  constructor(records: Records, keyring: KeyringSource, clock: Clock) {
    this.#store = records.store;
    this.#records = records;
    this.#keyring = keyring;
    this.#clock = clock;
  }

  /** The bucket's newest epoch key if it is in memory and fresh enough: the path of small writes, without a promise. */
  newestCached(bucket: BucketId): EpochKey | undefined {
    const newest = this.#newest.get(nameOf(bucket));
    return newest !== undefined && isFresh(newest.seenMs, this.#clock.now(), EPOCH_NEWEST_AGE_MS)
      ? newest
      : undefined;
  }

  /** The key for new wraps; made on first use. */
  async newest(bucket: BucketId): Promise<EpochKey> {
    return this.newestCached(bucket) ?? this.#load(bucket);
  }

  cached(bucket: BucketId, epoch: number): SecretKey<"kek"> | undefined {
    return this.#keys.get(`${nameOf(bucket)}${epoch}`);
  }

  /** The key that wrapped a stored version. A missing one is damage, or a bucket that was shredded. */
  async get(bucket: BucketId, epoch: number): Promise<SecretKey<"kek">> {
    const cached = this.cached(bucket, epoch);
    if (cached !== undefined) return cached;
    const [row] = await this.#store.get([{ table: "epoch", key: epochKey(bucket, epoch) }]);
    if (row === undefined) throw new IntegrityError(`epoch key ${epoch} of the bucket is missing`);
    return this.#open(bucket, epoch, row.value);
  }

  /**
   * Starts a new epoch (rewrap). Writers of other processes may use the one before for a few seconds more: the job's
   * passes go on until none is left.
   */
  async startEpoch(bucket: BucketId): Promise<EpochKey> {
    const newest = await this.#load(bucket);
    return this.#make(bucket, newest.epoch + 1);
  }

  /** For the bucket's removal. */
  forget(bucket: BucketId): void {
    this.#newest.delete(nameOf(bucket));
  }

  /** A row's key record under the newest service term, opened again and compared; undefined if it has it already. */
  async resealed(row: Row): Promise<Put | undefined> {
    const { term, key: termKey } = this.#keyring.current().current("service");
    if (termOf(row.value) === term) return undefined;
    const bucket = asId<BucketId>(row.key.subarray(0, 16));
    const epoch = epochOfKey(row.key);
    const key = await this.#open(bucket, epoch, row.value);
    const place = { ...this.#place(bucket, epoch), term, termKey };
    const record = sealKeyRecord(place, key);
    using again = openKeyRecord(place, record, "kek");
    assert(again.equals(key), "an epoch key opens to itself");
    return { table: "epoch", key: row.key, value: asSealed(record) };
  }

  /** Opens a stored row as it stands, whatever is in memory (verify). */
  async openRow(bucket: BucketId, epoch: number, record: Uint8Array): Promise<void> {
    await this.#open(bucket, epoch, record);
  }

  async #load(bucket: BucketId): Promise<EpochKey> {
    const to = after(bucket);
    const page = await this.#store.scan({
      table: "epoch",
      from: bucket,
      ...(to === undefined ? {} : { to }),
      limit: 1,
    });
    const [row] = page.rows;
    if (row === undefined) return this.#make(bucket, 1);
    const epoch = epochOfKey(row.key);
    return this.#remember(
      bucket,
      epoch,
      this.cached(bucket, epoch) ?? (await this.#open(bucket, epoch, row.value)),
    );
  }

  async #make(bucket: BucketId, epoch: number): Promise<EpochKey> {
    const key = SecretKey.generate("kek");
    const { term, key: termKey } = this.#keyring.current().current("service");
    const place = { ...this.#place(bucket, epoch), term, termKey };
    const record = sealKeyRecord(place, key);
    // Pitfall 12: what many deks will hang on is opened again before it is used.
    using again = openKeyRecord(place, record, "kek");
    assert(again.equals(key), "an epoch key opens to itself");
    const row = { table: "epoch" as const, key: epochKey(bucket, epoch) };
    for (let attempt = 0; attempt < COMMIT_RETRIES_MAX; attempt++) {
      const life = await readExpectActive(this.#records, bucket);
      const result = await this.#store.commit({
        id: newRev(),
        expect: [{ ...row, rev: "absent" }, life],
        put: [{ ...row, value: asSealed(record) }],
      });
      if (result.kind === "ok") return this.#remember(bucket, epoch, key);
      // Somebody else made it, or the answer was lost: the row says what holds.
      const [there] = await this.#store.get([row]);
      if (there !== undefined)
        return this.#remember(bucket, epoch, await this.#open(bucket, epoch, there.value));
    }
    fail("SlowDown");
  }

  #place(bucket: BucketId, epoch: number): { kind: "epoch"; storeId: Uint8Array; id: Uint8Array } {
    const id = keyRecordId(bucket, Uint8Array.of(epoch >>> 24, epoch >>> 16, epoch >>> 8, epoch));
    return { kind: "epoch", storeId: this.#keyring.current().storeId, id };
  }

  async #open(bucket: BucketId, epoch: number, record: Uint8Array): Promise<SecretKey<"kek">> {
    const term = termOf(record);
    const termKey =
      this.#keyring.current().byTerm("service", term) ??
      (await this.#keyring.reload()).byTerm("service", term);
    if (termKey === undefined) throw new IntegrityError(`service key term ${term} is missing`);
    const key = openEpoch({ ...this.#place(bucket, epoch), term, termKey }, record);
    this.#keys.set(`${nameOf(bucket)}${epoch}`, key);
    return key;
  }

  #remember(bucket: BucketId, epoch: number, key: SecretKey<"kek">): EpochKey {
    this.#keys.set(`${nameOf(bucket)}${epoch}`, key);
    const newest = { epoch, key, seenMs: this.#clock.now() };
    this.#newest.set(nameOf(bucket), newest);
    return newest;
  }
}

const openEpoch = (place: KeyRecordPlace<"epoch">, record: Uint8Array): SecretKey<"kek"> =>
  whole(() => openKeyRecord(place, record, "kek"));
/** Of a record that may be too short to have one. */
const termOf = (record: Uint8Array): number => whole(() => keyRecordTerm(record));

function whole<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CryptoError) throw new IntegrityError("an epoch key does not open", cause);
    throw cause;
  }
}

const nameOf = (bucket: BucketId): string => Buffer.from(bucket).toString("latin1");

/** Key records are sealed by their own section of the format. */
const asSealed = (record: Uint8Array): Sealed => record as Sealed;
