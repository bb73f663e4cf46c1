/** Arithmetic on byte strings in their bytewise order: what every home's scan and groups are made of. */

export const compareKeys = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export const startsWith = (key: Uint8Array, prefix: Uint8Array): boolean =>
  key.length >= prefix.length && equalBytes(key.subarray(0, prefix.length), prefix);

/** The first key after `key`: nothing sorts between the two. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** The first key after all that begin with `prefix`; undefined if there is none (the prefix is empty or all FF). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

/** The offset of `part` in `key` at or after `from`, or -1. */
export const indexOfBytes = (key: Uint8Array, part: Uint8Array, from: number): number =>
  Buffer.from(key.buffer, key.byteOffset, key.length).indexOf(part, from);

/**
 * The length of the common prefix that `key` falls into (up to and with the first delimiter at or after `from`, ending
 * before the terminator), or 0 if it stands for itself.
 */
export function groupLength(
  key: Uint8Array,
  from: number,
  delimiter: Uint8Array,
  terminator: Uint8Array | undefined,
): number {
  if (delimiter.length === 0) return 0;
  const at = indexOfBytes(key, delimiter, from);
  if (at < 0) return 0;
  const end = at + delimiter.length;
  if (terminator === undefined) return end;
  const stop = indexOfBytes(key, terminator, from);
  return stop >= 0 && end > stop ? 0 : end;
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
