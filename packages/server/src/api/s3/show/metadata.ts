/**
 * User metadata on the way out. S3 stores the bytes of a header and reads them as latin-1; a value with anything but
 * plain ASCII comes back as RFC 2047 encoded words of that latin-1 text in UTF-8, so that a client's UTF-8 is encoded
 * twice. Clients know and undo it (the S3 Encryption Client keeps key material in such values), so the form is kept to
 * the byte: Q encoding if most characters are ASCII, else B; a word's text is halved until it fits 75 characters.
 */
const CHARSET = "UTF-8";
/** 75 characters a word, less `=?UTF-8?Q?` and `?=` and one in reserve. */
const WORD_CHARS_MAX = 68 - CHARSET.length;

function isPlain(code: number): boolean {
  return (code >= 0x20 && code < 0x7f) || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** A stored value (one character per byte) as the response header carries it. */
export function metadataValue(value: string): string {
  let plain = 0;
  for (let i = 0; i < value.length; i++) if (isPlain(value.charCodeAt(i))) plain++;
  if (plain === value.length) return value;
  const encoding = plain > value.length - plain ? "Q" : "B";
  const words: string[] = [];
  encodeWords(value, encoding, words);
  return words.join(" ");
}

function encodeWords(text: string, encoding: "Q" | "B", words: string[]): void {
  const bytes = Buffer.from(text, "utf8");
  const size = encoding === "B" ? Math.ceil(bytes.length / 3) * 4 : quotedSize(bytes);
  if (size > WORD_CHARS_MAX && text.length > 1) {
    const half = text.length >> 1;
    encodeWords(text.slice(0, half), encoding, words);
    encodeWords(text.slice(half), encoding, words);
    return;
  }
  words.push(`=?${CHARSET}?${encoding}?${encoding === "B" ? bytes.toString("base64") : quoted(bytes)}?=`);
}

const SPECIALS = "=_?";
const needsQuoting = (byte: number): boolean =>
  byte < 0x20 || byte >= 0x7f || SPECIALS.includes(String.fromCharCode(byte));

function quotedSize(bytes: Uint8Array): number {
  let size = 0;
  for (const byte of bytes) size += needsQuoting(byte) ? 3 : 1;
  return size;
}

function quoted(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x20) text += "_";
    else if (needsQuoting(byte)) text += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}
