/**
 * Terms by which records are found: `<field>=<value>`, hashed to 32 bits. A group of records keeps its terms as a Bloom
 * filter of 16 bits a term and four probes (one group in 400 is read in vain). Docs: format/audit section 7.
 */
export const TERM_FIELDS = [
  "principal",
  "accessKey",
  "user",
  "event",
  "error",
  "key",
  "material",
  "object",
  "bucket",
  "request",
  "source",
] as const;
export type TermField = (typeof TERM_FIELDS)[number];

const BITS_A_TERM = 16;
const PROBES = 4;

/** FNV-1a over UTF-16 units with a finishing mix. */
export function termHash(field: TermField, value: string): number {
  let h = 0x811c9dc5 ^ TERM_FIELDS.indexOf(field);
  for (let i = 0; i < value.length; i++) h = Math.imul(h ^ value.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function bloomOf(terms: ReadonlySet<number>): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, Math.ceil((terms.size * BITS_A_TERM) / 8)));
  const bits = bytes.length * 8;
  for (const term of terms) {
    let at = term;
    const step = stepOf(term);
    for (let i = 0; i < PROBES; i++) {
      const bit = at % bits;
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
      at = (at + step) >>> 0;
    }
  }
  return bytes;
}

export function mayHold(bloom: Uint8Array, term: number): boolean {
  const bits = bloom.length * 8;
  let at = term;
  const step = stepOf(term);
  for (let i = 0; i < PROBES; i++) {
    const bit = at % bits;
    if (((bloom[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    at = (at + step) >>> 0;
  }
  return true;
}

const stepOf = (term: number): number => (Math.imul(term ^ 0x9e3779b9, 0x2545f491) >>> 0) | 1;
