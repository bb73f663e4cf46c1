/**
 * Randomness for keys, salts and nonces. A call to the system's generator costs the same for 12 bytes as for 4 KiB, so
 * small amounts come from a pool of one process, wiped as it is used. Filled on first use only: nothing is prefetched, so
 * no snapshot and no worker process inherits any of it.
 */
import { randomFillSync } from "node:crypto";

/** The source of every random byte of this package. Tests that need exact bytes pass their own. */
export interface Random {
  /** Overwrites all of `into`. */
  fill(into: Uint8Array): void;
}

const POOL_BYTES = 4096;
/** More is worth a call of its own. */
const INDEXED_BYTES_MAX = 256;

class PooledRandom implements Random {
  #pool: Uint8Array | undefined;
  #used = POOL_BYTES;

  fill(into: Uint8Array): void {
    if (into.length > INDEXED_BYTES_MAX) {
      randomFillSync(into);
      return;
    }
    this.#pool ??= new Uint8Array(POOL_BYTES);
    if (this.#used + into.length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    // By index: of so few bytes a view, a copy and a wipe cost ten times what they move.
    const pool = this.#pool;
    let at = this.#used;
    for (let i = 0; i < into.length; i++) {
      const byte = pool[at];
      if (byte === undefined) throw new Error("INVARIANT: the pool holds what is taken");
      into[i] = byte;
      pool[at++] = 0;
    }
    this.#used = at;
  }
}

export const systemRandom: Random = new PooledRandom();

/** n fresh random bytes in a buffer of their own. Cheap for salts, nonces and ids. */
export function randomBytes(n: number, random: Random = systemRandom): Uint8Array {
  const out = new Uint8Array(n);
  random.fill(out);
  return out;
}
