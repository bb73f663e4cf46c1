/**
 * A proof that one record stands in the trail (docs/format/audit.md section 5): the record, its path in the tree, and the
 * signed checkpoint over the tree's root. Whoever holds the store's public key checks it without the store.
 */
import { z } from "zod";
import { bytesOfHex, hexOf } from "../store/key-order.ts";
import {
  parseCheckpoint,
  printCheckpoint,
  publicKeyOf,
  signatureHolds,
  type SignedCheckpoint,
} from "./checkpoint.ts";
import { type Content, recordHash, type StoredRecord, textOf, TREE_WIDTH } from "./format.ts";
import type { Ledger } from "./ledger.ts";
import type { Found } from "./query.ts";
import type { TrailPlace } from "./reindex.ts";
import { proofOf, provesLeaf } from "./tree.ts";
import { type Damage, headerOf, type Position, walkStream } from "./walk.ts";

const HEX32 = z.string().regex(/^[0-9a-f]{64}$/);
const COUNT = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** 16 to this power is more than a checkpoint ever covers. */
const DEPTH_MAX = 16;
const proofSchema = z.strictObject({
  v: z.literal(1),
  record: z.union([
    z.strictObject({ seq: COUNT, before: HEX32, text: z.string() }),
    z.strictObject({ seq: COUNT, before: HEX32, template: z.string(), values: z.string() }),
  ]),
  path: z
    .array(z.strictObject({ index: COUNT.max(TREE_WIDTH - 1), others: z.array(HEX32).max(TREE_WIDTH - 1) }))
    .max(DEPTH_MAX),
  /** As its line is printed. */
  checkpoint: z.string(),
});

export type Proven =
  | { readonly kind: "proof"; readonly proof: string }
  | { readonly kind: "refused"; readonly why: string };

type Asked = Pick<Found, "place" | "text">;
type ProvePlace = TrailPlace & { readonly ledger: Ledger };

/** Of a record that a question found. */
export async function proveRecord(at: ProvePlace, asked: Asked): Promise<Proven> {
  const { stream } = asked.place;
  let pruned = await at.ledger.prunedSince(stream, 0);
  for (;;) {
    const proven = await proveAsPruned(at, asked, pruned);
    // What was removed on purpose since is no damage.
    const now = proven.kind === "proof" ? undefined : await at.ledger.prunedSince(stream, pruned?.seq ?? 0);
    if (now === undefined) return proven;
    pruned = now;
  }
}

async function proveAsPruned(
  { files, seedOf, ledger }: ProvePlace,
  { place, text: wantedText }: Asked,
  pruned: Position | undefined,
): Promise<Proven> {
  const { stream } = place;
  const wanted = Buffer.from(wantedText);
  const segment = await headerOf(files, stream, place.number);
  let mark: SignedCheckpoint | undefined;
  let found: { readonly record: StoredRecord; readonly at: number } | undefined;
  let leaves: Uint8Array[] = [];
  let seen = 0;
  const marks = await marksOf(ledger, stream, segment?.firstSeq ?? 0);
  for await (const step of walkStream(files, stream, seedOf, pruned)) {
    if (step.kind === "problem") return damaged(step.problem.kind);
    // What was signed was whole once.
    if (step.kind === "torn" && marks.some(({ statement }) => statement.nextSeq > seen))
      return damaged(step.otherwise?.kind ?? "truncated");
    if (step.kind !== "record") continue;
    const { seq } = step.record;
    seen = seq + 1;
    while (marks[0] !== undefined && marks[0].statement.nextSeq <= seq) {
      marks.shift();
      leaves = [];
    }
    mark = marks[0];
    if (mark === undefined) break;
    if (seq < mark.statement.firstSeq) continue;
    if (found === undefined && seq >= (segment?.firstSeq ?? 0) && wanted.equals(step.record.text))
      found = { record: step.record, at: leaves.length };
    leaves.push(step.hash);
    if (found !== undefined && seq === mark.statement.nextSeq - 1) break;
  }
  if (mark === undefined || found === undefined || leaves.length === 0)
    return refused("no checkpoint covers the record yet: one is signed within a minute");
  const { firstSeq, nextSeq } = mark.statement;
  if (leaves.length !== nextSeq - firstSeq)
    return refused("records under the same checkpoint were pruned, so that its root can't be built");
  const path = proofOf(leaves, found.at).map(({ index, others }) => ({ index, others: others.map(hexOf) }));
  const { seq, before, content } = found.record;
  const record = { seq, before: hexOf(before), ...printed(content) };
  return { kind: "proof", proof: JSON.stringify({ v: 1, record, path, checkpoint: printCheckpoint(mark) }) };
}

const printed = (content: Content): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(content).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));

const damaged = (kind: Damage): Proven =>
  refused(`the trail is damaged (${kind}): run strongroom audit verify`);

const refused = (why: string): Proven => ({ kind: "refused", why });

/** Those that sign records from `fromSeq` on, in order. */
async function marksOf(ledger: Ledger, stream: string, fromSeq: number): Promise<SignedCheckpoint[]> {
  const marks: SignedCheckpoint[] = [];
  const head = await ledger.head();
  for (let n = 0; n <= (head?.n ?? -1); n++) {
    const signed = await ledger.checkpoint(n);
    if (signed === undefined) continue;
    const { statement } = signed;
    if (statement.stream !== stream || statement.kind === "pruned") continue;
    if (statement.nextSeq > statement.firstSeq && statement.nextSeq > fromSeq) marks.push(signed);
  }
  return marks;
}

export type ProofCheck =
  | {
      readonly kind: "valid";
      readonly text: string;
      readonly checkpoint: SignedCheckpoint;
      readonly seq: number;
    }
  | { readonly kind: "invalid"; readonly why: string };

/** `publicKeys`: those of the store, from a place that whoever made the proof could not write. 32 bytes, base64. */
export function checkProof(text: string, publicKeys: readonly string[]): ProofCheck {
  const parsed = proofSchema.safeParse(jsonOf(text));
  if (!parsed.success) return invalid("it is no proof of a version known here");
  const { record, path, checkpoint } = parsed.data;
  const signed = parseCheckpoint(checkpoint);
  if (signed === undefined) return invalid("its checkpoint is none");
  const { statement } = signed;
  if (!publicKeys.includes(Buffer.from(publicKeyOf(statement)).toString("base64")))
    return invalid("its checkpoint is signed with another key than the one given");
  if (!signatureHolds(signed)) return invalid("the checkpoint's signature does not fit");
  if (record.seq < statement.firstSeq || record.seq >= statement.nextSeq || statement.kind === "pruned")
    return invalid("the checkpoint does not cover the record");
  const content: Content =
    "text" in record
      ? { text: Buffer.from(record.text) }
      : { template: Buffer.from(record.template), values: Buffer.from(record.values) };
  const leaf = recordHash({ before: bytesOfHex(record.before), seq: record.seq }, content);
  const steps = path.map(({ index, others }) => ({ index, others: others.map(bytesOfHex) }));
  if (!provesLeaf(leaf, steps, bytesOfHex(statement.root)))
    return invalid("the record is not the one that was signed");
  const recordText = textOf(content);
  if (recordText === undefined) return invalid("the record's values do not fit its template");
  return {
    kind: "valid",
    text: Buffer.from(recordText).toString(),
    checkpoint: signed,
    seq: record.seq,
  };
}

const invalid = (why: string): ProofCheck => ({ kind: "invalid", why });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
