/**
 * `audit verify`: is the trail whole and as it was written? Reads every checkpoint and every record; changes nothing. An
 * outside checkpoint, kept by somebody else, proves that the present trail continues the one of then.
 */
import { equalBytes, hexOf } from "../store/key-order.ts";
import { Chain, type PublicKeyOf, type StreamMarks } from "./chain.ts";
import type { SignedCheckpoint, Statement } from "./checkpoint.ts";
import type { TrailFiles } from "./files.ts";
import type { CheckpointName } from "./format.ts";
import type { PresentCounter } from "./list-counters.ts";
import type { Ledger, StreamState } from "./ledger.ts";
import type { SeedOf } from "./segment-reader.ts";
import { TreeBuilder } from "./tree.ts";
import { type Damage, type Position, type Problem, walkStream } from "./walk.ts";

export interface VerifyInput {
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  readonly seedOf: SeedOf;
  readonly publicKeyOf: PublicKeyOf;
  /** Counters on record are compared with it. */
  readonly presentCounter?: PresentCounter;
  /** Kept elsewhere. */
  readonly outside?: readonly SignedCheckpoint[];
}

export interface VerifyResult {
  readonly checkpoints: number;
  readonly streams: number;
  readonly records: number;
  /** Records that were removed on purpose, as signed. */
  readonly pruned: number;
  /** Records after their stream's newest checkpoint: chained, not yet signed. */
  readonly unsigned: number;
  /** Streams whose process ended without a word; the store ends them within minutes. */
  readonly open: number;
  /** Lists of counted records that checkpoints commit to. */
  readonly lists: number;
  readonly problems: readonly Problem[];
  readonly newest?: SignedCheckpoint;
}

export async function verifyTrail(input: VerifyInput): Promise<VerifyResult> {
  const { files, ledger } = input;
  const chain = new Chain(ledger, input.publicKeyOf);
  await chain.follow();
  const problems: Problem[] = [];
  if (input.presentCounter !== undefined)
    for await (const { n, detail } of chain.lists.behind(input.presentCounter))
      chain.problem("replayed", n, detail);
  const present = await files.streams();
  const counts = { records: 0, pruned: 0, unsigned: 0, open: 0 };
  const walkedStreams = new Set<string>();
  for (const [stream, marks] of chain.streams) {
    const walked = await verifyAsPruned(input, chain, stream, marks);
    walkedStreams.add(stream);
    counts.records += walked.records;
    counts.pruned += walked.pruned;
    counts.unsigned += walked.unsigned;
    if (!marks.ended) counts.open++;
    if (walked.problem !== undefined) problems.push(walked.problem);
  }
  // Rows before the head that leads to them: others write meanwhile, and what they add is followed.
  const states = await ledger.streams();
  await chain.follow();
  await checkpointsBeyond(ledger, chain);
  problems.push(...rowsBeyond(states, chain, walkedStreams));
  for (const stream of present)
    if (!chain.streams.has(stream) && !states.has(stream)) problems.push(strayStream(stream));
  for (const kept of input.outside ?? []) chain.compareOutside(kept);
  return {
    checkpoints: chain.length,
    streams: chain.streams.size,
    ...counts,
    lists: chain.lists.size,
    problems: [...chain.problems, ...problems],
    ...(chain.newest === undefined ? {} : { newest: chain.newest }),
  };
}

/** A row of a checkpoint that the head does not lead to: the head was put back, or removed. */
async function checkpointsBeyond(ledger: Ledger, chain: Chain): Promise<void> {
  while (!chain.broken) {
    const n = await ledger.checkpointFrom(chain.length);
    if (n === undefined) return;
    // Perhaps it was written since.
    await chain.follow();
    if (n < chain.length) continue;
    if (!chain.broken) chain.problem("replayed", n, "the store's head does not lead to this checkpoint");
    return;
  }
}

/** Rows of streams that were read before the chain's end: none may be ahead of it, or be gone. */
function rowsBeyond(
  states: ReadonlyMap<string, StreamState>,
  chain: Chain,
  known: ReadonlySet<string>,
): readonly Problem[] {
  if (chain.broken) return [];
  const problems: Problem[] = [];
  for (const [stream, { nextSeq, pruned }] of states) {
    const marks = chain.streams.get(stream);
    const signed = marks?.nextSeq ?? 0;
    if (marks === undefined || nextSeq > signed || (pruned?.seq ?? 0) > (marks.pruned?.seq ?? 0)) {
      const detail = "the stream's row is newer than every checkpoint of the stream that the store has";
      problems.push({ kind: "replayed", stream, seq: signed, detail });
    }
  }
  for (const stream of known)
    if (!states.has(stream))
      problems.push({ kind: "removed", stream, seq: 0, detail: "the stream's row is missing" });
  return problems;
}

interface Walked {
  readonly records: number;
  readonly unsigned: number;
  readonly pruned: number;
  readonly problem?: Problem;
}

/** What was pruned since the checkpoints were read is not missing. */
async function verifyAsPruned(
  input: VerifyInput,
  chain: Chain,
  stream: string,
  marks: StreamMarks,
): Promise<Walked> {
  for (let { pruned } = marks; ; ) {
    const walked = await verifyStream(input, chain, stream, marks, pruned);
    if (walked.problem === undefined) return walked;
    const now = await input.ledger.prunedSince(stream, pruned?.seq ?? 0);
    if (now === undefined) return walked;
    pruned = now;
  }
}

/** `marks` may grow meanwhile: what counts is what was signed before the files were read. */
async function verifyStream(
  input: VerifyInput,
  chain: Chain,
  stream: string,
  { numbers, nextSeq: signedTo, ended, recovered }: StreamMarks,
  pruned: Position | undefined,
): Promise<Walked> {
  const marks = new MarksInTurn(chain, numbers);
  const begin = pruned?.seq ?? 0;
  let tree = new TreeBuilder();
  /** Sequence of the next record. */
  let next = begin;
  const walked = () => ({ records: next - begin, unsigned: Math.max(0, next - signedTo), pruned: begin });
  const problem = (kind: Damage, seq: number, detail: string) => ({
    ...walked(),
    problem: { kind, stream, seq, detail },
  });
  // The first mark opens the stream; marks without records in between say nothing more, nor do those of pruned ones.
  let mark = await marks.after(begin);
  for await (const step of walkStream(input.files, stream, input.seedOf, pruned)) {
    switch (step.kind) {
      case "problem":
        return { ...walked(), unsigned: 0, problem: step.problem };
      case "knows": {
        const wrong = await wrongKnowledge(chain, step.checkpoint);
        if (wrong !== undefined) return problem("replayed", step.seq, wrong);
        break;
      }
      case "record": {
        next++;
        tree.add(step.hash);
        if (mark === undefined || next < mark.nextSeq) break;
        // Of a mark that began before what was pruned, the root cannot be had; the head binds the same records.
        const whole = mark.firstSeq >= begin;
        if (mark.head !== hexOf(step.hash) || (whole && mark.root !== hexOf(tree.root())))
          return problem(
            "edited",
            mark.firstSeq,
            `a record up to ${mark.nextSeq - 1} is not the one that was signed`,
          );
        tree = new TreeBuilder();
        mark = await marks.after(next);
        break;
      }
      case "torn":
        if (next >= signedTo && (!ended || recovered)) break;
        if (step.otherwise !== undefined) return { ...walked(), unsigned: 0, problem: step.otherwise };
        return problem("truncated", next, `${signedTo} records were signed`);
    }
  }
  if (next < signedTo) return problem("truncated", next, `${signedTo} records were signed`);
  if (ended && next > signedTo)
    return problem("inserted", signedTo, "the stream had ended before this record");
  return walked();
}

/** The checkpoints of a stream, each read again in its turn. */
class MarksInTurn {
  readonly #chain: Chain;
  readonly #numbers: StreamMarks["numbers"];
  readonly #count: number;
  #at = 0;

  constructor(chain: Chain, numbers: StreamMarks["numbers"]) {
    this.#chain = chain;
    this.#numbers = numbers;
    this.#count = numbers.length;
  }

  /** The next that signs records from `seq` on. */
  async after(seq: number): Promise<Statement | undefined> {
    for (; this.#at < this.#count; this.#at++) {
      const statement = await this.#chain.statement(this.#numbers.view()[this.#at] ?? 0);
      if (statement.nextSeq > seq) return statement;
    }
    return undefined;
  }
}

/** A writer knew a checkpoint that is not there now: the store's rows were put back to an older state. */
async function wrongKnowledge(chain: Chain, { n, hash }: CheckpointName): Promise<string | undefined> {
  // It may be written since the chain was read, by a process that goes on.
  if (n >= chain.length) await chain.follow();
  const here = chain.hash(n);
  if (here !== undefined && equalBytes(here, hash)) return undefined;
  return `its writer knew checkpoint ${n}, which the store has ${here === undefined ? "not any more" : "in another form"}`;
}

const strayStream = (stream: string): Problem => ({
  kind: "inserted",
  stream,
  seq: 0,
  detail: "no checkpoint knows this stream",
});
