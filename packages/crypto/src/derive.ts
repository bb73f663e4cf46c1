/**
 * E256 and E512 (sealed format, conventions): the first block of HKDF-Expand, RFC 5869 section 2.3, over SHA-256 and
 * SHA-512. One MAC call a derivation: the input keys are uniform, so there is no extract step.
 */
import { createHmac, hash } from "node:crypto";
import { plainBytes, type Writer } from "./bytes.ts";

/** HMAC-SHA-256(key, info || 0x01), 32 bytes. `info` must not be used afterwards. */
export function e256(key: Uint8Array, info: Writer): Uint8Array {
  return plainBytes(createHmac("sha256", key).update(info.u8(1).done()).digest());
}

/** HMAC-SHA-512(key, info || 0x01), 64 bytes. */
export function e512(key: Uint8Array, info: Writer): Uint8Array {
  return plainBytes(createHmac("sha512", key).update(info.u8(1).done()).digest());
}

export function hmac256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return plainBytes(createHmac("sha256", key).update(message).digest());
}

export function hmac512(key: Uint8Array, message: Uint8Array): Uint8Array {
  return plainBytes(createHmac("sha512", key).update(message).digest());
}

const SHA256_BYTES = 32;

/** The one-shot call costs half of a hash object, and its answer as text a third of one as a buffer off the engine's heap. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash("sha256", bytes, "latin1");
  const out = new Uint8Array(SHA256_BYTES);
  for (let i = 0; i < SHA256_BYTES; i++) out[i] = text.charCodeAt(i);
  return out;
}
