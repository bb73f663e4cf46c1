/** Plaintext to ciphertext with the tag behind it. Counts bytes: what was promised is what is sent, or nothing. */
import type { ContentCipher, GcmEncryptor } from "@strongroom/crypto/common";
import { fail } from "../errors.ts";
import { PLAINTEXT_BYTES_MAX, TAG_BYTES } from "../suites.ts";
import type { ContentKey } from "./keys.ts";

const STEP_BYTES = 1_048_576;

export async function openEncryptor(cipher: ContentCipher, content: ContentKey): Promise<GcmEncryptor> {
  return cipher.gcmEncryptor(content.key, content.nonce, content.aad);
}

/** Encrypts bytes that are all there, with room left for the tag when this is the end of the message. */
export async function encryptBytes(
  encryptor: GcmEncryptor,
  plaintext: Uint8Array,
  isEnd: boolean,
): Promise<Uint8Array> {
  const out = new Uint8Array(plaintext.length + (isEnd ? TAG_BYTES : 0));
  // In steps, so that a large body does not exist three times.
  for (let at = 0; at < plaintext.length; at += STEP_BYTES)
    out.set(await encryptor.update(plaintext.subarray(at, at + STEP_BYTES)), at);
  if (isEnd) out.set(await encryptor.final(), plaintext.length);
  return out;
}

/** An encryptor of exactly `length` bytes: it fails before it gives out a byte too many or an end too early. */
export function exactly(encryptor: GcmEncryptor, length: number): GcmEncryptor {
  let seen = 0;
  return {
    update(plaintext) {
      seen += plaintext.length;
      if (seen > length) fail("LengthMismatch", `more than ${length} bytes`);
      return encryptor.update(plaintext);
    },
    final() {
      if (seen < length) fail("LengthMismatch", `${seen} of ${length} bytes`);
      return encryptor.final();
    },
  };
}

export function checkPlaintextLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0) fail("InvalidOption", "ContentLength");
  if (length > PLAINTEXT_BYTES_MAX) fail("TooLong");
}
