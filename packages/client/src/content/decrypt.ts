/**
 * Ciphertext to plaintext. INVARIANT: a stream that fails authentication never ends cleanly.
 * Whoever begins to read one has its key wiped at the end, whatever the end is.
 */
import type { ContentCipher } from "@strongroom/crypto/common";
import { concatBytes } from "@strongroom/crypto/common";
import { fail } from "../errors.ts";
import { TAG_BYTES } from "../suites.ts";
import { type ContentKey, counterBlockAt } from "./keys.ts";

type Chunks = AsyncIterable<Uint8Array>;

/**
 * Decrypts while it reads, holding back the last 16 bytes, which are the tag. What it yields is unauthenticated until
 * it ends; it ends with ContentTampered when the tag or the length is wrong.
 * @param storedLength what Content-Length promised, when it did
 */
export async function* openGcmStream(
  cipher: ContentCipher,
  content: ContentKey,
  chunks: Chunks,
  storedLength: number | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    const decryptor = await cipher.gcmDecryptor(content.key, content.nonce, content.aad);
    let held: Uint8Array = new Uint8Array(0);
    let seen = 0;
    // Where the tag must begin, if the length is true: until there nothing need be held back.
    const tagAt = storedLength === undefined ? 0 : storedLength - TAG_BYTES;
    for await (const chunk of chunks) {
      seen += chunk.length;
      if (seen <= tagAt) {
        if (chunk.length > 0) yield decryptor.update(chunk);
        continue;
      }
      if (chunk.length >= TAG_BYTES) {
        if (held.length > 0) yield await decryptor.update(held);
        const body = chunk.subarray(0, chunk.length - TAG_BYTES);
        if (body.length > 0) yield await decryptor.update(body);
        // A copy: the network's buffer may be reused after this turn.
        held = new Uint8Array(chunk.subarray(chunk.length - TAG_BYTES));
        continue;
      }
      const joined = concatBytes([held, chunk]);
      const free = Math.max(0, joined.length - TAG_BYTES);
      if (free > 0) yield await decryptor.update(joined.subarray(0, free));
      held = joined.subarray(free);
    }
    checkLength(seen, storedLength);
    if (held.length !== TAG_BYTES || !(await decryptor.final(held))) fail("ContentTampered");
  } finally {
    content.key.fill(0);
  }
}

/** Decrypts a whole message and releases nothing before its tag is verified. At most `limit` stored bytes. */
export async function openGcmBuffered(
  cipher: ContentCipher,
  content: ContentKey,
  chunks: Chunks,
  storedLength: number,
): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  if (cipher.name === "node") {
    for await (const part of openGcmStream(cipher, content, atMost(chunks, storedLength), storedLength))
      parts.push(part);
    return parts;
  }
  // WebCrypto's own GCM takes whole messages only, and is faster and safer than our streaming one.
  for await (const chunk of atMost(chunks, storedLength)) parts.push(chunk);
  const sealed = concatBytes(parts);
  checkLength(sealed.length, storedLength);
  const plaintext = await cipher.openGcm(content.key, content.nonce, content.aad, sealed);
  return [plaintext ?? fail("ContentTampered")];
}

/** Stops a body that is longer than its Content-Length before it fills the memory. */
async function* atMost(chunks: Chunks, limit: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > limit) fail("ContentTampered");
    yield chunk;
  }
}

function checkLength(seen: number, storedLength: number | undefined): void {
  if (storedLength !== undefined && seen !== storedLength) fail("ContentTampered");
}

/**
 * Legacy CBC (spec 4.3). Holds back the last block until the end. Length, padding and key failures are one error.
 * @param isEnd false when the bytes stop before the object's last block, so that there is no padding to strip
 */
export async function* openCbcStream(
  cipher: ContentCipher,
  key: Uint8Array,
  iv: Uint8Array,
  chunks: Chunks,
  storedLength: number | undefined,
  isEnd = true,
): AsyncGenerator<Uint8Array> {
  try {
    const decryptor = await cipher.cbcDecryptor(key, iv);
    let held: Uint8Array = new Uint8Array(0);
    let seen = 0;
    for await (const chunk of chunks) {
      seen += chunk.length;
      const joined = concatBytes([held, chunk]);
      const free = Math.max(0, Math.ceil(joined.length / 16) - 1) * 16;
      if (free > 0) yield await decryptor.update(joined.subarray(0, free));
      held = joined.subarray(free);
    }
    checkLength(seen, storedLength);
    if (held.length !== 16) fail("ContentTampered");
    const last = await decryptor.update(held);
    yield isEnd ? stripPadding(last) : last;
  } finally {
    key.fill(0);
  }
}

/** PKCS#7 of the last block, looked at as a whole whatever it says. */
function stripPadding(block: Uint8Array): Uint8Array {
  const padding = block[15] ?? 0;
  let bad = Number(padding < 1) | Number(padding > 16);
  for (let i = 0; i < 16; i++) {
    const isPadding = Number(i >= 16 - padding);
    bad |= -isPadding & ((block[i] ?? 0) ^ padding);
  }
  if (bad !== 0) fail("ContentTampered");
  return block.subarray(0, 16 - padding);
}

/** Decrypts stored bytes from a 16-aligned offset of a GCM object, unauthenticated (suites 0x0071 and 0x0074). */
export async function* openCtrStream(
  cipher: ContentCipher,
  content: ContentKey,
  storedOffset: number,
  chunks: Chunks,
): AsyncGenerator<Uint8Array> {
  try {
    const ctr = await cipher.ctr(content.key, counterBlockAt(content.nonce, storedOffset));
    for await (const chunk of chunks) yield await ctr.update(chunk);
  } finally {
    content.key.fill(0);
  }
}

/** The bytes `skip`..`skip + length` of a stream, which must not end earlier. */
export async function* sliceStream(
  chunks: Chunks,
  skip: number,
  length: number,
  mayEndEarly = false,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const from = Math.max(0, skip - at);
    const to = Math.min(chunk.length, skip + length - at);
    if (to > from) yield chunk.subarray(from, to);
    at += chunk.length;
  }
  if (at < skip + length && !mayEndEarly) fail("ContentTampered");
}
