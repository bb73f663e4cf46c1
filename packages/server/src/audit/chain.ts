/**
 * The checkpoints, followed from the first to the store's head (docs/format/audit.md section 5), and what they say of each
 * stream. A busy store signs one a second: only hashes and numbers are kept, and a statement is read again when it counts.
 */
import { IntegrityError } from "../base/errors.ts";
import { bytesOfHex, equalBytes, hexOf } from "../store/key-order.ts";
import {
  checkpointHash,
  publicKeyOf,
  signatureHolds,
  type SignedCheckpoint,
  type Statement,
} from "./checkpoint.ts";
import { NO_HASH } from "./format.ts";
import type { Ledger } from "./ledger.ts";
import { HighestCounters } from "./list-counters.ts";
import { smallIntegers } from "./planes.ts";
import type { Damage, Position, Problem } from "./walk.ts";

/** The public key of a term, where the keyring has it. */
export type PublicKeyOf = (term: number) => Uint8Array | undefined;

/** What the checkpoints say of one stream. */
export class StreamMarks {
  /** Numbers of the checkpoints that sign its records. */
  readonly numbers = smallIntegers();
  nextSeq = 0;
  ended = false;
  recovered = false;
  pruned: Position | undefined;

  take({ kind, n, nextSeq, head }: Statement): void {
    if (kind === "pruned") {
      this.pruned = { seq: nextSeq, head: bytesOfHex(head) };
      return;
    }
    this.numbers.push(n);
    this.nextSeq = nextSeq;
    this.recovered = kind === "recovered";
    if (kind === "close" || kind === "recovered") this.ended = true;
  }
}

const HASH_BYTES = 32;
/** Checkpoints are a stream of their own in reports. */
const CHAIN = "checkpoints";

export class Chain {
  readonly #ledger: Ledger;
  readonly #publicKeyOf: PublicKeyOf;
  readonly streams = new Map<string, StreamMarks>();
  readonly lists = new HighestCounters();
  readonly problems: Problem[] = [];
  newest: SignedCheckpoint | undefined;
  #hashes = new Uint8Array(HASH_BYTES * 1024);
  #length = 0;
  #broken = false;

  constructor(ledger: Ledger, publicKeyOf: PublicKeyOf) {
    this.#ledger = ledger;
    this.#publicKeyOf = publicKeyOf;
  }

  get length(): number {
    return this.#length;
  }

  /** What stands behind the break is not known. */
  get broken(): boolean {
    return this.#broken;
  }

  hash(n: number): Uint8Array | undefined {
    return n >= 0 && n < this.#length
      ? this.#hashes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES)
      : undefined;
  }

  problem(kind: Damage, n: number, detail: string): void {
    this.problems.push({ kind, stream: CHAIN, seq: n, detail });
  }

  /** Goes on to the head as it is now. Where the chain breaks it ends for good. */
  async follow(): Promise<void> {
    if (this.#broken) return;
    const head = await this.#ledger.head();
    for (let n = this.#length; n <= (head?.n ?? -1); n++) {
      const signed = await this.#ledger.checkpoint(n);
      if (signed === undefined) {
        this.#break("removed", n, "the checkpoint is missing or is not what was written");
        return;
      }
      const wrong = this.#wrongLink(signed, n);
      if (wrong !== undefined) {
        this.#break(wrong[0], n, wrong[1]);
        return;
      }
      await this.#take(signed);
    }
    const last = this.hash(this.#length - 1);
    if (head !== undefined && (head.n !== this.#length - 1 || !equalBytes(last ?? NO_HASH, head.hash)))
      this.#break("edited", head.n, "the newest checkpoint is another than the store's head says");
  }

  /** One that was followed before. Throws if it is not any more what it was then. */
  async statement(n: number): Promise<Statement> {
    const signed = await this.#ledger.checkpoint(n);
    const hash = this.hash(n);
    if (signed === undefined || hash === undefined || !equalBytes(checkpointHash(signed.statement), hash))
      throw new IntegrityError(`audit checkpoint ${n} was changed meanwhile`);
    return signed.statement;
  }

  /** An outside checkpoint that the present chain does not contain: the trail was cut, or put back to an older one. */
  compareOutside(kept: SignedCheckpoint): void {
    const { n } = kept.statement;
    const signature = this.#wrongSignature(kept);
    const here = this.hash(n);
    if (signature !== undefined) this.problem(signature[0], n, `of the outside checkpoint: ${signature[1]}`);
    else if (here === undefined)
      this.problem("truncated", n, "the store's chain ends before this outside checkpoint");
    else if (!equalBytes(here, checkpointHash(kept.statement)))
      this.problem("replayed", n, "the store has another checkpoint of this number than was kept outside");
  }

  #break(kind: Damage, n: number, detail: string): void {
    this.#broken = true;
    this.problem(kind, n, detail);
  }

  async #take(signed: SignedCheckpoint): Promise<void> {
    const { statement } = signed;
    const { n } = statement;
    this.newest = signed;
    this.#push(checkpointHash(statement));
    let stream = this.streams.get(statement.stream);
    if (stream === undefined) {
      stream = new StreamMarks();
      this.streams.set(statement.stream, stream);
    }
    stream.take(statement);
    const hash = statement.lists;
    const counters = hash === undefined ? [] : await this.#ledger.counters(n, hash);
    if (counters === undefined)
      this.problem("edited", n, "the counters of lists beside it are not what was signed");
    else this.lists.take(n, counters);
  }

  #push(hash: Uint8Array): void {
    const at = this.#length * HASH_BYTES;
    if (at === this.#hashes.length) {
      const grown = new Uint8Array(2 * at);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes.set(hash, at);
    this.#length++;
  }

  #wrongLink(signed: SignedCheckpoint, n: number): readonly [Damage, string] | undefined {
    const { statement } = signed;
    if (statement.n !== n) return ["replayed", `checkpoint ${statement.n} stands in its place`];
    if (statement.prev !== hexOf(this.hash(n - 1) ?? NO_HASH))
      return ["edited", "it does not follow the checkpoint before"];
    return this.#wrongSignature(signed);
  }

  #wrongSignature(signed: SignedCheckpoint): readonly [Damage, string] | undefined {
    const key = this.#publicKeyOf(Number(signed.statement.key.split(":")[0]));
    if (key === undefined || !equalBytes(key, publicKeyOf(signed.statement)))
      return ["unknown key", "signed by no key of this store"];
    return signatureHolds(signed) ? undefined : ["bad signature", "the signature does not fit"];
  }
}
