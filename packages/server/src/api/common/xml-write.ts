/**
 * XML that we send, written by plain concatenation: a page of a thousand keys must cost little. Text is escaped as S3
 * escapes it, control characters as references (`&#x0;`), which is no valid XML but what clients of S3 know.
 */
export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
export const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const MUST_ESCAPE = /[\0-\x1f\x7f&<>"\ufffe\uffff]/;
// oxlint-disable-next-line no-control-regex -- as above
const EACH_ESCAPE = /[\0-\x1f\x7f&<>"\ufffe\uffff]/g;

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

/** U+FFFE, U+FFFF and control characters are references; everything else but the four stands for itself. */
export function escapeXml(text: string): string {
  return MUST_ESCAPE.test(text) ? text.replace(EACH_ESCAPE, (c) => escapeUnit(c.charCodeAt(0))) : text;
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

/**
 * ISO 8601. Milliseconds are always zero, as S3's are, so that listings, HEAD and conditional requests tell the same
 * time of the same object.
 */
export function isoDate(ms: number): string {
  return new Date(ms - (ms % 1000)).toISOString();
}
