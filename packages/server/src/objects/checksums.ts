/** Digests and checksums of plaintext. */
import { createHash, hash } from "node:crypto";
import { crc32, crc32c } from "@node-rs/crc32";
import { assert } from "../base/errors.ts";
import type { ChecksumAlgorithm } from "./api.ts";

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  digest(): Uint8Array;
}

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case "MD5":
    case "SHA1":
    case "SHA256":
    case "SHA512": {
      const h = createHash(algorithm.toLowerCase());
      return {
        update: (bytes) => void h.update(bytes),
        digest: () => new Uint8Array(h.digest()),
      };
    }
    case "CRC32":
    case "CRC32C": {
      const step = algorithm === "CRC32" ? crc32 : crc32c;
      let state = 0;
      return {
        update: (bytes) => {
          state = step(bytes, state);
        },
        digest: () => u32(state),
      };
    }
    case "CRC64NVME":
      return new Crc64();
    case "XXHASH64":
    case "XXHASH3":
    case "XXHASH128":
      return assert(false, "not yet") as never;
  }
}

export function digestOnce(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Uint8Array {
  switch (algorithm) {
    case "MD5":
    case "SHA1":
    case "SHA256":
    case "SHA512":
      return hash(algorithm.toLowerCase(), bytes, "buffer");
    default: {
      const h = createHasher(algorithm);
      h.update(bytes);
      return h.digest();
    }
  }
}

function u32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

const LOW = new Uint32Array(256);
const HIGH = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let high = 0;
  let low = i;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (odd !== 0) {
      high = (high ^ 0x9a6c9329) >>> 0;
      low = (low ^ 0xac4bc9b5) >>> 0;
    }
  }
  LOW[i] = low;
  HIGH[i] = high;
}

class Crc64 implements Hasher {
  #high = 0xffff_ffff;
  #low = 0xffff_ffff;
  update(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      const i = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[i] ?? 0);
      high = (high >>> 8) ^ (HIGH[i] ?? 0);
    }
    this.#high = high;
    this.#low = low;
  }
  digest(): Uint8Array {
    const out = new Uint8Array(8);
    out.set(u32(~this.#high), 0);
    out.set(u32(~this.#low), 4);
    return out;
  }
}
