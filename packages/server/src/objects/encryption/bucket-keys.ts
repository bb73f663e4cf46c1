/**
 * Bucket keys (spec s3-encryption G): intermediate keys that save calls of the key service. Kept per requester (one
 * credential or role session), KMS key, bucket and context, and never shared between them (pitfall 16). Every use is
 * authorised anew, the key's state included; only the cryptography is saved. Bounded by age, number, uses and bytes.
 */
import { randomBytes, type SecretKey } from "@strongroom/crypto";
import { assert } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import { type Clock, isFresh } from "../../base/clock.ts";
import type { BucketId, KeyArn } from "../../base/ids.ts";
import {
  BUCKET_KEYS_MAX,
  BUCKET_KEY_AGE_MS,
  BUCKET_KEY_BYTES_MAX,
  BUCKET_KEY_USES_MAX,
} from "../../base/limits.ts";
import { andThen, type Soon } from "../../base/soon.ts";
import { canonicalOf } from "../../kms/context.ts";
import type { EncryptionContext, KeyService } from "../../kms/port.ts";
import { checksumOf } from "../checksum/algorithms.ts";
import type { Metrics } from "../metrics.ts";
import { viaKms } from "./kms-errors.ts";

export interface BucketKeyLimits {
  readonly ageMs: number;
  readonly entries: number;
  readonly uses: number;
  readonly bytes: number;
}

export const BUCKET_KEY_LIMITS: BucketKeyLimits = {
  ageMs: BUCKET_KEY_AGE_MS,
  entries: BUCKET_KEYS_MAX,
  uses: BUCKET_KEY_USES_MAX,
  bytes: BUCKET_KEY_BYTES_MAX,
};

export interface BucketKey {
  readonly key: SecretKey<"kek">;
  readonly keyArn: KeyArn;
  /** 16 random bytes, stored with each wrap. */
  readonly id: Uint8Array;
  /** The encrypted bucket key, stored with each wrap. */
  readonly blob: Uint8Array;
}

/** As a stored version names it. */
export interface StoredBucketKey extends Pick<BucketKey, "id" | "keyArn" | "blob"> {
  readonly context: EncryptionContext;
}

interface Entry {
  readonly bucketKey: BucketKey;
  readonly madeMs: number;
  uses: number;
  bytes: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export class BucketKeys {
  readonly #kms: KeyService;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #limits: BucketKeyLimits;
  /** Insertion order is age: the oldest goes first. */
  readonly #writing = new Map<string, Entry>();
  readonly #making = new Map<string, Promise<Entry>>();
  readonly #reading = new Map<string, Entry>();

  constructor(kms: KeyService, metrics: Metrics, clock: Clock, limits = BUCKET_KEY_LIMITS) {
    this.#kms = kms;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** For sealing about `bytes`. The writer needs Decrypt as well as GenerateDataKey (spec G). */
  async forWriting(
    caller: Caller,
    bucket: BucketId,
    keyId: string | undefined,
    context: EncryptionContext,
    bytes: number,
  ): Promise<BucketKey> {
    const keyArn = await viaKms(keyId, () =>
      this.#kms.authoriseUse(caller, keyId, "GenerateDataKey", context),
    );
    await viaKms(keyId, () => this.#kms.authoriseUse(caller, keyArn, "Decrypt", context));
    const name = `${caller.sessionKey}\n${keyArn}\n${hex(bucket)}\n${contextName(context)}`;
    let entry = this.#fresh(this.#writing, name);
    if (
      entry !== undefined &&
      (entry.uses >= this.#limits.uses || entry.bytes + bytes > this.#limits.bytes)
    ) {
      this.#writing.delete(name);
      entry = undefined;
    }
    entry ??= await this.#makeOnce(name, caller, keyId, context);
    entry.uses++;
    entry.bytes += bytes;
    return entry.bucketKey;
  }

  /** Concurrent requests of one requester share one GenerateDataKey. */
  #makeOnce(
    name: string,
    caller: Caller,
    keyId: string | undefined,
    context: EncryptionContext,
  ): Promise<Entry> {
    const running = this.#making.get(name);
    if (running !== undefined) return running;
    const making = this.#make(caller, keyId, context)
      .then((entry) => {
        this.#keep(this.#writing, name, entry);
        return entry;
      })
      .finally(() => this.#making.delete(name));
    this.#making.set(name, making);
    return making;
  }

  async #make(caller: Caller, keyId: string | undefined, context: EncryptionContext): Promise<Entry> {
    this.#metrics.kmsCall("GenerateDataKey");
    const made = await viaKms(keyId, () => this.#kms.generateDataKey(caller, keyId, context));
    // What will wrap thousands of deks is opened once before its first use (pitfall 12).
    this.#metrics.kmsCall("Decrypt");
    using again = await viaKms(keyId, () => this.#kms.decrypt(caller, made.keyArn, made.blob, context));
    assert(again.equals(made.plaintext), "a data key opens to itself");
    const id = randomBytes(16);
    const bucketKey = { key: made.plaintext, keyArn: made.keyArn, id, blob: made.blob };
    const entry: Entry = { bucketKey, madeMs: this.#clock.now(), uses: 0, bytes: 0 };
    // Its maker may read with it at once.
    this.#keep(this.#reading, readName(caller, id), entry);
    return entry;
  }

  /** The bucket key that a stored version names, opened as the caller. */
  forReading(caller: Caller, stored: StoredBucketKey): Soon<SecretKey<"kek">> {
    const { id, keyArn, blob, context } = stored;
    const authorised = viaKms(keyArn, () => this.#kms.authoriseUse(caller, keyArn, "Decrypt", context, blob));
    return andThen(authorised, () => {
      const name = readName(caller, id);
      const cached = this.#fresh(this.#reading, name);
      if (cached !== undefined && cached.bucketKey.keyArn === keyArn) return cached.bucketKey.key;
      return this.#open(name, caller, stored);
    });
  }

  async #open(
    name: string,
    caller: Caller,
    { id, keyArn, blob, context }: StoredBucketKey,
  ): Promise<SecretKey<"kek">> {
    this.#metrics.kmsCall("Decrypt");
    const key = await viaKms(keyArn, () => this.#kms.decrypt(caller, keyArn, blob, context));
    const bucketKey = { key, keyArn, id: id.slice(), blob: blob.slice() };
    this.#keep(this.#reading, name, { bucketKey, madeMs: this.#clock.now(), uses: 0, bytes: 0 });
    return key;
  }

  /** ARNs of the KMS keys under which it holds some. */
  keyArns(): readonly KeyArn[] {
    const arns = new Set<KeyArn>();
    for (const cache of [this.#writing, this.#reading])
      for (const { bucketKey } of cache.values()) arns.add(bucketKey.keyArn);
    return [...arns];
  }

  /** Those of a key that was destroyed are of no use; dropped, not wiped: a request may be at work with one. */
  forget(keyArn: string): void {
    for (const cache of [this.#writing, this.#reading])
      for (const [name, { bucketKey }] of cache) if (bucketKey.keyArn === keyArn) cache.delete(name);
  }

  #fresh(cache: Map<string, Entry>, name: string): Entry | undefined {
    const entry = cache.get(name);
    if (entry === undefined) return undefined;
    if (isFresh(entry.madeMs, this.#clock.now(), this.#limits.ageMs)) return entry;
    // Not wiped here: a request may be using it. The collector takes the last handle.
    cache.delete(name);
    return undefined;
  }

  #keep(cache: Map<string, Entry>, name: string, entry: Entry): void {
    cache.delete(name);
    cache.set(name, entry);
    while (cache.size > this.#limits.entries) {
      const [oldest] = cache.keys();
      if (oldest === undefined) return;
      cache.delete(oldest);
    }
  }
}

/** A context may have eight kilobytes, and ten thousand names are kept. */
function contextName(context: EncryptionContext): string {
  const canonical = canonicalOf(context);
  return canonical.length > HEXED_BYTES_MAX
    ? `sha256:${hex(checksumOf("SHA256", canonical))}`
    : hex(canonical);
}
const HEXED_BYTES_MAX = 128;

const readName = (caller: Caller, id: Uint8Array): string => `${caller.sessionKey}\n${hex(id)}`;
