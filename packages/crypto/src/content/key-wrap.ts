/** AES key wrap, the unwrapping half (RFC 3394 2.2.2). Reading only: nothing writes it any more. */
import type { ContentCipher } from "./port.ts";

const DEFAULT_IV_BYTE = 0xa6;

/** The key, or `undefined` when the integrity check fails or the length is not that of a wrapped key. */
export async function unwrapRfc3394(
  cipher: ContentCipher,
  kek: Uint8Array,
  wrapped: Uint8Array,
): Promise<Uint8Array | undefined> {
  const n = wrapped.length / 8 - 1;
  if (!Number.isInteger(n) || n < 2) return undefined;
  const block = new Uint8Array(16);
  block.set(wrapped.subarray(0, 8));
  const registers = new Uint8Array(wrapped.subarray(8));
  for (let t = 6 * n; t > 0; t--) {
    const at = ((t - 1) % n) * 8;
    // t is at most 6 n and fits the last byte or two of the 64-bit counter.
    block[7] = (block[7] ?? 0) ^ (t & 0xff);
    block[6] = (block[6] ?? 0) ^ (t >>> 8);
    block.set(registers.subarray(at, at + 8), 8);
    block.set(await cipher.decryptBlocks(kek, block));
    registers.set(block.subarray(8), at);
  }
  let difference = 0;
  for (let i = 0; i < 8; i++) difference |= (block[i] ?? 0) ^ DEFAULT_IV_BYTE;
  return difference === 0 ? registers : undefined;
}
