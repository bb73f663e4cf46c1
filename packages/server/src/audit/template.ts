/**
 * Texts of records that differ in few values only: the same client asks for one object after the other. Such a record is
 * stored as the hash of its template and the values that fill it; the template stands once in each frame that needs it
 * (docs/format/audit.md section 3). Pure.
 */
import { trailHash } from "@strongroom/crypto";

/**
 * Where a value goes in a template, and between values. JSON texts hold no such character: JSON escapes it.
 */
export const SLOT = "\0";
const SLOT_BYTE = 0;

export class Template {
  readonly bytes: Uint8Array;
  /** SHA-256 of `bytes`. */
  readonly hash: Uint8Array;

  /** `text`: a record's text with a {@link SLOT} in each place of a value. */
  constructor(text: string) {
    this.bytes = Buffer.from(text);
    this.hash = trailHash(this.bytes);
  }
}

/** The text of a record; undefined where there are more or fewer values than slots. */
export function fill(template: Uint8Array, values: Uint8Array): Uint8Array | undefined {
  let pieces = PIECES.get(template);
  if (pieces === undefined) PIECES.set(template, (pieces = piecesOf(template)));
  const filling = piecesOf(values);
  if (filling.length !== pieces.length - 1) return undefined;
  // Of both, all but the slots; there is one less among the values.
  const out = new Uint8Array(template.length + values.length - (2 * filling.length - 1));
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    out.set(piece, at);
    at += piece.length;
    const value = filling[i];
    if (value === undefined) continue;
    out.set(value, at);
    at += value.length;
  }
  return out;
}

/** Of templates that a frame's records share. */
const PIECES = new WeakMap<Uint8Array, readonly Uint8Array[]>();

function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf(SLOT_BYTE, at);
    if (end < 0) {
      pieces.push(bytes.subarray(at));
      return pieces;
    }
    pieces.push(bytes.subarray(at, end));
    at = end + 1;
  }
}
