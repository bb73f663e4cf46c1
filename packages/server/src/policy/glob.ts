/**
 * Wildcard matching: `*` is any run of characters, the empty one included, `?` is one character (a code point). No regular
 * expressions and no backtracking: between two stars the leftmost match is always the right one, so a match costs at most
 * text times pattern, and a {@link Meter} bounds the sum over a decision. Running out throws, and a decision that throws
 * denies.
 */
import { PATTERN_STEPS } from "../base/limits.ts";

export interface Meter {
  /** Comparisons still allowed. */
  left: number;
}
export class EvaluationLimitError extends Error {
  constructor() {
    super("the policies in play cost more comparisons than one decision may");
    this.name = "EvaluationLimitError";
  }
}

/** Literal text is matched as it is: a star that came out of a policy variable is a star, not a wildcard. */
export type Token = { readonly literal: string } | "any" | "one";

/** The text between two stars. Where `ones` is 1 the character is a `?` wildcard. */
interface Piece {
  readonly text: string;
  readonly ones: Uint8Array | undefined;
}
export interface Glob {
  readonly first: Piece;
  readonly middle: readonly Piece[];
  /** Absent when there is no star at all. */
  readonly last: Piece | undefined;
}

const EMPTY: Piece = { text: "", ones: undefined };

export function compileGlob(tokens: readonly Token[]): Glob {
  const pieces: Piece[] = [];
  let text = "";
  let ones: number[] = [];
  let starred = false;
  const close = (): void => {
    const mask = ones.length === 0 ? undefined : new Uint8Array(text.length);
    for (const at of ones) if (mask !== undefined) mask[at] = 1;
    pieces.push({ text, ones: mask });
    text = "";
    ones = [];
  };
  for (const token of tokens) {
    if (token === "any") {
      close();
      starred = true;
    } else if (token === "one") {
      ones.push(text.length);
      text += "?";
    } else text += token.literal;
  }
  close();
  const [first = EMPTY, ...rest] = pieces;
  const last = starred ? rest.pop() : undefined;
  return { first, middle: rest.filter((piece) => piece.text !== ""), last };
}

/** Splits a pattern at its wildcards; no variables, no escapes. */
export function wildcardTokens(source: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  for (let i = 0; i < source.length; i++) {
    const char = source.charCodeAt(i);
    if (char !== STAR && char !== QUESTION) continue;
    if (i > from) tokens.push({ literal: source.slice(from, i) });
    tokens.push(char === STAR ? "any" : "one");
    from = i + 1;
  }
  if (from < source.length) tokens.push({ literal: source.slice(from) });
  return tokens;
}
const STAR = 42;
const QUESTION = 63;

export function matchGlob(glob: Glob, text: string, meter: Meter): boolean {
  const { first, last } = glob;
  spend(meter, PATTERN_STEPS);
  if (last === undefined) {
    return first.ones === undefined ? first.text === text : forward(first, text, 0, meter) === text.length;
  }
  let from = forward(first, text, 0, meter);
  if (from < 0) return false;
  const to = backward(last, text, meter);
  if (to < from) return false;
  for (const piece of glob.middle) {
    from = search(piece, text, from, to, meter);
    if (from < 0) return false;
  }
  return true;
}

const isHigh = (unit: number): boolean => (unit & 0xfc00) === 0xd800;
const isLow = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;

/** Throws EvaluationLimitError. */
export function spend(meter: Meter, cost: number): void {
  meter.left -= cost;
  if (meter.left < 0) throw new EvaluationLimitError();
}

/** Where a match of the piece that starts at `at` ends, or -1. */
function forward(piece: Piece, text: string, at: number, meter: Meter): number {
  const { text: wanted, ones } = piece;
  if (ones === undefined) return text.startsWith(wanted, at) ? at + wanted.length : -1;
  let pos = at;
  for (let i = 0; i < wanted.length; i++) {
    const unit = text.charCodeAt(pos);
    if (ones[i] === 1 && pos < text.length) pos += isHigh(unit) && isLow(text.charCodeAt(pos + 1)) ? 2 : 1;
    else if (unit === wanted.charCodeAt(i)) pos++;
    else {
      spend(meter, i + 1);
      return -1;
    }
  }
  spend(meter, wanted.length);
  return pos;
}

/** Where a match of the piece that ends with the text starts, or -1. */
function backward(piece: Piece, text: string, meter: Meter): number {
  const { text: wanted, ones } = piece;
  if (ones === undefined) return text.endsWith(wanted) ? text.length - wanted.length : -1;
  let pos = text.length;
  for (let i = wanted.length - 1; i >= 0; i--) {
    const unit = text.charCodeAt(pos - 1);
    if (ones[i] === 1 && pos > 0) pos -= isLow(unit) && pos > 1 && isHigh(text.charCodeAt(pos - 2)) ? 2 : 1;
    else if (unit === wanted.charCodeAt(i)) pos--;
    else {
      spend(meter, wanted.length - i);
      return -1;
    }
  }
  spend(meter, wanted.length);
  return pos;
}

/** Pieces up to this length go to the engine's own search, whose worst case is then a small multiple of the text. */
const NATIVE_SEARCH_UNITS_MAX = 16;

/** Where the leftmost match inside `text[from, to)` ends, or -1. */
function search(piece: Piece, text: string, from: number, to: number, meter: Meter): number {
  const { text: wanted, ones } = piece;
  if (ones === undefined && wanted.length <= NATIVE_SEARCH_UNITS_MAX) {
    const at = text.indexOf(wanted, from);
    spend(meter, (at < 0 ? text.length : at) - from);
    return at < 0 || at + wanted.length > to ? -1 : at + wanted.length;
  }
  for (let at = from; at < to; at++) {
    if (isLow(text.charCodeAt(at)) && at > from) continue;
    spend(meter, 1);
    const end = ones === undefined ? literalAt(wanted, text, at, meter) : forward(piece, text, at, meter);
    if (end >= 0) return end <= to ? end : -1;
  }
  return -1;
}

function literalAt(wanted: string, text: string, at: number, meter: Meter): number {
  let i = 0;
  while (i < wanted.length && text.charCodeAt(at + i) === wanted.charCodeAt(i)) i++;
  spend(meter, i);
  return i === wanted.length ? at + i : -1;
}
