/**
 * An envelope as bytes of the version's or upload's sealed record: what the record doesn't say elsewhere.
 *
 *     version(1) = 1 || kind(1) || mode(1) || layer(1) || form(1) || wrapSalt(32) || LP(kekReference) || LP(wrapped)
 *     and, for a completed form 2:  creationManifestHash(32) || manifestTag(32)
 */
import { Reader, Writer } from "./bytes.ts";
import type { EncryptionMode, EnvelopeForm, EnvelopeKind } from "./envelope.ts";
import { CryptoError } from "./errors.ts";
import type { Layer } from "./stream-header.ts";

export interface StoredEnvelope {
  readonly kind: EnvelopeKind;
  readonly mode: EncryptionMode;
  readonly layer: Layer;
  readonly form: EnvelopeForm;
  readonly wrapSalt: Uint8Array;
  /** Encoded: `decodeKekReference` reads it. */
  readonly kekReference: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Form 2 after Complete: what the dek was wrapped with, and what binds the final manifest. */
  readonly completion?: {
    /** 32 bytes: SHA-256 of the manifest at creation; the wrap's AAD has this one. */
    readonly creationManifestHash: Uint8Array;
    /** 32 bytes. */
    readonly manifestTag: Uint8Array;
  };
}

const VERSION = 1;
const KINDS: readonly EnvelopeKind[] = ["version", "upload"];
const MODES: readonly EncryptionMode[] = ["SSE-S3", "SSE-KMS", "SSE-C", "DSSE-KMS"];

export function encodeEnvelope(envelope: StoredEnvelope): Uint8Array {
  const { completion } = envelope;
  if (completion !== undefined && envelope.form !== 2) {
    throw new CryptoError("Malformed", "a manifest tag belongs to form 2");
  }
  const out = Writer.scratch(128 + envelope.kekReference.length + envelope.wrapped.length)
    .u8(VERSION)
    .u8(KINDS.indexOf(envelope.kind) + 1)
    .u8(MODES.indexOf(envelope.mode) + 1)
    .u8(envelope.layer)
    .u8(envelope.form)
    .fixed(envelope.wrapSalt, 32)
    .lp(envelope.kekReference)
    .lp(envelope.wrapped);
  if (completion !== undefined)
    out.fixed(completion.creationManifestHash, 32).fixed(completion.manifestTag, 32);
  return out.done();
}

/** Byte fields are views. Throws BadVersion, Malformed, Truncated, TrailingBytes. */
export function decodeEnvelope(bytes: Uint8Array): StoredEnvelope {
  const reader: Reader = new Reader(bytes, "envelope");
  if (reader.u8() !== VERSION) throw new CryptoError("BadVersion", "envelope");
  const kind = KINDS[reader.u8() - 1] ?? reader.fail("unknown kind");
  const mode = MODES[reader.u8() - 1] ?? reader.fail("unknown mode");
  const layer = reader.u8();
  const form = reader.u8();
  if (layer !== 0 && layer !== 1) reader.fail("unknown layer");
  if (form !== 1 && form !== 2) reader.fail("unknown form");
  const body = { wrapSalt: reader.take(32), kekReference: reader.lp(), wrapped: reader.lp() };
  const envelope = { kind, mode, layer, form, ...body } as const;
  if (form === 1 || reader.left === 0) {
    reader.end();
    return envelope;
  }
  const completion = { creationManifestHash: reader.take(32), manifestTag: reader.take(32) };
  reader.end();
  return { ...envelope, completion };
}
