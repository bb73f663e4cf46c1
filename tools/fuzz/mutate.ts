/** Random mutation with a seed, so that every finding can be made again. */

/** xorshift32: small, seeded, good enough to choose edits. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }
  /** 0 <= n < max */
  below(max: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % Math.max(max, 1);
  }
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}

const INPUT_BYTES_MAX = 1 << 17;

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}

function edit(
  bytes: Uint8Array,
  corpus: readonly Uint8Array[],
  words: readonly string[],
  random: Random,
): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0: {
      const copy = Uint8Array.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
    case 1:
      return splice(bytes, at, 1, Uint8Array.of(random.below(256)));
    case 2:
      return splice(bytes, at, 0, Uint8Array.of(random.below(256)));
    case 3:
      return splice(bytes, at, random.below(16), new Uint8Array(0));
    case 4: {
      const from = random.below(bytes.length);
      return splice(bytes, at, 0, bytes.subarray(from, from + random.below(64)));
    }
    case 5: {
      const other = random.pick(corpus) ?? bytes;
      const from = random.below(other.length);
      return splice(bytes, at, random.below(32), other.subarray(from, from + random.below(128)));
    }
    case 6:
      return bytes.subarray(0, at);
    default:
      return splice(bytes, at, random.below(4), Buffer.from(random.pick(words) ?? "\r\n", "latin1"));
  }
}

export function mutate(corpus: readonly Uint8Array[], words: readonly string[], random: Random): Uint8Array {
  let bytes = random.pick(corpus) ?? new Uint8Array(0);
  for (let n = 1 + random.below(6); n > 0; n--) bytes = edit(bytes, corpus, words, random);
  return bytes.subarray(0, INPUT_BYTES_MAX);
}
