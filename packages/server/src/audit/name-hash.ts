/**
 * 64 bits of a name, in two halves: enough that among all records of a trail none is counted for another by chance. Not
 * against somebody who looks for collisions: records that are shown are read and compared.
 */
import { NAMED, type NamedField } from "./facts.ts";

export interface NameHash {
  readonly high: number;
  readonly low: number;
}

/** Two multiplicative hashes over UTF-16 units, each with a finishing mix. */
export function nameHash(field: NamedField, name: string): NameHash {
  let a = 0x811c9dc5 ^ NAMED.indexOf(field);
  let b = 0x9747b28c ^ name.length;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return { high: mix(a), low: mix(b) };
}

function mix(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
