/**
 * AES-256-GCM, SP 800-38D: 12-byte nonce, 16-byte tag, one call a message. OpenSSL is called directly where that is on
 * (openssl/), else through node:crypto. Keys are raw bytes: on Node 26 that is cheaper than a KeyObject. `final()` returns
 * nothing for GCM; it only computes or checks the tag.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { plainBytes, release } from "./bytes.ts";
import { CryptoError } from "./errors.ts";
import { direct } from "./openssl/index.ts";

export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;
/** 0^12: only for keys that seal once. */
export const ZERO_NONCE: Uint8Array = new Uint8Array(NONCE_BYTES);

/** Writes ciphertext || tag into `out` at `at`: plaintext.length + 16 bytes. */
export function sealInto(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
): void {
  if (direct !== undefined && direct.gcm.takes(key, nonce, aad)) {
    direct.gcm.sealInto(key, nonce, plaintext, aad, out, at);
    return;
  }
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  if (aad !== undefined) cipher.setAAD(aad);
  // OpenSSL's empty update is a call for nothing; an empty message is its tag.
  if (plaintext.length > 0) {
    const ciphertext = cipher.update(plaintext);
    out.set(ciphertext, at);
    release(ciphertext);
  }
  cipher.final();
  out.set(cipher.getAuthTag(), at + plaintext.length);
}

/** ciphertext || tag in a buffer of its own. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad?: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + TAG_BYTES);
  sealInto(key, nonce, plaintext, aad, out, 0);
  return out;
}

/**
 * The plaintext of ciphertext || tag. Throws Truncated below 16 bytes, TagMismatch (and keeps nothing) otherwise. `room`:
 * the plaintext may be a view of it, where it has the space.
 */
export function open(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array | undefined,
  what: string,
  room?: Uint8Array,
): Uint8Array {
  const size = sealed.length - TAG_BYTES;
  if (size < 0) throw new CryptoError("Truncated", what);
  if (direct !== undefined && direct.gcm.takes(key, nonce, aad)) {
    const out = room ?? new Uint8Array(size);
    if (!direct.gcm.openInto(key, nonce, sealed, aad, out, 0)) throw new CryptoError("TagMismatch", what);
    return out.length === size ? out : out.subarray(0, size);
  }
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  if (aad !== undefined) decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(size));
  const plaintext = size > 0 ? decipher.update(sealed.subarray(0, size)) : new Uint8Array(0);
  try {
    decipher.final();
  } catch (cause) {
    plaintext.fill(0);
    throw new CryptoError("TagMismatch", what, cause);
  }
  return plainBytes(plaintext);
}
