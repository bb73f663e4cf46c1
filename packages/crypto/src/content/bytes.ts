/** Byte plumbing that runs everywhere: no Buffer, no node: import. */

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Equality whose time depends on the lengths only. */
export function equalBytesConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** RFC 4648 section 4, strict: padding required, no line breaks, unused bits zero. `undefined` otherwise. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!BASE64.test(text)) return undefined;
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  // Two texts must not stand for the same bytes: the bits that the padding leaves over are zero (RFC 4648 3.5).
  return encodeBase64(out) === text ? out : undefined;
}

const ENCODE_STEP = 8192;

export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  // In steps, because a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += ENCODE_STEP)
    binary += String.fromCharCode(...bytes.subarray(i, i + ENCODE_STEP));
  return btoa(binary);
}
