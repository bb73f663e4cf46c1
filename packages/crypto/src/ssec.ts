/**
 * SSE-C (sealed format, section 4): the kek and the key check, both from the customer's key and a fresh salt.
 *
 *     x = HMAC-SHA-512(checkSalt, label || customerKey)       kek = x[0..32]       keyCheck = x[32..64]
 *
 * Neither the customer's key nor its MD5 is ever stored. The key check tells "wrong key" from "damaged".
 */
import { hash, timingSafeEqual } from "node:crypto";
import { plainBytes, Writer } from "./bytes.ts";
import { hmac512 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import type { KekReference } from "./kek-reference.ts";
import { LABELS } from "./labels.ts";
import { type Random, randomBytes, systemRandom } from "./random.ts";
import { keyBytes, SecretKey } from "./secret-key.ts";

export type CustomerReference = Extract<KekReference, { kind: "customer" }>;

/** For a new object version: a fresh check salt, the kek, and the reference to store. One MAC. */
export function newCustomerKek(
  customerKey: SecretKey<"customer">,
  random: Random = systemRandom,
): { readonly kek: SecretKey<"kek">; readonly reference: CustomerReference } {
  const checkSalt = randomBytes(32, random);
  const { kek, keyCheck } = derive(customerKey, checkSalt);
  return { kek, reference: { kind: "customer", algorithm: "AES256", checkSalt, keyCheck } };
}

/** The kek of a stored version. Throws WrongKey (constant time) for another customer's key. One MAC. */
export function customerKek(
  customerKey: SecretKey<"customer">,
  reference: CustomerReference,
): SecretKey<"kek"> {
  const { kek, keyCheck } = derive(customerKey, reference.checkSalt);
  if (reference.keyCheck.length !== 32 || !timingSafeEqual(keyCheck, reference.keyCheck)) {
    kek[Symbol.dispose]();
    throw new CryptoError("WrongKey", "SSE-C key check");
  }
  return kek;
}

/** MD5 of the customer's key, 16 bytes, for the response header: recomputed from each request's key, never stored. */
export function customerKeyMd5(customerKey: SecretKey<"customer">): Uint8Array {
  return plainBytes(hash("md5", keyBytes(customerKey, "customer"), "buffer"));
}

function derive(
  customerKey: SecretKey<"customer">,
  checkSalt: Uint8Array,
): { kek: SecretKey<"kek">; keyCheck: Uint8Array } {
  const message = new Writer(64).raw(LABELS.ssec).raw(keyBytes(customerKey, "customer"));
  const x = hmac512(checkSalt, message.done());
  message.wipe();
  const kek = SecretKey.fromBytes("kek", x.subarray(0, 32));
  const keyCheck = new Uint8Array(x.subarray(32));
  x.fill(0);
  return { kek, keyCheck };
}
