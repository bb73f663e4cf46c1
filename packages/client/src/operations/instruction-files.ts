/** Fetching, storing and deleting instruction files: companions of the object under key + suffix (spec section 7). */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { concatBytes } from "@strongroom/crypto/common";
import { parseInstructionFile, writeInstructionFile } from "../envelope/instruction-file.ts";
import type { StringMap } from "../envelope/json-map.ts";
import { INSTRUCTION_FILE_BYTES_MAX, INSTRUCTION_SUFFIX, NAME } from "../envelope/names.ts";
import { fail } from "../errors.ts";
import { type Context, type HandlerOptions, target } from "./context.ts";
import type { Undo } from "./undo.ts";

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

export function instructionKey(key: string, suffix: string = INSTRUCTION_SUFFIX): string {
  return key + suffix;
}

/** What reading an object and reading its file have in common: a file is stored with its object's fields. */
type ReadFields = Pick<
  GetObjectCommandInput,
  "SSECustomerAlgorithm" | "SSECustomerKey" | "SSECustomerKeyMD5" | "ExpectedBucketOwner" | "RequestPayer"
>;

function readFields(input: ReadFields, withCustomerKey = true): ReadFields {
  const { ExpectedBucketOwner, RequestPayer } = input;
  if (!withCustomerKey || input.SSECustomerKey === undefined) return { ExpectedBucketOwner, RequestPayer };
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = input;
  return { ExpectedBucketOwner, RequestPayer, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 };
}

/** `undefined` when there is none. Never with a version id or range: those belong to the object. */
export async function loadInstructionFile(
  context: Context,
  input: Parameters<typeof target>[0] & ReadFields,
  suffix: string | undefined,
  handler: HandlerOptions,
): Promise<StringMap | undefined> {
  const { Bucket, Key } = target(input);
  const file = { Bucket, Key: instructionKey(Key, suffix) };
  const bytes = await loadUnderEither(context, file, input, handler);
  return bytes === undefined ? undefined : parseInstructionFile(bytes);
}

async function loadBytes(
  { s3, platform }: Context,
  file: Target & ReadFields,
  handler: HandlerOptions,
): Promise<Uint8Array | undefined> {
  try {
    const output = await s3.send(new GetObjectCommand(file), handler);
    if (output.Body === undefined) return new Uint8Array(0);
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of platform.chunksOf(output.Body)) {
      size += chunk.length;
      if (size > INSTRUCTION_FILE_BYTES_MAX) fail("MalformedInstructionFile", "too large");
      parts.push(chunk);
    }
    return concatBytes(parts);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoSuchKey" || error.name === "NotFound");
}

/**
 * Stores an instruction file with the object's own request fields (ACL, storage class, SSE, tags), before the object.
 * The undo puts back the file that was there, because the old object still needs it.
 */
export async function storeInstructionFile(
  context: Context,
  input: Omit<PutObjectCommandInput, "Body">,
  { Bucket, Key }: Target,
  entries: StringMap,
  handler: HandlerOptions,
  suffix?: string,
): Promise<Undo> {
  const file = { Bucket, Key: instructionKey(Key, suffix) };
  const previous = await loadUnderEither(context, file, input, handler);
  const put = async (Body: string | Uint8Array): Promise<void> => {
    await context.s3.send(
      new PutObjectCommand({ ...companionFields(input), ...file, Body, Metadata: { [NAME.fileMarker]: "" } }),
      handler,
    );
  };
  await put(writeInstructionFile(entries));
  return async () => {
    if (previous === undefined)
      await context.s3.send(new DeleteObjectCommand({ ...readFields(input, false), ...file }));
    else await put(previous);
  };
}

/** Under the object's customer key, or under none: others may have written the file, and S3 refuses a key that it does not take. */
async function loadUnderEither(
  context: Context,
  file: Target,
  input: ReadFields,
  handler: HandlerOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await loadBytes(context, { ...readFields(input), ...file }, handler);
  } catch (error) {
    const isRefused = error instanceof Error && error.name === "InvalidRequest";
    if (!isRefused || input.SSECustomerKey === undefined) throw error;
    return loadBytes(context, { ...readFields(input, false), ...file }, handler);
  }
}

/** What the file shares with its object. Lengths, checksums and conditions on the object's ETag are not among it. */
function companionFields(input: Omit<PutObjectCommandInput, "Body">): Partial<PutObjectCommandInput> {
  const {
    ContentLength: _length,
    ContentMD5: _md5,
    Metadata: _metadata,
    IfMatch: _ifMatch,
    WriteOffsetBytes: _offset,
    ContentEncoding: _encoding,
    ...shared
  } = input;
  return shared;
}
