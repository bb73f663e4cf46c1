/**
 * Tokens: short texts that clients hold for us, such as where a list goes on (sealed format, section 6: they have a key
 * of their own). Opaque, authenticated, bound to a purpose.
 *
 *     token = 0x01 || salt(32) || AES-256-GCM(E256(tokenKey, "strongroom/v1/token" || salt), 0^12, text, AAD = LP(purpose)) || tag
 */
import { open, sealInto, TAG_BYTES, ZERO_NONCE } from "./aead.ts";
import { utf8, Writer } from "./bytes.ts";
import { e256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, systemRandom } from "./random.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";

const FORMAT = 1;
const TEXT_AT = 33;

/** One MAC, one cipher call. */
export function sealToken(
  key: SecretKey<"token">,
  purpose: string,
  text: string,
  random: Random = systemRandom,
): Uint8Array {
  const message = utf8(text);
  const out = new Uint8Array(TEXT_AT + message.length + TAG_BYTES);
  out[0] = FORMAT;
  random.fill(out.subarray(1, TEXT_AT));
  sealInto(deriveKey(key, out), ZERO_NONCE, message, aadOf(purpose), out, TEXT_AT);
  return out;
}

/** The text. Throws Truncated, BadVersion, TagMismatch: not a token of this purpose and store. */
export function openToken(key: SecretKey<"token">, purpose: string, token: Uint8Array): string {
  if (token.length < TEXT_AT + TAG_BYTES) throw new CryptoError("Truncated", "token");
  if (token[0] !== FORMAT) throw new CryptoError("BadVersion", "token");
  const message = open(deriveKey(key, token), ZERO_NONCE, token.subarray(TEXT_AT), aadOf(purpose), "token");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
}

const deriveKey = (key: SecretKey<"token">, token: Uint8Array): Uint8Array =>
  e256(keyBytes(key, "token"), new Writer(64).raw(LABELS.token).raw(token.subarray(1, TEXT_AT)));

const aadOf = (purpose: string): Uint8Array => new Writer(64).lpText(purpose).done();
