/**
 * The envelope: a dek wrapped under its kek (sealed format, section 4).
 *
 *     identity = LP(label) || LP(kind) || LP(mode) || bucketId(16) || LP(objectKey) || versionUid(16) || layer(1) || form(1)
 *     wrapKey  = E256(kek, identity || wrapSalt)
 *     wrapped  = AES-256-GCM(wrapKey, 0^12, dek || LP(private), AAD = LP(kekReference) || SHA-256(manifest))
 *
 * Whoever unwraps has checked the identity, the kek reference and every field of the manifest. Each wrap has a fresh salt
 * and so a key of its own: a kek wraps without a count.
 */
import { open, sealInto, TAG_BYTES, ZERO_NONCE } from "./aead.ts";
import { Reader, scratchBytes, Writer } from "./bytes.ts";
import { e256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, randomBytes, systemRandom } from "./random.ts";
import { keyBytes, SecretKey } from "./secret-key.ts";
import type { Layer } from "./stream-header.ts";

/** There is no member for "none": a plaintext object can't be expressed. */
export type EncryptionMode = "SSE-S3" | "SSE-KMS" | "SSE-C" | "DSSE-KMS";
export const ENCRYPTION_MODES: readonly EncryptionMode[] = ["SSE-S3", "SSE-KMS", "SSE-C", "DSSE-KMS"];

/** `upload`: written at CreateMultipartUpload; `version`: at PUT, copy, Complete of form 1, and every re-wrap. */
export type EnvelopeKind = "version" | "upload";
/** 2: an SSE-C upload, whose final manifest is bound by a manifest tag; everything else is 1. */
export type EnvelopeForm = 1 | 2;

/** What the wrapped dek is bound to. */
export interface EnvelopeIdentity {
  readonly kind: EnvelopeKind;
  readonly mode: EncryptionMode;
  /** 16 bytes: the bucket's random id, not its name. */
  readonly bucketId: Uint8Array;
  readonly objectKey: string;
  /** 16 bytes. */
  readonly versionUid: Uint8Array;
  readonly layer: Layer;
  readonly form: EnvelopeForm;
}

export interface WrapInput {
  readonly dek: SecretKey<"dek">;
  readonly kek: SecretKey<"kek">;
  readonly identity: EnvelopeIdentity;
  /** Encoded: `encodeKekReference`. */
  readonly kekReference: Uint8Array;
  /** 32 bytes: `manifestHash`. */
  readonly manifestHash: Uint8Array;
  /** What is derived from the plaintext: the object's checksums (`encodeChecksums`). Layer 0 and form 1 only. */
  readonly private?: Uint8Array;
}

/** A wrapped dek as it is stored, in the version's sealed record. */
export interface Wrapped {
  /** 32 bytes. */
  readonly wrapSalt: Uint8Array;
  /** Sealed dek and private part: 52 bytes and the private part's. */
  readonly wrapped: Uint8Array;
}

export interface UnwrapInput extends Wrapped {
  readonly kek: SecretKey<"kek">;
  readonly identity: EnvelopeIdentity;
  readonly kekReference: Uint8Array;
  readonly manifestHash: Uint8Array;
}

export interface Unwrapped {
  readonly dek: SecretKey<"dek">;
  /** Empty where there is none. */
  readonly private: Uint8Array;
}

/** LP(label) || LP(kind) || LP(mode): the same in many. */
const headOf = (kind: EnvelopeKind, mode: EncryptionMode): Uint8Array =>
  new Writer().lp(LABELS.envelope).lpText(kind).lpText(mode).done();
const headsOf = (kind: EnvelopeKind): Readonly<Record<EncryptionMode, Uint8Array>> => ({
  "SSE-S3": headOf(kind, "SSE-S3"),
  "SSE-KMS": headOf(kind, "SSE-KMS"),
  "SSE-C": headOf(kind, "SSE-C"),
  "DSSE-KMS": headOf(kind, "DSSE-KMS"),
});
const HEADS: Readonly<Record<EnvelopeKind, Readonly<Record<EncryptionMode, Uint8Array>>>> = {
  version: headsOf("version"),
  upload: headsOf("upload"),
};

const DEK_BYTES = 32;
const NOTHING: Uint8Array = new Uint8Array(0);
/** A dek and its private part while they are sealed; all zero between calls. Longer ones are rare. */
const messageBytes = new Uint8Array(256);

/** Wraps a dek: one MAC, one cipher call. Throws Malformed for fields of a wrong size. */
export function wrapDek(input: WrapInput, random: Random = systemRandom): Wrapped {
  const inner = input.private ?? NOTHING;
  if (inner.length > 0 && (input.identity.layer !== 0 || input.identity.form !== 1)) {
    throw new CryptoError("Malformed", "a private part belongs to layer 0 in form 1");
  }
  const wrapSalt = randomBytes(32, random);
  const wrapKey = deriveWrapKey(input.kek, input.identity, wrapSalt);
  const size = DEK_BYTES + 4 + inner.length;
  const message = new Writer(size, size <= messageBytes.length ? messageBytes : undefined);
  const wrapped = scratchBytes(size + TAG_BYTES);
  try {
    const plaintext = message.raw(keyBytes(input.dek, "dek")).lp(inner).done();
    sealInto(wrapKey, ZERO_NONCE, plaintext, aadOf(input.kekReference, input.manifestHash), wrapped, 0);
  } finally {
    message.wipe();
    wrapKey.fill(0);
  }
  return { wrapSalt, wrapped };
}

/**
 * Unwraps: one MAC, one cipher call. Throws TagMismatch if kek, identity, reference, manifest or bytes are not those of the
 * wrap. In form 2 the caller MUST go on with `verifyManifestTag` before any segment.
 */
export function unwrapDek(input: UnwrapInput): Unwrapped {
  if (input.wrapped.length < DEK_BYTES + 4 + TAG_BYTES) throw new CryptoError("Truncated", "wrapped dek");
  const wrapKey = deriveWrapKey(input.kek, input.identity, input.wrapSalt);
  const aad = aadOf(input.kekReference, input.manifestHash);
  const room = input.wrapped.length - TAG_BYTES <= messageBytes.length ? messageBytes : undefined;
  let message: Uint8Array | undefined;
  try {
    message = open(wrapKey, ZERO_NONCE, input.wrapped, aad, "wrapped dek", room);
    return unwrapped(message, input.identity);
  } finally {
    wrapKey.fill(0);
    message?.fill(0);
  }
}

/** Copies of what the message holds. */
function unwrapped(message: Uint8Array, { layer, form }: EnvelopeIdentity): Unwrapped {
  const reader: Reader = new Reader(message, "wrapped dek");
  const dekBytes = reader.take(DEK_BYTES);
  const inner = reader.lp();
  reader.end();
  if (inner.length > 0 && (layer !== 0 || form !== 1))
    reader.fail("a private part belongs to layer 0 in form 1");
  return { dek: SecretKey.fromBytes("dek", dekBytes), private: inner.slice() };
}

/**
 * As every re-wrap and first wrap under a new key MUST do before its commit (section 4): unwraps again and compares.
 * Throws TagMismatch or WrongKey.
 */
export function verifyWrap(input: UnwrapInput, dek: SecretKey<"dek">): void {
  using again = unwrapDek(input).dek;
  if (!again.equals(dek)) throw new CryptoError("WrongKey", "the wrap holds another dek");
}

function deriveWrapKey(kek: SecretKey<"kek">, identity: EnvelopeIdentity, wrapSalt: Uint8Array): Uint8Array {
  const info = Writer.scratch(160 + identity.objectKey.length * 3)
    .raw(HEADS[identity.kind][identity.mode])
    .fixed(identity.bucketId, 16)
    .lpText(identity.objectKey)
    .fixed(identity.versionUid, 16)
    .u8(identity.layer)
    .u8(identity.form)
    .fixed(wrapSalt, 32);
  return e256(keyBytes(kek, "kek"), info);
}

function aadOf(kekReference: Uint8Array, manifestHash: Uint8Array): Uint8Array {
  return Writer.scratch(36 + kekReference.length)
    .lp(kekReference)
    .fixed(manifestHash, 32)
    .done();
}
