/**
 * The keks of a version, by mode (sealed format section 4): for a new wrap, and for a stored one. One kek a layer; DSSE's
 * inner layer is wrapped as SSE-KMS, its outer as SSE-S3. Calls of the key service happen here and nowhere else.
 */
import {
  CryptoError,
  customerKek,
  decodeKekReference,
  encodeKekReference,
  type KekReference,
  newCustomerKek,
  type SecretKey,
  type StoredEnvelope,
} from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import { asId, type BucketId, isKeyArn, type KeyArn } from "../../base/ids.ts";
import { andThen, type Soon } from "../../base/soon.ts";
import { canonicalOf, storedContext } from "../../kms/context.ts";
import type { KeyService } from "../../kms/port.ts";
import type { EncryptionShown } from "../api.ts";
import type { Metrics } from "../metrics.ts";
import type { ObjectVersion } from "../rows/version-record.ts";
import type { BucketKeys, StoredBucketKey } from "./bucket-keys.ts";
import type { EpochKey, EpochKeys } from "./epoch-keys.ts";
import { viaKms } from "./kms-errors.ts";
import { ssecWrongKey } from "./refusals.ts";
import type { WriteEncryption } from "./resolve-write.ts";

export interface Kek {
  readonly key: SecretKey<"kek">;
  /** Encoded kek reference. */
  readonly reference: Uint8Array;
  /** Made for this request: wiped after use. Epoch and bucket keys are not. */
  readonly own: boolean;
}

/** [layer 0] or [layer 0, layer 1]. */
export type Keks = readonly [Kek] | readonly [Kek, Kek];

export function disposeKeks(keks: readonly Kek[]): void {
  for (const kek of keks) if (kek.own) kek.key[Symbol.dispose]();
}

export interface KekSources {
  readonly kms: KeyService;
  readonly epochs: EpochKeys;
  readonly bucketKeys: BucketKeys;
  readonly metrics: Metrics;
}

export interface WriteKeks {
  readonly keks: Keks;
  readonly shown: EncryptionShown;
}

/**
 * Keks for a new version of about `bytes` bytes, and what responses show. At once where the store's own key and the key
 * service's are in memory: then a small write waits for its body and its commit alone.
 */
export function keksForWrite(
  sources: KekSources,
  caller: Caller,
  bucket: BucketId,
  encryption: WriteEncryption,
  bytes: number,
): Soon<WriteKeks> {
  switch (encryption.mode) {
    case "SSE-S3":
      return andThen(newestEpoch(sources, bucket), (epoch) => ({
        keks: [epochKek(bucket, epoch)],
        shown: { mode: "SSE-S3" },
      }));
    case "SSE-C": {
      const { kek, reference } = newCustomerKek(encryption.key);
      return {
        keks: [{ key: kek, reference: encodeKekReference(reference), own: true }],
        shown: { mode: "SSE-C", keyMd5: encryption.keyMd5 },
      };
    }
    case "SSE-KMS": {
      const { bucketKey } = encryption;
      const made = bucketKey
        ? bucketKek(sources, caller, bucket, encryption, bytes)
        : dataKek(sources, caller, encryption);
      return andThen<NamedKek, WriteKeks>(made, ({ kek, keyArn }) => ({
        keks: [kek],
        shown: { mode: "SSE-KMS", keyArn, bucketKey, ...sent(encryption) },
      }));
    }
    case "DSSE-KMS":
      return andThen(newestEpoch(sources, bucket), (epoch) =>
        // Last: it is this request's own, and to be wiped.
        andThen<NamedKek, WriteKeks>(dataKek(sources, caller, encryption), ({ kek, keyArn }) => ({
          keks: [kek, epochKek(bucket, epoch)],
          shown: { mode: "DSSE-KMS", keyArn, ...sent(encryption) },
        })),
      );
  }
}

const newestEpoch = ({ epochs }: KekSources, bucket: BucketId): Soon<EpochKey> =>
  epochs.newestCached(bucket) ?? epochs.newest(bucket);

const sent = (e: { readonly contextSent?: string }): { readonly contextSent?: string } =>
  e.contextSent === undefined ? {} : { contextSent: e.contextSent };

/** An epoch's key is one bucket's, and the same for each of its writes. */
const epochKeks = new WeakMap<EpochKey, Kek>();

export function epochKek(bucket: BucketId, epochKey: EpochKey): Kek {
  const known = epochKeks.get(epochKey);
  if (known !== undefined) return known;
  const { epoch, key } = epochKey;
  // A copy: what was encoded is a view that would keep a much larger buffer alive.
  const reference = new Uint8Array(encodeKekReference({ kind: "epoch", bucketId: bucket, epoch }));
  const kek = { key, reference, own: false };
  epochKeks.set(epochKey, kek);
  return kek;
}

interface NamedKek {
  readonly kek: Kek;
  readonly keyArn: KeyArn;
}

function dataKek(
  { kms, metrics }: KekSources,
  caller: Caller,
  encryption: Extract<WriteEncryption, { mode: "SSE-KMS" | "DSSE-KMS" }>,
): Soon<NamedKek> {
  const { keyId, context } = encryption;
  metrics.kmsCall("GenerateDataKey");
  const made = viaKms(keyId, () => kms.generateDataKey(caller, keyId, context));
  return andThen(made, ({ keyArn, plaintext, blob }) => {
    const reference = encodeKekReference({
      kind: "kms",
      keyArn,
      encryptedKey: blob,
      context: canonicalOf(context),
    });
    return { kek: { key: plaintext, reference, own: true }, keyArn };
  });
}

async function bucketKek(
  { bucketKeys }: KekSources,
  caller: Caller,
  bucket: BucketId,
  encryption: Extract<WriteEncryption, { mode: "SSE-KMS" }>,
  bytes: number,
): Promise<NamedKek> {
  const { keyId, context } = encryption;
  const made = await bucketKeys.forWriting(caller, bucket, keyId, context, bytes);
  const reference = encodeKekReference({
    kind: "kms-bucket-key",
    keyArn: made.keyArn,
    bucketKeyId: made.id,
    encryptedKey: made.blob,
    context: canonicalOf(context),
  });
  return { kek: { key: made.key, reference, own: false }, keyArn: made.keyArn };
}

/** What a stored envelope says of its kek, as it is asked for. The part of a read that is the same for each. */
export type StoredKek =
  | Extract<KekReference, { kind: "epoch" | "customer" }>
  | ({ readonly kind: "kms" } & Omit<StoredBucketKey, "id">)
  | ({ readonly kind: "kms-bucket-key" } & StoredBucketKey);

export function storedKek({ kekReference }: StoredEnvelope): StoredKek {
  const ref = decodeKekReference(kekReference);
  if (ref.kind === "epoch" || ref.kind === "customer") return ref;
  const stored = {
    keyArn: storedArn(ref.keyArn),
    blob: ref.encryptedKey,
    context: storedContext(ref.context),
  };
  return ref.kind === "kms"
    ? { kind: ref.kind, ...stored }
    : { kind: ref.kind, ...stored, id: ref.bucketKeyId };
}

/** The kek of one stored layer, as the caller. `customer`: checked by resolve-read. `ref`: where it is at hand already. */
export function kekForRead(
  sources: KekSources,
  caller: Caller,
  envelope: StoredEnvelope,
  customer: SecretKey<"customer"> | undefined,
  ref: StoredKek = storedKek(envelope),
): Soon<Kek> {
  const reference = envelope.kekReference;
  switch (ref.kind) {
    case "epoch":
      return sources.epochs
        .get(asId<BucketId>(ref.bucketId), ref.epoch)
        .then((key) => ({ key, reference, own: false }));
    case "kms": {
      const { keyArn, blob, context } = ref;
      sources.metrics.kmsCall("Decrypt");
      const opening = viaKms(keyArn, () => sources.kms.decrypt(caller, keyArn, blob, context));
      return andThen(opening, (key) => ({ key, reference, own: true }));
    }
    case "kms-bucket-key":
      return andThen(sources.bucketKeys.forReading(caller, ref), (key) => ({ key, reference, own: false }));
    case "customer":
      if (customer === undefined)
        throw new IntegrityError("a customer's key is needed and none was resolved");
      return { key: customerKekOf(ref, customer), reference, own: true };
  }
}

/** C.4: another key than the version's is 403. */
export function customerKekOf(
  ref: Extract<KekReference, { kind: "customer" }>,
  customer: SecretKey<"customer">,
): SecretKey<"kek"> {
  try {
    return customerKek(customer, ref);
  } catch (error) {
    if (error instanceof CryptoError && error.code === "WrongKey") ssecWrongKey();
    throw error;
  }
}

function storedArn(text: string): KeyArn {
  if (!isKeyArn(text)) throw new IntegrityError("a stored key ARN is none");
  return text;
}

/** What responses show of a stored version; needs no key. `keyMd5`: of the request's own customer key. */
export function shownOf(
  version: Pick<ObjectVersion, "mode" | "envelopes">,
  keyMd5: string | undefined,
): EncryptionShown {
  switch (version.mode) {
    case "SSE-S3":
      return { mode: "SSE-S3" };
    case "SSE-C":
      return { mode: "SSE-C", keyMd5: keyMd5 ?? "" };
    case "SSE-KMS":
    case "DSSE-KMS": {
      const ref = decodeKekReference(version.envelopes[0].kekReference);
      if (ref.kind !== "kms" && ref.kind !== "kms-bucket-key") {
        throw new IntegrityError("a KMS version without a KMS key");
      }
      const keyArn = storedArn(ref.keyArn);
      return version.mode === "DSSE-KMS"
        ? { mode: "DSSE-KMS", keyArn }
        : { mode: "SSE-KMS", keyArn, bucketKey: ref.kind === "kms-bucket-key" };
    }
  }
}
