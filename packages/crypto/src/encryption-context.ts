/**
 * Canonical encoding of an encryption context: the AAD of KMS blobs and a part of kek references.
 *
 *     u32be(count of pairs), then for each pair in the order of the keys' UTF-8 bytes: LP(key) LP(value)
 *
 * Lengths, because joined strings collide; bytes, because JavaScript orders strings by UTF-16 units.
 */
import { Reader, utf8, Writer } from "./bytes.ts";
import { CryptoError } from "./errors.ts";

export type EncryptionContext = ReadonlyMap<string, string>;

/** UTF-8 bytes of all keys and values together. */
export const CONTEXT_BYTES_MAX = 8192;
export const CONTEXT_PAIRS_MAX = 256;

const EMPTY: Uint8Array = new Uint8Array(4);

/**
 * The canonical encoding. Absent and empty are the same. Throws BadContext for an empty or doubled key, a lone surrogate,
 * more than 256 pairs or 8,192 bytes. Nothing is normalised, trimmed or folded.
 */
export function canonicalContext(context: Iterable<readonly [string, string]> = []): Uint8Array {
  if (context instanceof Map && context.size === 1) return canonicalPair(context);
  const pairs: (readonly [Uint8Array, Uint8Array])[] = [];
  let size = 0;
  for (const [key, value] of context) {
    if (key === "") throw new CryptoError("BadContext", "an empty key");
    if (!key.isWellFormed() || !value.isWellFormed()) throw new CryptoError("BadContext", "a lone surrogate");
    const pair = [utf8(key), utf8(value)] as const;
    size += pair[0].length + pair[1].length;
    if (size > CONTEXT_BYTES_MAX) throw new CryptoError("BadContext", `more than ${CONTEXT_BYTES_MAX} bytes`);
    if (pairs.length === CONTEXT_PAIRS_MAX)
      throw new CryptoError("BadContext", `more than ${CONTEXT_PAIRS_MAX} pairs`);
    pairs.push(pair);
  }
  if (pairs.length === 0) return EMPTY.slice();
  pairs.sort((a, b) => compareBytes(a[0], b[0]));
  const out = new Writer(4 + 8 * pairs.length + size).u32(pairs.length);
  let previous: Uint8Array | undefined;
  for (const [key, value] of pairs) {
    if (previous !== undefined && compareBytes(previous, key) === 0)
      throw new CryptoError("BadContext", "a key twice");
    previous = key;
    out.lp(key).lp(value);
  }
  return out.done();
}

/** The one pair of most contexts (S3's own): nothing to sort, encoded in place. */
function canonicalPair(context: EncryptionContext): Uint8Array {
  for (const [key, value] of context) {
    if (key === "") throw new CryptoError("BadContext", "an empty key");
    if (!key.isWellFormed() || !value.isWellFormed()) throw new CryptoError("BadContext", "a lone surrogate");
    const bytes = Writer.scratch(4 + 8 + (key.length + value.length) * 3)
      .u32(1)
      .lpText(key)
      .lpText(value)
      .done();
    if (bytes.length > 4 + 8 + CONTEXT_BYTES_MAX)
      throw new CryptoError("BadContext", `more than ${CONTEXT_BYTES_MAX} bytes`);
    return bytes;
  }
  return EMPTY.slice();
}

/** The pairs of a canonical encoding, in its order. Throws Malformed for anything that {@link canonicalContext} would not write. */
export function decodeContext(bytes: Uint8Array): EncryptionContext {
  const reader = new Reader(bytes, "encryption context");
  const count = reader.u32();
  if (count > CONTEXT_PAIRS_MAX || bytes.length > 4 + 8 * count + CONTEXT_BYTES_MAX)
    reader.fail("exceeds its limits");
  const pairs = new Map<string, string>();
  let previous: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const key = reader.lpText();
    if (key === "") reader.fail("keys out of order");
    if (count > 1) {
      const encoded = utf8(key);
      if (compareBytes(previous, encoded) >= 0) reader.fail("keys out of order");
      previous = encoded;
    }
    pairs.set(key, reader.lpText());
  }
  reader.end();
  return pairs;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
