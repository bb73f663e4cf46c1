/**
 * Key records (sealed format, section 8): keyring entries, bucket epoch keys, KMS key material.
 *
 *     record = term(4) || salt(32) || AES-256-GCM(E256(termKey, label || salt), 0^12, key,
 *                                                AAD = LP(kind) || storeId(16) || LP(id) || term) || tag
 *
 * A record opens only in its store, as its kind, under its id and term: it can't be put in another's place.
 */
import { open, sealInto, TAG_BYTES, ZERO_NONCE } from "./aead.ts";
import { Writer } from "./bytes.ts";
import { e256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, systemRandom } from "./random.ts";
import { anyKeyBytes, keyBytes, type KeyPurpose, SecretKey } from "./secret-key.ts";

/** Which key protects which kind. */
export interface KeyRecordKinds {
  /** A term key of the keyring, under the root key; the term is the root's generation. */
  readonly keyring: "root";
  /** A bucket's epoch key, under a term of the service key. */
  readonly epoch: "service";
  /** A version of a KMS key, under a term of the domain key; the id is key ARN and material id. */
  readonly material: "domain";
}
export type KeyRecordKind = keyof KeyRecordKinds;

/** Where a record stands. */
export interface KeyRecordPlace<K extends KeyRecordKind = KeyRecordKind> {
  readonly kind: K;
  /** 16 bytes: the store's own random id. */
  readonly storeId: Uint8Array;
  /** Names the record among its kind; unambiguous bytes (`keyRecordId`). */
  readonly id: Uint8Array;
  readonly term: number;
  readonly termKey: SecretKey<KeyRecordKinds[K]>;
}

const TERM_KEYS: Readonly<Record<KeyRecordKind, KeyPurpose>> = {
  keyring: "root",
  epoch: "service",
  material: "domain",
};
const SALT_AT = 4;
const BODY_AT = 36;

/** Seals a key. One MAC, one cipher call. The caller opens it again and compares before it acknowledges anything. */
export function sealKeyRecord<K extends KeyRecordKind>(
  place: KeyRecordPlace<K>,
  key: SecretKey,
  random: Random = systemRandom,
): Uint8Array {
  const bytes = anyKeyBytes(key);
  const out = new Uint8Array(BODY_AT + bytes.length + TAG_BYTES);
  out.set(new Writer(4).u32(place.term).done());
  const salt = out.subarray(SALT_AT, BODY_AT);
  random.fill(salt);
  const recordKey = deriveKey(place, salt);
  sealInto(recordKey, ZERO_NONCE, bytes, aadOf(place), out, BODY_AT);
  recordKey.fill(0);
  return out;
}

/** Opens a key for a purpose. Throws Truncated, UnknownTerm if the record has another term, TagMismatch, BadKey. */
export function openKeyRecord<K extends KeyRecordKind, P extends KeyPurpose>(
  place: KeyRecordPlace<K>,
  record: Uint8Array,
  purpose: P,
  id?: string,
): SecretKey<P> {
  if (keyRecordTerm(record) !== place.term) throw new CryptoError("UnknownTerm", "key record");
  const recordKey = deriveKey(place, record.subarray(SALT_AT, BODY_AT));
  let bytes: Uint8Array;
  try {
    bytes = open(recordKey, ZERO_NONCE, record.subarray(BODY_AT), aadOf(place), "key record");
  } finally {
    recordKey.fill(0);
  }
  try {
    return SecretKey.fromBytes(purpose, bytes, id);
  } finally {
    bytes.fill(0);
  }
}

/** The term that sealed a record: which key to open it with. Throws Truncated. */
export function keyRecordTerm(record: Uint8Array): number {
  if (record.length <= BODY_AT + TAG_BYTES) throw new CryptoError("Truncated", "key record");
  return new DataView(record.buffer, record.byteOffset, SALT_AT).getUint32(0);
}

/** An id of several fields: LP of each, so that no two lists of fields give the same bytes. */
export function keyRecordId(...fields: readonly (string | Uint8Array)[]): Uint8Array {
  const out = new Writer(128);
  for (const field of fields) {
    if (typeof field === "string") out.lpText(field);
    else out.lp(field);
  }
  return out.done();
}

function deriveKey(place: KeyRecordPlace, salt: Uint8Array): Uint8Array {
  return e256(keyBytes(place.termKey, TERM_KEYS[place.kind]), new Writer(64).raw(LABELS.keyrecord).raw(salt));
}

function aadOf(place: KeyRecordPlace): Uint8Array {
  return new Writer(64 + place.id.length)
    .lpText(place.kind)
    .fixed(place.storeId, 16)
    .lp(place.id)
    .u32(place.term)
    .done();
}
