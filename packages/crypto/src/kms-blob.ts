/**
 * KMS ciphertext blobs (sealed format, section 7), and the ids and material that go with them.
 *
 *     header = "SK" || format(1) = 1 || suite(1) = 1 || flags(1), bit 0 = multi-Region || keyUuid(16) || materialId(16) || salt(32)
 *     blob   = header || AES-256-GCM(E256(material, label || salt), 0^12, plaintext,
 *                                    AAD = header || LP(key ARN) || canonical context) || tag
 */
import { open, sealInto, TAG_BYTES, ZERO_NONCE } from "./aead.ts";
import { utf8, Writer } from "./bytes.ts";
import { e256, hmac256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, systemRandom } from "./random.ts";
import { keyBytes, SecretKey } from "./secret-key.ts";

export const BLOB_HEADER_BYTES = 69;
/** A blob is this much longer than its plaintext. */
export const BLOB_OVERHEAD_BYTES: number = BLOB_HEADER_BYTES + TAG_BYTES;
export const BLOB_BYTES_MAX = 6144;
export const BLOB_PLAINTEXT_BYTES_MAX = 4096;

const ID_BYTES = 16;
const KEY_UUID_AT = 5;
const MATERIAL_ID_AT = KEY_UUID_AT + ID_BYTES;
const SALT_AT = MATERIAL_ID_AT + ID_BYTES;

const MULTI_REGION = 1;

/** Names the key and the version of its material: what must be looked up before a blob can be opened. */
export interface BlobHeader {
  readonly multiRegion: boolean;
  /** 16 bytes. */
  readonly keyUuid: Uint8Array;
  /** 16 bytes: the first half of the 64 digits of the material's id. */
  readonly materialId: Uint8Array;
}

/** A key and one version of its material. */
export interface BlobKey extends BlobHeader {
  readonly material: SecretKey<"material">;
  /**
   * As recorded at creation: authenticated, so that equal material under two keys opens nothing of the other. Whoever holds a
   * key for many blobs gives its UTF-8.
   */
  readonly keyArn: string | Uint8Array;
}

/**
 * Encrypts 1 to 4,096 bytes, or a key, under KMS key material. `context` is canonical (`canonicalContext`). One MAC, one
 * cipher call. Throws SizeMismatch.
 */
export function sealBlob(
  key: BlobKey,
  plaintext: Uint8Array | SecretKey<"kek" | "data">,
  context: Uint8Array,
  random: Random = systemRandom,
): Uint8Array {
  const message = plaintext instanceof SecretKey ? keyBytes(plaintext, plaintext.purpose) : plaintext;
  if (message.length === 0 || message.length > BLOB_PLAINTEXT_BYTES_MAX) {
    throw new CryptoError("SizeMismatch", "KMS plaintext");
  }
  const blob = new Uint8Array(BLOB_OVERHEAD_BYTES + message.length);
  const header = blob.subarray(0, BLOB_HEADER_BYTES);
  header[0] = 0x53;
  header[1] = 0x4b;
  header[2] = 1;
  header[3] = 1;
  header[4] = key.multiRegion ? MULTI_REGION : 0;
  setId(header, key.keyUuid, KEY_UUID_AT);
  setId(header, key.materialId, MATERIAL_ID_AT);
  random.fill(header.subarray(SALT_AT));
  const messageKey = deriveMessageKey(key.material, header);
  sealInto(messageKey, ZERO_NONCE, message, aadOf(header, key.keyArn, context), blob, BLOB_HEADER_BYTES);
  messageKey.fill(0);
  return blob;
}

/** Reads a blob's header without opening it. Fields are views. Throws Truncated, SizeMismatch, BadVersion, Malformed. */
export function parseBlobHeader(blob: Uint8Array): BlobHeader {
  return {
    multiRegion: isMultiRegion(blob),
    keyUuid: blob.subarray(KEY_UUID_AT, KEY_UUID_AT + ID_BYTES),
    materialId: blob.subarray(MATERIAL_ID_AT, SALT_AT),
  };
}

/** The one flag. Throws as {@link parseBlobHeader}. */
function isMultiRegion(blob: Uint8Array): boolean {
  if (blob.length <= BLOB_OVERHEAD_BYTES) throw new CryptoError("Truncated", "KMS blob");
  if (blob.length > BLOB_BYTES_MAX) throw new CryptoError("SizeMismatch", "KMS blob");
  if (blob[0] !== 0x53 || blob[1] !== 0x4b || blob[2] !== 1 || blob[3] !== 1) {
    throw new CryptoError("BadVersion", "KMS blob");
  }
  const flags = blob[4] ?? 0;
  if ((flags & ~MULTI_REGION) !== 0) throw new CryptoError("Malformed", "KMS blob");
  return flags === MULTI_REGION;
}

/**
 * The plaintext of a blob, which the caller wipes. Throws as {@link parseBlobHeader}, WrongKey if the header names another
 * key or material, TagMismatch. On the wire all of these are one InvalidCiphertextException.
 */
export function openBlob(key: BlobKey, blob: Uint8Array, context: Uint8Array): Uint8Array {
  const same =
    isMultiRegion(blob) === key.multiRegion &&
    hasId(blob, KEY_UUID_AT, key.keyUuid) &&
    hasId(blob, MATERIAL_ID_AT, key.materialId);
  if (!same) throw new CryptoError("WrongKey", "KMS blob");
  const head = blob.subarray(0, BLOB_HEADER_BYTES);
  const messageKey = deriveMessageKey(key.material, head);
  try {
    const aad = aadOf(head, key.keyArn, context);
    return open(messageKey, ZERO_NONCE, blob.subarray(BLOB_HEADER_BYTES), aad, "KMS blob");
  } finally {
    messageKey.fill(0);
  }
}

/** As {@link openBlob}, for a data key that wraps: the bytes never leave a handle. Throws BadKey if it is no 32-byte key. */
export function openBlobAsKek(key: BlobKey, blob: Uint8Array, context: Uint8Array): SecretKey<"kek"> {
  const bytes = openBlob(key, blob, context);
  try {
    return SecretKey.fromBytes("kek", bytes);
  } finally {
    bytes.fill(0);
  }
}

/**
 * The material's id: 32 bytes, shown as 64 hex digits; a blob's header holds the first 16. HMAC-SHA-256 of the key ARN
 * under a key derived from the material: equal material gives equal ids under one key, and no id tells the material.
 */
export function materialId(material: SecretKey<"material">, keyArn: string): Uint8Array {
  const idKey = e256(keyBytes(material, "material"), new Writer(32).raw(LABELS.materialId));
  const id = hmac256(idKey, utf8(keyArn));
  idKey.fill(0);
  return id;
}

/** Imported bytes become material through HMAC-SHA-256(label, bytes): what a caller chose is never used as it is. */
export function importedMaterial(bytes: Uint8Array): SecretKey<"material"> {
  if (bytes.length !== 32) throw new CryptoError("BadKey", `imported material of ${bytes.length} bytes`);
  const material = hmac256(LABELS.import, bytes);
  const key = SecretKey.fromBytes("material", material);
  material.fill(0);
  return key;
}

function deriveMessageKey(material: SecretKey<"material">, header: Uint8Array): Uint8Array {
  const info = Writer.scratch(64).raw(LABELS.kms).raw(header.subarray(SALT_AT, BLOB_HEADER_BYTES));
  return e256(keyBytes(material, "material"), info);
}

function aadOf(header: Uint8Array, keyArn: string | Uint8Array, context: Uint8Array): Uint8Array {
  const arn = typeof keyArn === "string" ? utf8(keyArn) : keyArn;
  return Writer.scratch(BLOB_HEADER_BYTES + 4 + arn.length + context.length)
    .raw(header)
    .lp(arn)
    .raw(context)
    .done();
}

function setId(header: Uint8Array, id: Uint8Array, at: number): void {
  if (id.length !== ID_BYTES) throw new CryptoError("Malformed", "an id has 16 bytes");
  header.set(id, at);
}

/** Ids are public: no constant time needed. */
function hasId(header: Uint8Array, at: number, id: Uint8Array): boolean {
  if (id.length !== ID_BYTES) return false;
  for (let i = 0; i < ID_BYTES; i++) if (header[at + i] !== id[i]) return false;
  return true;
}
