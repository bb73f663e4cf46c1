/** Identifiers and secrets that people copy: from the system's random source, without modulo bias. */
import { randomBytes } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Both alphabets have a power of two letters, so the low bits of a byte choose evenly. */
function text(alphabet: string, length: number): string {
  let out = "";
  for (const byte of randomBytes(length)) out += alphabet[byte & (alphabet.length - 1)];
  return out;
}

/** As AWS shapes them: AKIA and 16 of A-Z2-7; 40 characters (240 bits). */
export const newAccessKey = (): { readonly accessKeyId: string; readonly secretAccessKey: string } => ({
  accessKeyId: `AKIA${text(BASE32, 16)}`,
  secretAccessKey: text(SECRET, 40),
});

export const newCanonicalId = (): string => randomBytes(32).toString("hex");

/** Temporary access keys: ASIA, as AWS tells them from long-term ones. Their secrets are derived (iam/session-tokens). */
export const newSessionKeyId = (): string => `ASIA${text(BASE32, 16)}`;

/** AIDA (user), AROA (role), AGPA (group), ANPA (managed policy) and 17 random characters: 85 bits, never reused. */
export const newUniqueId = (prefix: "AIDA" | "AROA" | "AGPA" | "ANPA"): string =>
  `${prefix}${text(BASE32, 17)}`;

/** Twelve digits, the first not a zero. */
export function newAccountNumber(): string {
  let digits = "";
  // Bytes from 250 on would make some digits likelier.
  for (const byte of randomBytes(64)) if (byte < 250 && digits.length < 12) digits += String(byte % 10);
  return digits.length === 12 && digits[0] !== "0" ? digits : newAccountNumber();
}
