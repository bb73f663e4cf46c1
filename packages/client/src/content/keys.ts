/** From the data key to the key, nonce and AAD of the content (spec 4.1 and 4.2). */
import { type ContentCipher, concatBytes, utf8 } from "@strongroom/crypto/common";

/** Everything an AES-GCM message needs. INVARIANT: one message per (key, nonce), ever. */
export interface ContentKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

const SUITE_ID = Uint8Array.of(0x00, 0x73);
const COMMIT_INFO = concatBytes([SUITE_ID, utf8("COMMITKEY")]);
const DERIVE_INFO = concatBytes([SUITE_ID, utf8("DERIVEKEY")]);
const COMMITMENT_BYTES = 28;
const KEY_BYTES = 32;
/** Fixed, because the content key is fresh for every (data key, message id). Early drafts used zeros; no release did. */
const COMMITTING_NONCE = new Uint8Array(12).fill(1);

export async function deriveCommitment(
  cipher: ContentCipher,
  dataKey: Uint8Array,
  messageId: Uint8Array,
): Promise<Uint8Array> {
  return cipher.hkdfSha512(dataKey, messageId, COMMIT_INFO, COMMITMENT_BYTES);
}

/** Also for ranges: the derivation has 0x0073 in it, not the CTR suite's own number. */
export async function committingKey(
  cipher: ContentCipher,
  dataKey: Uint8Array,
  messageId: Uint8Array,
): Promise<ContentKey> {
  const key = await cipher.hkdfSha512(dataKey, messageId, DERIVE_INFO, KEY_BYTES);
  return { key, nonce: COMMITTING_NONCE, aad: SUITE_ID };
}

/** V2: the data key itself, and no AAD at all. */
export function plainGcmKey(dataKey: Uint8Array, iv: Uint8Array): ContentKey {
  return { key: dataKey, nonce: iv, aad: new Uint8Array(0) };
}

/** The counter block of AES-CTR that decrypts a GCM ciphertext from a stored offset, a multiple of 16 (spec section 8). */
export function counterBlockAt(nonce: Uint8Array, storedOffset: number): Uint8Array {
  const block = new Uint8Array(16);
  block.set(nonce);
  new DataView(block.buffer).setUint32(12, 2 + storedOffset / 16);
  return block;
}
