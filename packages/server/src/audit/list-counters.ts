/**
 * Counters of lists that a checkpoint commits to (docs/format/audit.md section 5): their row beside the checkpoint, and its
 * hash in the signed statement. A list that has a lower counter than one on record was put back.
 */
import { trailHash } from "@strongroom/crypto";
import { IntegrityError } from "../base/errors.ts";
import type { Codec } from "../store/codec.ts";
import { BodyReader, concat, u32, u64 } from "../store/key-bytes.ts";
import { bytesOfHex, hexOf } from "../store/key-order.ts";
import type { ListCounter } from "../store/list-changes.ts";

export const countersCodec: Codec<readonly ListCounter[]> = {
  version: 1,
  encode: (counters) =>
    concat(
      Uint8Array.of(1),
      u32(counters.length),
      ...counters.flatMap(({ parent, counter }) => [u32(parent.length), parent, u64(counter)]),
    ),
  decode: (body) => {
    const reader = new BodyReader(body, "counters of lists");
    reader.version(1);
    const counters = Array.from({ length: reader.u32() }, () => ({
      parent: new Uint8Array(reader.take(reader.u32())),
      counter: reader.u64(),
    }));
    reader.end();
    return counters;
  },
};

/** As a statement names them. */
export const countersHash = (counters: readonly ListCounter[]): string =>
  hexOf(trailHash(countersCodec.encode(counters)));

/** The present counter of a list; undefined where the list has ended for good and nothing is to be expected of it. */
export type PresentCounter = (parent: Uint8Array) => Promise<number | undefined>;

/** The highest counter on record of each list, and the checkpoint that has it. */
export class HighestCounters {
  readonly #highest = new Map<string, { readonly counter: number; readonly n: number }>();

  take(n: number, counters: readonly ListCounter[]): void {
    for (const { parent, counter } of counters) {
      const name = hexOf(parent);
      const before = this.#highest.get(name);
      if (before === undefined || before.counter < counter) this.#highest.set(name, { counter, n });
    }
  }

  get size(): number {
    return this.#highest.size;
  }

  /** Reads what is there now, so after the checkpoints: lists go on meanwhile, and only up. */
  async *behind(present: PresentCounter): AsyncGenerator<{ readonly n: number; readonly detail: string }> {
    for (const [name, { counter, n }] of this.#highest) {
      const parent = bytesOfHex(name);
      const list = new TextDecoder().decode(parent);
      try {
        const now = await present(parent);
        if (now !== undefined && now < counter)
          yield {
            n,
            detail: `the list ${list} is older than this checkpoint: ${now} where it had ${counter}`,
          };
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error;
        yield { n, detail: `the list ${list}: ${error.message}` };
      }
    }
  }
}
