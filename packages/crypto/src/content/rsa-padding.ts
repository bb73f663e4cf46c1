/**
 * RSA paddings decoded by hand after a raw RSA operation, because no platform offers these forms:
 * OAEP with SHA-256 for the label and SHA-1 for MGF1 (what Java writes), and PKCS#1 v1.5, which Node refuses.
 * Both scan the whole block without a branch on its content: what is found wrong shows only in the result.
 */
import { equalBytesConstantTime } from "./bytes.ts";
import type { ContentCipher } from "./port.ts";

type Hash = "SHA-1" | "SHA-256";
const HASH_BYTES: Record<Hash, number> = { "SHA-1": 20, "SHA-256": 32 };

/** MGF1 (RFC 8017 B.2.1). */
async function mgf1(
  cipher: ContentCipher,
  hash: Hash,
  seed: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  const input = new Uint8Array(seed.length + 4);
  input.set(seed);
  const view = new DataView(input.buffer);
  for (let at = 0, counter = 0; at < length; counter++, at += HASH_BYTES[hash]) {
    view.setUint32(seed.length, counter);
    const block = await cipher.digest(hash, input);
    out.set(block.subarray(0, Math.min(block.length, length - at)), at);
  }
  return out;
}

/** 1 when x is zero, else 0; x in [0, 255]. */
function isZero(x: number): number {
  return ((x - 1) >>> 31) & 1;
}

/**
 * EME-OAEP decoding (RFC 8017 7.1.2 step 3) with an empty label. `undefined` for every kind of failure alike.
 * @param block the raw RSA result, as long as the modulus
 */
export async function decodeOaep(
  cipher: ContentCipher,
  labelHash: Hash,
  maskHash: Hash,
  block: Uint8Array,
): Promise<Uint8Array | undefined> {
  const size = HASH_BYTES[labelHash];
  if (block.length < 2 * size + 2) return undefined;
  // Copies: `slice` of a Buffer would share its memory.
  const seed = new Uint8Array(block.subarray(1, 1 + size));
  const data = new Uint8Array(block.subarray(1 + size));
  const seedMask = await mgf1(cipher, maskHash, data, size);
  for (let i = 0; i < size; i++) seed[i] = (seed[i] ?? 0) ^ (seedMask[i] ?? 0);
  const dataMask = await mgf1(cipher, maskHash, seed, data.length);
  for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ (dataMask[i] ?? 0);
  const label = await cipher.digest(labelHash, new Uint8Array(0));
  let good = isZero(block[0] ?? 1) & Number(equalBytesConstantTime(data.subarray(0, size), label));
  let found = 0;
  let start = 0;
  for (let i = size; i < data.length; i++) {
    const byte = data[i] ?? 0;
    const isOne = isZero(byte ^ 1);
    start |= -(isOne & ~found & 1) & (i + 1);
    good &= found | isOne | isZero(byte);
    found |= isOne;
  }
  return (good & found) === 1 ? data.slice(start) : undefined;
}

/**
 * EME-PKCS1-v1_5 decoding (RFC 8017 7.2.2 step 3) for a payload of known length, without an oracle: when the
 * padding is wrong, `fallback` comes back instead, chosen byte by byte with a mask, so that the caller cannot tell and
 * the failure shows as one of the content.
 * @param block the raw RSA result, as long as the modulus
 * @param fallback random bytes; its length is the only payload length accepted
 */
export function decodePkcs1(block: Uint8Array, fallback: Uint8Array): Uint8Array {
  const out = new Uint8Array(fallback);
  const separator = block.length - fallback.length - 1;
  // At least eight padding bytes (RFC 8017 7.2.1); a public fact about the key's size, so a branch is fine.
  if (separator < 10) return out;
  let good = isZero(block[0] ?? 1) & isZero((block[1] ?? 0) ^ 2) & isZero(block[separator] ?? 1);
  for (let i = 2; i < separator; i++) good &= 1 ^ isZero(block[i] ?? 0);
  const mask = -good & 0xff;
  for (let i = 0; i < out.length; i++)
    out[i] = ((block[separator + 1 + i] ?? 0) & mask) | ((out[i] ?? 0) & ~mask);
  return out;
}
