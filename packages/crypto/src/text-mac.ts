/**
 * The two hashes of SigV4 over texts of one character per byte, answered as hex: SHA-256, and HMAC-SHA-256 (RFC 2104) under
 * a key that stays. OpenSSL is called directly where that is on; else HMAC is two one-shot hashes over padded keys that
 * are kept ready: a third of what a fresh `createHmac` costs (ADR 7).
 */
import { hash } from "node:crypto";
import { direct } from "./openssl/index.ts";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Reused: every hash is computed in one go. */
const textInput = Buffer.allocUnsafeSlow(8192);
const innerInput = Buffer.allocUnsafeSlow(4096);
const outerInput = Buffer.allocUnsafeSlow(BLOCK_BYTES + DIGEST_BYTES);

/** Hex SHA-256 of a text of one character per byte. */
export function sha256OfText(text: string): string {
  if (direct?.sha256.takesText(text) === true) return direct.sha256.hashText(text);
  const input = text.length <= textInput.length ? textInput : Buffer.allocUnsafe(text.length);
  return hash("sha256", input.subarray(0, input.write(text, 0, "latin1")), "hex");
}

export class TextMac {
  readonly #innerPad = new Uint8Array(BLOCK_BYTES).fill(0x36);
  readonly #outerPad = new Uint8Array(BLOCK_BYTES).fill(0x5c);

  /** `key` is at most a block of 64 bytes, so it is padded and never hashed. It is copied. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError("INVARIANT: a MAC key of at most a block");
    key.forEach((b, i) => {
      this.#innerPad[i] = b ^ 0x36;
      this.#outerPad[i] = b ^ 0x5c;
    });
  }

  /** Hex HMAC of a text of one character per byte. */
  hex(text: string): string {
    if (direct?.sha256.takesText(text) === true)
      return direct.sha256.macText(this.#innerPad, this.#outerPad, text);
    const size = BLOCK_BYTES + text.length;
    const input = size <= innerInput.length ? innerInput : Buffer.allocUnsafe(size);
    input.set(this.#innerPad);
    input.write(text, BLOCK_BYTES, "latin1");
    outerInput.set(this.#outerPad);
    outerInput.write(hash("sha256", input.subarray(0, size), "latin1"), BLOCK_BYTES, "latin1");
    return hash("sha256", outerInput, "hex");
  }
}
