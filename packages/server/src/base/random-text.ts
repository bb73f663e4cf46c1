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
