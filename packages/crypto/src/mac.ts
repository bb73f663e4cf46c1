/** HMAC (FIPS 198-1) under keys of the key service: SHA-224 to SHA-512. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { keyBytes, type SecretKey } from "./secret-key.ts";

export type MacBits = 224 | 256 | 384 | 512;

export function generateMac(key: SecretKey<"data">, bits: MacBits, message: Uint8Array): Uint8Array {
  return createHmac(`sha${bits}`, keyBytes(key, "data")).update(message).digest();
}

/** In constant time for a MAC of the right length. */
export function verifyMac(
  key: SecretKey<"data">,
  bits: MacBits,
  message: Uint8Array,
  mac: Uint8Array,
): boolean {
  const expected = generateMac(key, bits, message);
  return expected.length === mac.length && timingSafeEqual(expected, mac);
}
