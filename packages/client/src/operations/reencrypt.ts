/**
 * Re-encrypts an instruction file: the same data key under another raw keyring, the object untouched (spec section 7).
 * For key rotation, and for sharing with a partner under their public key and an own suffix.
 */
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import type { Envelope } from "../envelope/envelope.ts";
import { sameMap } from "../envelope/json-map.ts";
import { readEnvelope } from "../envelope/read.ts";
import { writeEnvelope } from "../envelope/write.ts";
import { fail, S3EncryptionError } from "../errors.ts";
import type { Keyring } from "../keyring/keyring.ts";
import { CONTENT, wrapRow } from "../suites.ts";
import type { Context, HandlerOptions } from "./context.ts";
import { instructionKey, loadInstructionFile, storeInstructionFile } from "./instruction-files.ts";
import { checkPolicy, unwrapDataKey } from "./open-envelope.ts";

/**
 * @example
 * ```ts
 * const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }), writeInstructionFiles: true });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "report", Body: "secret" }));
 * const newKeyring = new RawAesKeyring({
 *   key: crypto.getRandomValues(new Uint8Array(32)),
 *   materialDescription: { generation: "2" },
 * });
 * const input: ReEncryptInstructionFileInput = { Bucket: "b", Key: "report", newKeyring, enforceRotation: true };
 * await s3.reEncryptInstructionFile(input);
 * ```
 */
export interface ReEncryptInstructionFileInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly newKeyring: Keyring;
  /** Without its dot, as in the Java client: `partner` makes `key.partner`. Only for RSA. Default: replace `.instruction`. */
  readonly instructionFileSuffix?: string;
  /** Fail when the present keyring could open the new file too. */
  readonly enforceRotation?: boolean;
}

/**
 * @example
 * ```ts
 * const keyring = new RawAesKeyring({ key });
 * const s3 = new S3EncryptionClient({ client, keyring, writeInstructionFiles: true });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "shared", Body: "secret" }));
 * const newKeyring = new RawAesKeyring({ key, materialDescription: { generation: "2" } });
 * const done: ReEncryptInstructionFileOutput = await s3.reEncryptInstructionFile({ Bucket: "b", Key: "shared", newKeyring });
 * console.log(done.instructionFileKey); // shared.instruction
 * ```
 */
export interface ReEncryptInstructionFileOutput {
  readonly Bucket: string;
  readonly Key: string;
  readonly instructionFileKey: string;
  readonly enforcedRotation: boolean;
}

export async function reEncryptInstructionFile(
  context: Context,
  input: ReEncryptInstructionFileInput,
  handler: HandlerOptions,
): Promise<ReEncryptInstructionFileOutput> {
  const { Bucket, Key, newKeyring } = input;
  if (!context.options.writeInstructionFiles)
    fail("InvalidOption", "writeInstructionFiles is needed to rewrite one");
  if (newKeyring.wrapDataKey === undefined) fail("CannotWrite");
  const old = await presentEnvelope(context, { Bucket, Key }, handler);
  checkPolicy(context, old);
  if (old.content !== context.options.writes && !(old.content === "CBC" && context.options.writes === "GCM"))
    fail(
      "InvalidOption",
      `the object uses ${CONTENT[old.content].algorithm}, the client writes another suite`,
    );
  const dataKey = await unwrapDataKey(context, old);
  const [binding = ""] = CONTENT[old.content].bindings;
  const { cipher } = context.platform;
  const asked = { binding, dataKey, encryptionContext: new Map(), cipher };
  const rewrapped = await newKeyring.wrapDataKey(asked).finally(() => dataKey.fill(0));
  const { algorithm: wrap, wrapped, description } = rewrapped;
  if (newKeyring.usesEncryptionContext || wrapRow(wrap).usesContext)
    fail("Unsupported", "only raw AES and RSA keyrings can re-encrypt an instruction file");
  if (sameMap(description, old.description))
    fail("InvalidOption", "the new material description must differ from the old one");
  if (input.instructionFileSuffix !== undefined && wrap !== "RSA-OAEP-SHA1")
    fail("InvalidOption", "an instruction file with another suffix is for an RSA keyring");
  const fresh = renewed(old, { wrap, wrapped, description });
  if (input.enforceRotation === true) await checkRotation(context, fresh);
  const suffix = input.instructionFileSuffix === undefined ? undefined : `.${input.instructionFileSuffix}`;
  const { file } = writeEnvelope(fresh);
  await storeInstructionFile(context, { Bucket, Key }, { Bucket, Key }, file ?? new Map(), handler, suffix);
  const enforcedRotation = input.enforceRotation === true;
  return { Bucket, Key, instructionFileKey: instructionKey(Key, suffix), enforcedRotation };
}

async function presentEnvelope(
  context: Context,
  target: { Bucket: string; Key: string },
  handler: HandlerOptions,
): Promise<Envelope> {
  const head = await context.s3.send(new HeadObjectCommand(target), handler);
  const envelope = await readEnvelope(head.Metadata, () =>
    loadInstructionFile(context, target, undefined, handler),
  );
  if (!envelope.inInstructionFile) fail("Unsupported", "the envelope is in the object's metadata");
  return envelope;
}

/** Nonce, message id and commitment stay; V1 comes out with V2 names. */
function renewed(old: Envelope, wrap: Pick<Envelope, "wrap" | "wrapped" | "description">): Envelope {
  if (old.format === "V1") return { ...old, ...wrap, format: "V2" };
  return { ...old, ...wrap };
}

async function checkRotation(context: Context, fresh: Envelope): Promise<void> {
  if (!context.keyring.unwraps.includes(fresh.wrap)) return;
  try {
    (await unwrapDataKey(context, fresh)).fill(0);
  } catch (error) {
    if (error instanceof S3EncryptionError) return;
    throw error;
  }
  fail("InvalidOption", "the present keyring still opens the new wrap: the key was not rotated");
}
