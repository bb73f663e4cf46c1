/**
 * E256 and E512 (sealed format, conventions): the first block of HKDF-Expand, RFC 5869 section 2.3, over SHA-256 and
 * SHA-512. One MAC call a derivation: the input keys are uniform, so there is no extract step.
 */
import { createHmac, hash } from "node:crypto";
import { plainBytes, type Writer } from "./bytes.ts";
import { direct } from "./openssl/index.ts";
import { SecretKeyHmac } from "./secret-key-hmac.ts";

const overSha256 = new SecretKeyHmac("sha256", 64, 32);
const overSha512 = new SecretKeyHmac("sha512", 128, 64);

/** HMAC-SHA-256(key, info || 0x01), 32 bytes. `key` is a secret. `info` must not be used afterwards. */
export function e256(key: Uint8Array, info: Writer): Uint8Array {
  const message = info.u8(1).done();
  if (direct?.sha256.takes(key, message) === true) return direct.sha256.mac(key, message);
  return overSha256.mac(key, message);
}

/** HMAC-SHA-512(key, info || 0x01), 64 bytes. `key` is a secret. `info` must not be used afterwards. */
export function e512(key: Uint8Array, info: Writer): Uint8Array {
  const message = info.u8(1).done();
  if (direct?.sha512.takes(key, message) === true) return direct.sha512.mac(key, message);
  return overSha512.mac(key, message);
}

/** Also for keys that are public, such as a label, and messages that are not. */
export function hmac256(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (direct?.sha256.takes(key, message) === true) return direct.sha256.mac(key, message);
  return plainBytes(createHmac("sha256", key).update(message).digest());
}

/** Also for keys that are public, such as a salt, and messages that are not. */
export function hmac512(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (direct?.sha512.takes(key, message) === true) return direct.sha512.mac(key, message);
  return plainBytes(createHmac("sha512", key).update(message).digest());
}

const SHA256_BYTES = 32;

/** The one-shot call costs half of a hash object, and its answer as text a third of one as a buffer off the engine's heap. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (direct !== undefined) return direct.sha256.hash(bytes);
  const text = hash("sha256", bytes, "latin1");
  const out = new Uint8Array(SHA256_BYTES);
  for (let i = 0; i < SHA256_BYTES; i++) out[i] = text.charCodeAt(i);
  return out;
}
