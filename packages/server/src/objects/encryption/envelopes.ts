/**
 * Wrapping and unwrapping the deks of a version (sealed format section 4). Whoever unwraps has authenticated every field
 * of the manifest, the identity of the version and its kek reference; in form 2 the manifest tag as well.
 */
import {
  CryptoError,
  decodeKekReference,
  manifestHash,
  type SecretKey,
  SmallOpener,
  type StoredEnvelope,
  type Unwrapped,
  unwrapDek,
  verifyManifestTag,
  verifyWrap,
  wrapDek,
} from "@strongroom/crypto";
import { IntegrityError } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import type { BucketId, ObjectKey, VersionUid } from "../../base/ids.ts";
import { andThen, type Soon } from "../../base/soon.ts";
import type { EncryptionMode, ObjectVersion } from "../rows/version-record.ts";
import { type Kek, type KekSources, type Keks, kekForRead, storedKek } from "./keks.ts";

/** [layer 0] or [layer 0, layer 1]. */
export type Deks = readonly [SecretKey<"dek">] | readonly [SecretKey<"dek">, SecretKey<"dek">];

export const disposeDeks = (deks: Deks): void => {
  for (const dek of deks) dek[Symbol.dispose]();
};
export type Envelopes = readonly [StoredEnvelope] | readonly [StoredEnvelope, StoredEnvelope];

export interface OpenedVersion {
  readonly deks: Deks;
  /** For a content of one small stream that is read often. */
  readonly small?: SmallOpener;
  /** Encoded checksums (`decodeChecksums`); empty in form 2. */
  readonly private: Uint8Array;
  [Symbol.dispose](): void;
}

export interface WrapIdentity {
  readonly mode: EncryptionMode;
  readonly bucketId: BucketId;
  readonly key: ObjectKey;
  readonly uid: VersionUid;
}

/** New envelopes of form 1 for a finished manifest. `verify`: unwrap again and compare (every re-wrap). */
export function wrapVersion(
  identity: WrapIdentity,
  keks: Keks,
  deks: Deks,
  manifestBytes: Uint8Array,
  inner: Uint8Array,
  verify: boolean,
): Envelopes {
  const hash = manifestHash(manifestBytes);
  const wrap = (layer: 0 | 1, kek: Kek, dek: SecretKey<"dek">): StoredEnvelope => {
    const full = {
      kind: "version" as const,
      mode: identity.mode,
      bucketId: identity.bucketId,
      objectKey: identity.key,
      versionUid: identity.uid,
      layer,
      form: 1 as const,
    };
    const bound = { kek: kek.key, identity: full, kekReference: kek.reference, manifestHash: hash };
    const wrapped = wrapDek({ dek, ...bound, ...(layer === 0 ? { private: inner } : {}) });
    if (verify) verifyWrap({ ...bound, ...wrapped }, dek);
    return {
      kind: "version",
      mode: identity.mode,
      layer,
      form: 1,
      wrapSalt: wrapped.wrapSalt,
      kekReference: kek.reference,
      wrapped: wrapped.wrapped,
    };
  };
  const first = wrap(0, keks[0], deks[0]);
  const outerKek = keks[1];
  const outerDek = deks[1];
  return outerKek === undefined || outerDek === undefined ? [first] : [first, wrap(1, outerKek, outerDek)];
}

/** The manifest's bytes do not change, so they are hashed once. */
export function hashOf(version: ObjectVersion): Uint8Array {
  return (version.derived.manifestHash ??= manifestHash(version.manifestBytes));
}

/**
 * The kek of layer 0 may be at hand already: an SSE-C key check derives it. SSE-S3 versions that are kept decoded stay
 * open, too: their keys are the store's own, whose epoch key lies in memory anyway, and nobody has to be asked for them;
 * a version that is dropped takes its keys with it. Keys of every other mode are unwrapped for one request and wiped.
 */
export function openVersion(
  sources: KekSources,
  caller: Caller,
  version: ObjectVersion,
  customer: SecretKey<"customer"> | undefined,
  known?: Kek,
): Soon<OpenedVersion> {
  return (
    version.derived.opened ?? openOwn(sources, version) ?? open(sources, caller, version, customer, known)
  );
}

/** Without a promise: the path of every small SSE-S3 read. */
function openOwn(sources: KekSources, version: ObjectVersion): OpenedVersion | undefined {
  const [first] = version.envelopes;
  const kek = epochKekCached(sources, first);
  if (kek === undefined) return undefined;
  const { dek, private: inner } = unwrapLayer(version, first, kek, hashOf(version));
  const { streams } = version.manifest;
  const sole = streams.kind === "inline" && streams.entries.length === 1 ? streams.entries[0] : undefined;
  const opened: OpenedVersion = {
    deks: [dek],
    private: inner,
    ...(sole === undefined ? {} : { small: new SmallOpener(dek, sole.commitments[0], sole.plaintextSize) }),
    [Symbol.dispose]: () => undefined,
  };
  version.derived.opened = opened;
  return opened;
}

function open(
  sources: KekSources,
  caller: Caller,
  version: ObjectVersion,
  customer: SecretKey<"customer"> | undefined,
  known: Kek | undefined,
): Soon<OpenedVersion> {
  const [first, second] = version.envelopes;
  const opening =
    known ?? kekForRead(sources, caller, first, customer, (version.derived.kek ??= storedKek(first)));
  return andThen(opening, (kek) => {
    const inner = unwrapLayer(version, first, kek, hashOf(version));
    if (second === undefined) return new OpenedOnce([inner.dek], inner.private);
    return openOuter(sources, caller, version, second, inner);
  });
}

async function openOuter(
  sources: KekSources,
  caller: Caller,
  version: ObjectVersion,
  second: StoredEnvelope,
  inner: Unwrapped,
): Promise<OpenedVersion> {
  try {
    const outerKek = await kekForRead(sources, caller, second, undefined);
    const outer = unwrapLayer(version, second, outerKek, hashOf(version));
    return new OpenedOnce([inner.dek, outer.dek], inner.private);
  } catch (error) {
    inner.dek[Symbol.dispose]();
    throw error;
  }
}

function epochKekCached(sources: KekSources, envelope: StoredEnvelope): Kek | undefined {
  if (envelope.mode !== "SSE-S3") return undefined;
  const ref = decodeKekReference(envelope.kekReference);
  if (ref.kind !== "epoch") return undefined;
  const key = sources.epochs.cached(ref.bucketId as BucketId, ref.epoch);
  return key === undefined ? undefined : { key, reference: envelope.kekReference, own: false };
}

/** One layer, for jobs that hold only that layer's kek (verify, epoch rewrap). Disposes an own kek. */
export function unwrapLayer(
  version: ObjectVersion,
  envelope: StoredEnvelope,
  kek: Kek,
  hash: Uint8Array,
): Unwrapped {
  const { kind, mode, layer, form, completion } = envelope;
  try {
    const unwrapped = unwrapDek({
      kek: kek.key,
      identity: {
        kind,
        mode,
        layer,
        form,
        bucketId: version.bucketId,
        objectKey: version.key,
        versionUid: version.uid,
      },
      kekReference: envelope.kekReference,
      wrapSalt: envelope.wrapSalt,
      wrapped: envelope.wrapped,
      manifestHash: manifestHashOf(envelope, hash),
    });
    if (completion !== undefined) verifyCompletion(unwrapped, hash, completion.manifestTag);
    return unwrapped;
  } catch (cause) {
    if (cause instanceof CryptoError) throw new IntegrityError("a version's envelope does not open", cause);
    throw cause;
  } finally {
    if (kek.own) kek.key[Symbol.dispose]();
  }
}

/** A dek that is not handed on is wiped. */
function verifyCompletion({ dek }: Unwrapped, hash: Uint8Array, tag: Uint8Array): void {
  try {
    verifyManifestTag(dek, hash, tag);
  } catch (error) {
    dek[Symbol.dispose]();
    throw error;
  }
}

/** Form 2 and completed uploads of form 1 differ: only form 2 keeps the wrap of creation. */
function manifestHashOf(envelope: StoredEnvelope, hash: Uint8Array): Uint8Array {
  if (envelope.form === 1) return hash;
  if (envelope.completion === undefined) {
    throw new IntegrityError("a completed upload of form 2 without its manifest tag");
  }
  return envelope.completion.creationManifestHash;
}

/** For one request: its deks are wiped. */
class OpenedOnce implements OpenedVersion {
  readonly deks: Deks;
  readonly private: Uint8Array;

  constructor(deks: Deks, inner: Uint8Array) {
    this.deks = deks;
    this.private = inner;
  }

  [Symbol.dispose](): void {
    disposeDeks(this.deks);
  }
}
