/**
 * Percent-encoding as SigV4 wants it (spec access 1.2): a byte is either unreserved and stands for itself, or is `%XX`
 * in upper case. One pass finds out whether a text is in that form already, which it nearly always is; only then is
 * anything copied. Texts hold one character per byte, as Node hands out the request target.
 */
import { fail } from "../base/errors.ts";

const SLASH = 0x2f;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** 1 for A-Z a-z 0-9 - . _ ~ */
const UNRESERVED = new Uint8Array(256);
/** Value of a hex digit, 255 for anything else. */
const HEX_VALUE = new Uint8Array(256).fill(255);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
  UNRESERVED[c.charCodeAt(0)] = 1;
for (const c of "0123456789ABCDEFabcdef") HEX_VALUE[c.charCodeAt(0)] = Number.parseInt(c, 16);
/** `%XX` by byte. */
const ESCAPES = Array.from({ length: 256 }, (_, i) => `%${i.toString(16).toUpperCase().padStart(2, "0")}`);

const isUpperHex = (c: number): boolean => (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46);

/** Bounds are the caller's; a unit above 255 is no byte and has no value in either table. */
const hexAt = (text: string, i: number): number => HEX_VALUE[text.charCodeAt(i)] ?? 255;

function isCanonical(text: string, keepSlash: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (UNRESERVED[c] === 1 || (c === SLASH && keepSlash)) continue;
    if (c !== PERCENT || i + 2 >= text.length) return false;
    if (!isUpperHex(text.charCodeAt(i + 1)) || !isUpperHex(text.charCodeAt(i + 2))) return false;
    const byte = hexAt(text, i + 1) * 16 + hexAt(text, i + 2);
    if (UNRESERVED[byte] === 1 || (byte === SLASH && keepSlash)) return false;
    i += 2;
  }
  return true;
}

/** The bytes meant by a raw text; throws InvalidURI on a bad escape or a character that is no byte. */
function decodeBytes(text: string, plusIsSpace: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i);
    if (c > 255) fail("InvalidURI");
    if (c === PERCENT) {
      const high = i + 2 < text.length ? hexAt(text, i + 1) : 255;
      const low = high === 255 ? 255 : hexAt(text, i + 2);
      if (low === 255) fail("InvalidURI");
      c = high * 16 + low;
      i += 2;
    } else if (c === PLUS && plusIsSpace) {
      c = SPACE;
    }
    bytes[size++] = c;
  }
  return bytes.subarray(0, size);
}

function encodeBytes(bytes: Uint8Array, keepSlash: boolean): string {
  let text = "";
  for (const b of bytes) {
    text += UNRESERVED[b] === 1 || (b === SLASH && keepSlash) ? String.fromCharCode(b) : ESCAPES[b];
  }
  return text;
}

/** Decode once, encode once. Throws InvalidURI. */
export function canonicalPath(raw: string): string {
  return isCanonical(raw, true) ? raw : encodeBytes(decodeBytes(raw, false), true);
}

/** One name or value of a query: as {@link canonicalPath}, but `/` is encoded and a raw `+` means a space. */
export function canonicalQueryText(raw: string): string {
  return isCanonical(raw, false) ? raw : encodeBytes(decodeBytes(raw, true), false);
}

/** Encodes the text as it stands, `%` included: the second encoding of the services other than S3. */
export function encodeAgain(raw: string): string {
  return encodeBytes(Buffer.from(raw, "latin1"), true);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a text in canonical form means, as UTF-8; throws InvalidURI if the bytes are not well-formed UTF-8 (no
 * replacement characters: two different names must never become one).
 */
export function decodeCanonical(canonical: string): string {
  if (!canonical.includes("%")) return canonical;
  try {
    return UTF8.decode(decodeBytes(canonical, false));
  } catch (cause) {
    return fail("InvalidURI", { cause });
  }
}
