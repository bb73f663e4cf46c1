/** `YYYYMMDDTHHMMSSZ`, the only time format inside a signature, and the `Date` header as its stand-in. */

export interface Timestamp {
  /** ISO basic, as it stands in the string to sign. */
  readonly text: string;
  readonly ms: number;
}

const two = (text: string, i: number): number => {
  const high = text.charCodeAt(i) - 0x30;
  const low = text.charCodeAt(i + 1) - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
};

/** Requests of one second carry the same text. */
let last: Timestamp | undefined;

/** Undefined unless `text` is a real instant in ISO basic format. */
export function parseTimestamp(text: string): Timestamp | undefined {
  if (text === last?.text) return last;
  if (text.length !== 16 || text[8] !== "T" || text[15] !== "Z") return undefined;
  const [month, day] = [two(text, 4), two(text, 6)];
  const [hour, minute, second] = [two(text, 9), two(text, 11), two(text, 13)];
  const ms = Date.UTC(two(text, 0) * 100 + two(text, 2), month - 1, day, hour, minute, second);
  // Date.UTC rolls over: the 31st of June and 24 o'clock are refused by comparing what came out. NaN fails too.
  const date = new Date(ms);
  const real =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!real) return undefined;
  last = { text, ms };
  return last;
}

/** `20130524T000000Z` of an instant. */
export function formatTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** `2013-05-24T00:00:00Z`, as error elements show times. */
export function formatIso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const RFC_1123 =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:GMT|UTC|[+-]0000)$/;
const ZERO_ZONE = /(?:UTC|[+-]0000)$/;

/** The `Date` header: ISO basic or RFC 1123, whose GMT some clients (botocore) write as `-0000`, as mail does. */
export function parseDateHeader(text: string): Timestamp | undefined {
  const basic = parseTimestamp(text);
  if (basic !== undefined) return basic;
  if (!RFC_1123.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || new Date(ms).toUTCString() !== text.replace(ZERO_ZONE, "GMT")) return undefined;
  return { text: formatTimestamp(ms), ms };
}

/** Eight digits. Whether they name a real day shows when they are held against the timestamp. */
export function isScopeDate(text: string): boolean {
  return text.length === 8 && !Number.isNaN(two(text, 0) + two(text, 2) + two(text, 4) + two(text, 6));
}
