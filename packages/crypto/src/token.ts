/**
 * Sealed values that clients hold and bring back (continuation and session tokens), and keyed hashes of values that must be
 * comparable but not readable (fingerprints in the audit log, secrets derived for a session). Sealed format, section 9.
 *
 *     token     = version(1) = 1 || term(4) || salt(32) || AES-256-GCM(E256(tokenKey[term], label || salt), 0^12, body,
 *                                                                   AAD = LP(use)) || tag
 *     keyedHash = E256(key, label || LP(use) || bytes)
 */
import { open, sealInto, TAG_BYTES, ZERO_NONCE } from "./aead.ts";
import { Writer } from "./bytes.ts";
import { e256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, systemRandom } from "./random.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";

const VERSION = 1;
const SALT_AT = 5;
const BODY_AT = 37;
export const TOKEN_OVERHEAD_BYTES: number = BODY_AT + TAG_BYTES;

/** `use` names the kind of token: one kind never opens as another. One MAC, one cipher call. */
export function sealToken(
  key: SecretKey<"token">,
  term: number,
  use: string,
  body: Uint8Array,
  random: Random = systemRandom,
): Uint8Array {
  const out = new Uint8Array(TOKEN_OVERHEAD_BYTES + body.length);
  out.set(new Writer(SALT_AT).u8(VERSION).u32(term).done());
  const salt = out.subarray(SALT_AT, BODY_AT);
  random.fill(salt);
  const tokenKey = deriveKey(key, salt);
  sealInto(tokenKey, ZERO_NONCE, body, new Writer(64).lpText(use).done(), out, BODY_AT);
  tokenKey.fill(0);
  return out;
}

/** The body of a token. Throws Truncated, BadVersion, UnknownTerm, TagMismatch: all of them "the token is invalid". */
export function openToken(
  keys: ReadonlyMap<number, SecretKey<"token">>,
  use: string,
  token: Uint8Array,
): Uint8Array {
  if (token.length < TOKEN_OVERHEAD_BYTES) throw new CryptoError("Truncated", "token");
  if (token[0] !== VERSION) throw new CryptoError("BadVersion", "token");
  const key = keys.get(new DataView(token.buffer, token.byteOffset, SALT_AT).getUint32(1));
  if (key === undefined) throw new CryptoError("UnknownTerm", "token");
  const tokenKey = deriveKey(key, token.subarray(SALT_AT, BODY_AT));
  try {
    const aad = new Writer(64).lpText(use).done();
    return open(tokenKey, ZERO_NONCE, token.subarray(BODY_AT), aad, "token");
  } finally {
    tokenKey.fill(0);
  }
}

/** 32 bytes that tell equal inputs of one use, and nothing else, to whoever has no key. One MAC. */
export function keyedHash(key: SecretKey<"audit" | "token">, use: string, bytes: Uint8Array): Uint8Array {
  const info = new Writer(96 + bytes.length).raw(LABELS.keyedHash).lpText(use).raw(bytes);
  const out = e256(keyBytes(key, key.purpose), info);
  info.wipe();
  return out;
}

function deriveKey(key: SecretKey<"token">, salt: Uint8Array): Uint8Array {
  return e256(keyBytes(key, "token"), new Writer(64).raw(LABELS.token).raw(salt));
}
