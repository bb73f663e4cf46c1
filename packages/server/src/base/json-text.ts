/**
 * JSON texts put together by hand. Nearly all strings in them need no escape, and to see that costs a fraction of
 * `JSON.stringify`, which the records of the trail would call several times for each request.
 */

/** As `JSON.stringify` writes a string. */
export const jsonString = (text: string): string =>
  needsNoEscape(text) ? `"${text}"` : JSON.stringify(text);

/** The same without its quotation marks. */
export const jsonInside = (text: string): string =>
  needsNoEscape(text) ? text : JSON.stringify(text).slice(1, -1);

/** Printable ASCII without `"` and `\`. */
function needsNoEscape(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}
