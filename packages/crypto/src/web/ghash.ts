/**
 * GHASH (SP 800-38D 6.4) with byte tables of Shoup's kind: 16 positions of 256 entries, 64 KiB a key.
 * Used only where WebCrypto has no streaming GCM. Table look-ups are not constant time against somebody who shares the
 * processor's cache; the platform's own GCM is used wherever a whole message fits in memory.
 */

const POSITIONS = 16;
const ENTRIES = 256;

/** tables[((position * 256) + byte) * 4 .. + 4] = byte at that position times H, four big-endian 32-bit words. */
function makeTables(h: Uint8Array): Uint32Array {
  const view = new DataView(h.buffer, h.byteOffset, 16);
  let a = view.getUint32(0);
  let b = view.getUint32(4);
  let c = view.getUint32(8);
  let d = view.getUint32(12);
  const tables = new Uint32Array(POSITIONS * ENTRIES * 4);
  for (let position = 0; position < POSITIONS; position++) {
    const base = position * ENTRIES;
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      const at = (base + bit) * 4;
      tables[at] = a;
      tables[at + 1] = b;
      tables[at + 2] = c;
      tables[at + 3] = d;
      // Multiply by x: a right shift in GCM's reflected bit order, reduced by 11100001 || 0^120.
      const carry = -(d & 1);
      d = (d >>> 1) | (c << 31);
      c = (c >>> 1) | (b << 31);
      b = (b >>> 1) | (a << 31);
      a = (a >>> 1) ^ (carry & 0xe1000000);
    }
    for (let byte = 1; byte < ENTRIES; byte++) {
      const low = byte & -byte;
      if (low === byte) continue;
      for (let word = 0; word < 4; word++)
        tables[(base + byte) * 4 + word] =
          (tables[(base + low) * 4 + word] ?? 0) ^ (tables[(base + (byte ^ low)) * 4 + word] ?? 0);
    }
  }
  return tables;
}

export class Ghash {
  readonly #tables: Uint32Array;
  readonly #state = new Uint8Array(16);
  /** Bytes already XORed into the state's current block. */
  #fill = 0;

  /** @param h the hash subkey: AES of the zero block */
  constructor(h: Uint8Array) {
    this.#tables = makeTables(h);
  }

  update(data: Uint8Array): void {
    const state = this.#state;
    let at = 0;
    while (at < data.length) {
      if (this.#fill === 0 && data.length - at >= 16) {
        at = this.#wholeBlocks(data, at);
        continue;
      }
      state[this.#fill] = (state[this.#fill] ?? 0) ^ (data[at++] ?? 0);
      if (++this.#fill === 16) this.pad();
    }
  }

  /** Ends the current partial block with zeros; nothing when there is none. */
  pad(): void {
    if (this.#fill === 0) return;
    this.#fill = 0;
    this.#wholeBlocks(new Uint8Array(16), 0);
  }

  /** The hash after the block of both bit lengths. */
  digest(aadBytes: number, textBytes: number): Uint8Array {
    this.pad();
    const lengths = new DataView(new ArrayBuffer(16));
    lengths.setBigUint64(0, BigInt(aadBytes) * 8n);
    lengths.setBigUint64(8, BigInt(textBytes) * 8n);
    this.update(new Uint8Array(lengths.buffer));
    return this.#state.slice();
  }

  #wholeBlocks(data: Uint8Array, from: number): number {
    const tables = this.#tables;
    const state = this.#state;
    let at = from;
    for (; data.length - at >= 16; at += 16) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = 0; i < 16; i++) {
        const entry = (i * ENTRIES + ((state[i] ?? 0) ^ (data[at + i] ?? 0))) * 4;
        a ^= tables[entry] ?? 0;
        b ^= tables[entry + 1] ?? 0;
        c ^= tables[entry + 2] ?? 0;
        d ^= tables[entry + 3] ?? 0;
      }
      writeWords(state, a, b, c, d);
    }
    return at;
  }
}

function writeWords(out: Uint8Array, a: number, b: number, c: number, d: number): void {
  for (let i = 0; i < 4; i++) {
    const shift = 24 - 8 * i;
    out[i] = a >>> shift;
    out[4 + i] = b >>> shift;
    out[8 + i] = c >>> shift;
    out[12 + i] = d >>> shift;
  }
}
