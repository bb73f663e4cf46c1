/**
 * Signed checkpoints (docs/format/audit.md section 5). Each commits to one stream up to a record: its head hash, the
 * root over the records since the stream's checkpoint before. All streams' checkpoints form one chain, so no stream can
 * vanish unseen. The signed text is the JSON itself, members in this order; it may be kept anywhere outside.
 */
import { trailHash, type TrailSigner, verifyTrailSignature } from "@strongroom/crypto";
import { z } from "zod";

const HEX32 = z.string().regex(/^[0-9a-f]{64}$/);
const HEX16 = z.string().regex(/^[0-9a-f]{32}$/);
const COUNT = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const statementSchema = z.strictObject({
  v: z.literal(1),
  store: HEX16,
  n: COUNT,
  /** Hash of checkpoint n - 1; zeros for the first. */
  prev: HEX32,
  /**
   * `open` begins a stream, `close` ends it; `recovered` ends one whose process died, as it was found. `pruned` says that
   * the records before nextSeq were removed on purpose: head and root are theirs.
   */
  kind: z.enum(["open", "mark", "close", "recovered", "pruned"]),
  stream: HEX16,
  /** Records since the stream's checkpoint before. */
  firstSeq: COUNT,
  nextSeq: COUNT,
  head: HEX32,
  root: HEX32,
  timeMs: COUNT,
  /** The signing key: `<term>:<public key, base64>`. */
  key: z.string().regex(/^[0-9]+:[A-Za-z0-9+/]{43}=$/),
  /** Hash of the counters of lists that stand beside it; absent where there are none. */
  lists: HEX32.optional(),
});
export type Statement = Readonly<z.output<typeof statementSchema>>;
export type CheckpointKind = Statement["kind"];

const signedSchema = z.strictObject({ checkpoint: statementSchema, signature: z.string() });
export interface SignedCheckpoint {
  readonly statement: Statement;
  readonly signature: Uint8Array;
}

const ORDER = [
  "v",
  "store",
  "n",
  "prev",
  "kind",
  "stream",
  "firstSeq",
  "nextSeq",
  "head",
  "root",
  "timeMs",
  "key",
  "lists",
] as const satisfies readonly (keyof Statement)[];

const MARK = "strongroom audit checkpoint v1\n";
const textOf = (statement: Statement): string =>
  JSON.stringify(Object.fromEntries(ORDER.map((name) => [name, statement[name]])));
const signedBytes = (statement: Statement): Uint8Array => Buffer.from(MARK + textOf(statement));

export const checkpointHash = (statement: Statement): Uint8Array => trailHash(signedBytes(statement));

export const keyName = (term: number, publicKey: Uint8Array): string =>
  `${term}:${Buffer.from(publicKey).toString("base64")}`;
export const publicKeyOf = (statement: Pick<Statement, "key">): Uint8Array =>
  Buffer.from(statement.key.slice(statement.key.indexOf(":") + 1), "base64");

export function signCheckpoint(statement: Statement, signer: TrailSigner): SignedCheckpoint {
  return { statement, signature: signer.sign(signedBytes(statement)) };
}

/** Only of the signature: whether its key is the store's is the caller's to know. */
export function signatureHolds({ statement, signature }: SignedCheckpoint): boolean {
  return verifyTrailSignature(publicKeyOf(statement), signedBytes(statement), signature);
}

/** One line, as `audit verify --print-checkpoint` writes it and `--checkpoint` reads it. */
export function printCheckpoint({ statement, signature }: SignedCheckpoint): string {
  return `{"checkpoint":${textOf(statement)},"signature":"${Buffer.from(signature).toString("base64")}"}`;
}

/** Undefined for anything else. */
export function parseCheckpoint(text: string): SignedCheckpoint | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = signedSchema.safeParse(json);
  if (!parsed.success) return undefined;
  return { statement: parsed.data.checkpoint, signature: Buffer.from(parsed.data.signature, "base64") };
}
