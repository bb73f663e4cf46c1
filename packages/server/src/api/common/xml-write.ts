/**
 * XML that we send, written by plain concatenation: a page of a thousand keys must cost little. Text is escaped as S3
 * escapes it, control characters as references (`&#x0;`), which is no valid XML but what clients of S3 know.
 */
export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
export const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

function mustEscape(code: number): boolean {
  return code < 0x20 || code === 0x26 || code === 0x3c || code === 0x3e || code === 0x22 || code === 0x7f;
}

function escapeUnit(code: number): string {
  switch (code) {
    case 0x26:
      return "&amp;";
    case 0x3c:
      return "&lt;";
    case 0x3e:
      return "&gt;";
    case 0x22:
      return "&quot;";
    default:
      return `&#x${code.toString(16)};`;
  }
}

/** U+FFFE and U+FFFF and control characters are references; everything else but the four stands for itself. */
export function escapeXml(text: string): string {
  let start = 0;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!mustEscape(code) && code < 0xfffe) continue;
    out += text.slice(start, i) + escapeUnit(code);
    start = i + 1;
  }
  return start === 0 ? text : out + text.slice(start);
}

/** `<name>text</name>`; nothing at all for `undefined`. */
export function tag(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  return `<${name}>${typeof value === "string" ? escapeXml(value) : String(value)}</${name}>`;
}

/** An element around markup that is already escaped. */
export function wrap(name: string, inner: string): string {
  return inner === "" ? `<${name}/>` : `<${name}>${inner}</${name}>`;
}

/** A whole document of the S3 namespace. */
export function s3Document(root: string, inner: string): string {
  const open = `${XML_HEAD}<${root} xmlns="${S3_NAMESPACE}"`;
  return inner === "" ? `${open}/>` : `${open}>${inner}</${root}>`;
}

/** ISO 8601 with milliseconds, as S3's documents carry dates. */
export function isoDate(ms: number): string {
  return new Date(ms).toISOString();
}
