/**
 * `audit verify`: is the trail whole and as it was written? Reads every checkpoint and every record; changes nothing. An
 * outside checkpoint, kept by somebody else, proves that the present trail continues the one of then.
 */
import { bytesOfHex, equalBytes, hexOf } from "../store/key-order.ts";
import {
  checkpointHash,
  publicKeyOf,
  signatureHolds,
  type SignedCheckpoint,
  type Statement,
} from "./checkpoint.ts";
import type { TrailFiles } from "./files.ts";
import type { CheckpointName } from "./format.ts";
import { HighestCounters, type PresentCounter } from "./list-counters.ts";
import type { Ledger } from "./ledger.ts";
import type { SeedOf } from "./segment-reader.ts";
import { TreeBuilder } from "./tree.ts";
import { type Damage, type Position, type Problem, walkStream } from "./walk.ts";

export interface VerifyInput {
  readonly files: TrailFiles;
  readonly ledger: Ledger;
  readonly seedOf: SeedOf;
  /** The public key of a term, where the keyring has it. */
  readonly publicKeyOf: (term: number) => Uint8Array | undefined;
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

interface Expected {
  readonly marks: Statement[];
  ended: boolean;
  pruned: Position | undefined;
}

/** Checkpoints are a stream of their own in reports. */
const CHAIN = "checkpoints";

export async function verifyTrail(input: VerifyInput): Promise<VerifyResult> {
  const chain = await verifyChain(input);
  const problems: Problem[] = [...chain.problems];
  if (input.presentCounter !== undefined)
    for await (const { n, detail } of chain.lists.behind(input.presentCounter))
      problems.push({ kind: "replayed", stream: CHAIN, seq: n, detail });
  const present = new Set(await input.files.streams());
  let records = 0;
  let pruned = 0;
  let unsigned = 0;
  let open = 0;
  for (const [stream, expected] of chain.streams) {
    const walked = await verifyAsPruned(input, stream, expected, chain.known);
    present.delete(stream);
    records += walked.records;
    pruned += expected.pruned?.seq ?? 0;
    unsigned += walked.unsigned;
    if (!expected.ended) open++;
    if (walked.problem !== undefined) problems.push(walked.problem);
  }
  if (present.size > 0) {
    // A stream that another process began meanwhile is known by now.
    const since = await input.ledger.streams();
    for (const stream of present) if (!since.has(stream)) problems.push(strayStream(stream));
  }
  return {
    checkpoints: chain.known.length,
    streams: chain.streams.size,
    records,
    pruned,
    unsigned,
    open,
    lists: chain.lists.size,
    problems,
    ...(chain.newest === undefined ? {} : { newest: chain.newest }),
  };
}

interface Chain {
  /** Hashes by number. */
  readonly known: readonly Uint8Array[];
  readonly streams: ReadonlyMap<string, Expected>;
  readonly lists: HighestCounters;
  readonly problems: readonly Problem[];
  readonly newest?: SignedCheckpoint;
}

async function verifyChain(input: VerifyInput): Promise<Chain> {
  const { ledger, outside = [] } = input;
  const head = await ledger.head();
  const problems: Problem[] = [];
  const problem = (kind: Damage, n: number, detail: string): void =>
    void problems.push({ kind, stream: CHAIN, seq: n, detail });
  const streams = new Map<string, Expected>();
  const lists = new HighestCounters();
  const known: Uint8Array[] = [];
  let newest: SignedCheckpoint | undefined;
  const end = head === undefined ? -1 : head.n;
  for (let n = 0; n <= end; n++) {
    const signed = await ledger.checkpoint(n);
    if (signed === undefined) {
      problem("removed", n, "the checkpoint is missing or is not what was written");
      break;
    }
    const wrong = wrongLink(input, signed, n, known.at(-1));
    if (wrong !== undefined) {
      problem(wrong[0], n, wrong[1]);
      break;
    }
    known.push(checkpointHash(signed.statement));
    newest = signed;
    takeMark(streams, signed.statement);
    const hash = signed.statement.lists;
    const counters = hash === undefined ? [] : await ledger.counters(n, hash);
    if (counters === undefined)
      problem("edited", n, "the counters of lists beside it are not what was signed");
    else lists.take(n, counters);
  }
  const last = known.at(-1);
  if (problems.length === 0 && head !== undefined && (last === undefined || !equalBytes(last, head.hash)))
    problem("edited", head.n, "the newest checkpoint is another than the store's head says");
  for (const kept of outside) {
    const wrong = wrongOutside(input, kept, known);
    if (wrong !== undefined) problem(wrong[0], kept.statement.n, wrong[1]);
  }
  return { known, streams, lists, problems, ...(newest === undefined ? {} : { newest }) };
}

function wrongLink(
  input: VerifyInput,
  signed: SignedCheckpoint,
  n: number,
  before: Uint8Array | undefined,
): readonly [Damage, string] | undefined {
  const { statement } = signed;
  if (statement.n !== n) return ["replayed", `checkpoint ${statement.n} stands in its place`];
  if (statement.prev !== hexOf(before ?? new Uint8Array(32)))
    return ["edited", "it does not follow the checkpoint before"];
  return wrongSignature(input, signed);
}

function wrongSignature(input: VerifyInput, signed: SignedCheckpoint): readonly [Damage, string] | undefined {
  const key = input.publicKeyOf(Number(signed.statement.key.split(":")[0]));
  if (key === undefined || !equalBytes(key, publicKeyOf(signed.statement)))
    return ["unknown key", "signed by no key of this store"];
  return signatureHolds(signed) ? undefined : ["bad signature", "the signature does not fit"];
}

/** An outside checkpoint that the present chain does not contain: the trail was cut, or put back to an older one. */
function wrongOutside(
  input: VerifyInput,
  kept: SignedCheckpoint,
  known: readonly Uint8Array[],
): readonly [Damage, string] | undefined {
  const signature = wrongSignature(input, kept);
  if (signature !== undefined) return [signature[0], `of the outside checkpoint: ${signature[1]}`];
  const here = known[kept.statement.n];
  if (here === undefined) return ["truncated", "the store's chain ends before this outside checkpoint"];
  if (!equalBytes(here, checkpointHash(kept.statement)))
    return ["replayed", "the store has another checkpoint of this number than was kept outside"];
  return undefined;
}

function takeMark(streams: Map<string, Expected>, statement: Statement): void {
  let stream = streams.get(statement.stream);
  if (stream === undefined) {
    stream = { marks: [], ended: false, pruned: undefined };
    streams.set(statement.stream, stream);
  }
  if (statement.kind === "pruned") {
    stream.pruned = { seq: statement.nextSeq, head: bytesOfHex(statement.head) };
    return;
  }
  stream.marks.push(statement);
  if (statement.kind === "close" || statement.kind === "recovered") stream.ended = true;
}

/** What was pruned since the checkpoints were read is not missing. */
async function verifyAsPruned(
  input: VerifyInput,
  stream: string,
  expected: Expected,
  known: readonly Uint8Array[],
): ReturnType<typeof verifyStream> {
  for (;;) {
    const walked = await verifyStream(input, stream, expected, known);
    if (walked.problem === undefined) return walked;
    const { pruned } = (await input.ledger.streams()).get(stream) ?? {};
    if (pruned === undefined || pruned.seq <= (expected.pruned?.seq ?? 0)) return walked;
    expected.pruned = pruned;
  }
}

async function verifyStream(
  input: VerifyInput,
  stream: string,
  expected: Expected,
  known: readonly Uint8Array[],
): Promise<{ readonly records: number; readonly unsigned: number; readonly problem?: Problem }> {
  const marks = [...expected.marks];
  const signedTo = marks.at(-1)?.nextSeq ?? 0;
  const begin = expected.pruned?.seq ?? 0;
  let tree = new TreeBuilder();
  /** Sequence of the next record. */
  let next = begin;
  const walked = () => ({ records: next - begin, unsigned: Math.max(0, next - signedTo) });
  const problem = (kind: Damage, seq: number, detail: string) => ({
    ...walked(),
    problem: { kind, stream, seq, detail },
  });
  // The first mark opens the stream; marks without records in between say nothing more, nor do those of pruned ones.
  while (marks[0] !== undefined && marks[0].nextSeq <= begin) marks.shift();
  for await (const step of walkStream(input.files, stream, input.seedOf, expected.pruned)) {
    switch (step.kind) {
      case "problem":
        return { records: next - begin, unsigned: 0, problem: step.problem };
      case "knows": {
        const wrong = await wrongKnowledge(input.ledger, step.checkpoint, known);
        if (wrong !== undefined) return problem("replayed", step.seq, wrong);
        break;
      }
      case "record": {
        next++;
        tree.add(step.hash);
        const mark = marks[0];
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
        while (marks[0] !== undefined && marks[0].nextSeq <= next) marks.shift();
        break;
      }
      case "torn":
        if (next >= signedTo && (!expected.ended || expected.marks.at(-1)?.kind === "recovered")) break;
        return problem("truncated", next, `${signedTo} records were signed`);
    }
  }
  if (next < signedTo) return problem("truncated", next, `${signedTo} records were signed`);
  if (expected.ended && next > signedTo)
    return problem("inserted", signedTo, "the stream had ended before this record");
  return walked();
}

/** A writer knew a checkpoint that is not there now: the store's rows were put back to an older state. */
async function wrongKnowledge(
  ledger: Ledger,
  { n, hash }: CheckpointName,
  known: readonly Uint8Array[],
): Promise<string | undefined> {
  let here = known[n];
  if (here === undefined) {
    // Written since the chain was read, by a process that goes on.
    const since = await ledger.checkpoint(n);
    here = since === undefined ? undefined : checkpointHash(since.statement);
  }
  if (here !== undefined && equalBytes(here, hash)) return undefined;
  return `its writer knew checkpoint ${n}, which the store has ${here === undefined ? "not any more" : "in another form"}`;
}

const strayStream = (stream: string): Problem => ({
  kind: "inserted",
  stream,
  seq: 0,
  detail: "no checkpoint knows this stream",
});
