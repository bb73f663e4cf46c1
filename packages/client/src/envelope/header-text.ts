/**
 * Undoes what S3 does to non-ASCII user metadata (spec 3.2): it reads the sent UTF-8 bytes as Latin-1, writes the result
 * as UTF-8 and wraps that in RFC 2047 encoded words. Only for JSON values from object metadata.
 */
const utf8Strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// S3 leaves { " : , / unescaped inside Q words, which strict RFC 2047 readers refuse.
const WORD = /=\?utf-8\?([bq])\?([^? ]*)\?=/gi;

export function decodeHeaderText(value: string): string {
  try {
    return repairLatin1(value.includes("=?") ? decodeWords(value) : value);
  } catch {
    // Not UTF-8 after all, or no base64: the text means itself, as step 3 of the algorithm says.
    return value;
  }
}

function decodeWords(value: string): string {
  const joined = value.replace(/\?=[ \t\r\n]+=\?/g, "?==?");
  return joined.replace(WORD, (_, form: string, text: string) =>
    utf8Strict.decode(form.toLowerCase() === "b" ? binary(atob(text)) : decodeQ(text)),
  );
}

function decodeQ(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === "=" ? text.slice(i + 1, i + 3) : "";
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else bytes.push(text[i] === "_" ? 0x20 : text.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

/** Each run of U+0080..U+00FF is UTF-8 read as Latin-1. Runs on the joined text: S3 splits such pairs between words. */
function repairLatin1(text: string): string {
  if (/[\u0100-\uffff]/.test(text)) return text;
  try {
    return text.replace(/[\u0080-\u00ff]+/g, (run) => utf8Strict.decode(binary(run)));
  } catch {
    return text;
  }
}

function binary(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
