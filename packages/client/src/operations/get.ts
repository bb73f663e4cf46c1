/** GetObject: classify, unwrap, then release plaintext buffered, delayed or as an unauthenticated range (spec 8, 10, 12). */
import {
  type GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandInput,
} from "@aws-sdk/client-s3";
import {
  openCbcStream,
  openCtrStream,
  openGcmBuffered,
  openGcmStream,
  sliceStream,
} from "../content/decrypt.ts";
import {
  type ContentRange,
  parseContentRange,
  parseRange,
  plainSizeOfGcm,
  storedRange,
} from "../content/range.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { readEnvelope } from "../envelope/read.ts";
import { fail } from "../errors.ts";
import type { OutputBody } from "../platform/platform.ts";
import { describe, type ObjectEncryption } from "./describe.ts";
import { withInput } from "./commands.ts";
import type { Context, Request } from "./context.ts";
import { loadInstructionFile } from "./instruction-files.ts";
import { type OpenedContent, openEnvelope } from "./open-envelope.ts";

/**
 * GetObject's output with plaintext in `Body`; `ContentLength` and `ContentRange` are of the plaintext.
 *
 * @example
 * ```ts
 * const object: DecryptedObject = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * console.log(object.ContentLength, object.Encryption.storedContentLength); // 16 apart
 * console.log(await object.Body?.transformToString());
 * ```
 */
export type DecryptedObject = GetObjectCommandOutput & { readonly Encryption: ObjectEncryption };

export async function getObject(
  context: Context,
  command: GetObjectCommand,
  request: Request,
): Promise<DecryptedObject> {
  const { input } = command;
  if (input.PartNumber !== undefined) fail("Unsupported", "PartNumber: a part is not a whole ciphertext");
  const range = input.Range === undefined ? undefined : await plainRange(context, command, request);
  const Range = range && storedRange(range.first, range.last, context.options.legacyContent);
  const pinned = { ...input, ...(Range && { Range }), ...(range?.etag && { IfMatch: range.etag }) };
  const output = await context.s3.send(withInput(command, pinned), request.handler);
  let opened: OpenedContent | undefined;
  try {
    const envelope = await readEnvelope(output.Metadata, () =>
      loadInstructionFile(context, input, request.instructionFileSuffix, request.handler),
    );
    const contentRange = checkContentRange(output, range !== undefined);
    if (contentRange === undefined && envelope.content !== "CBC") checkBuffer(context, output.ContentLength);
    opened = await openEnvelope(context, envelope, request.encryptionContext);
    const body = output.Body ?? fail("ContentTampered");
    if (contentRange !== undefined && range !== undefined)
      return rangeOutput(context, output, body, envelope, opened, range, contentRange);
    return await wholeOutput(context, output, body, envelope, opened);
  } catch (error) {
    wipe(opened);
    await context.platform.discard(output.Body);
    throw error;
  }
}

function wipe(opened: OpenedContent | undefined): void {
  if (opened?.content === "CBC") opened.key.fill(0);
  else opened?.key.key.fill(0);
}

interface ResolvedRange {
  readonly first: number;
  readonly last: number | undefined;
  /** Pins the object between the HEAD that resolved a suffix and the GET. */
  readonly etag?: string | undefined;
}

async function plainRange(
  context: Context,
  command: GetObjectCommand,
  request: Request,
): Promise<ResolvedRange> {
  const { input } = command;
  const range = parseRange(input.Range ?? "");
  if (!context.options.ranges) fail("RangesDisabled");
  if (!("suffix" in range)) return range;
  // A suffix counts from the end of the plaintext, so its end must be known first.
  const { Range: _range, ...rest } = input;
  const headInput: HeadObjectCommandInput = rest;
  const head = await context.s3.send(new HeadObjectCommand(headInput), request.handler);
  const envelope = await readEnvelope(head.Metadata, () =>
    loadInstructionFile(context, input, request.instructionFileSuffix, request.handler),
  );
  if (envelope.content === "CBC")
    fail("InvalidRange", "the plaintext length of AES-CBC content is not known");
  const size = plainSizeOfGcm(head.ContentLength ?? 0);
  if (size === 0) fail("RangeNotSatisfiable");
  return { first: Math.max(0, size - range.suffix), last: undefined, etag: head.ETag };
}

function checkContentRange(output: GetObjectCommandOutput, asked: boolean): ContentRange | undefined {
  if (!asked) {
    // Some transfer layer split the download: what comes is not the whole ciphertext.
    if (output.ContentRange !== undefined)
      fail("Unsupported", "a partial answer to a request for the whole object");
    return undefined;
  }
  return (
    parseContentRange(output.ContentRange) ??
    fail("InvalidRange", "S3 answered without a usable Content-Range")
  );
}

function checkBuffer({ options }: Context, storedLength: number | undefined): void {
  if (options.delayed) return;
  if (storedLength === undefined) fail("TooLargeToBuffer", "the answer has no Content-Length");
  if (storedLength > options.bufferSize)
    fail("TooLargeToBuffer", `${storedLength} bytes, bufferSize ${options.bufferSize}`);
}

async function wholeOutput(
  context: Context,
  output: GetObjectCommandOutput,
  body: OutputBody,
  envelope: Envelope,
  opened: OpenedContent,
): Promise<DecryptedObject> {
  const { platform, options } = context;
  const { cipher } = platform;
  const stored = output.ContentLength;
  const chunks = platform.chunksOf(body);
  const discard = giveUp(context, opened, body);
  if (opened.content === "CBC") {
    const plaintext = openCbcStream(cipher, opened.key, opened.iv, chunks, stored);
    const { ContentLength: _unknown, ...rest } = output;
    return {
      ...rest,
      Body: platform.responseBody(plaintext, discard),
      Encryption: describe(envelope, output, "none"),
    };
  }
  const size = stored === undefined ? {} : { ContentLength: plainSizeOfGcm(stored) };
  if (options.delayed) {
    const plaintext = openGcmStream(cipher, opened.key, chunks, stored);
    const Body = platform.responseBody(plaintext, discard);
    return { ...output, ...size, Body, Encryption: describe(envelope, output, "delayed") };
  }
  const parts = await openGcmBuffered(cipher, opened.key, chunks, stored ?? 0);
  wipe(opened);
  const Body = platform.responseBody(release(parts), async () => undefined);
  return { ...output, ...size, Body, Encryption: describe(envelope, output, "buffered") };
}

/** Streams wipe their key where they end; one that nobody began to read has no end. */
function giveUp({ platform }: Context, opened: OpenedContent, body: OutputBody): () => Promise<void> {
  return () => {
    wipe(opened);
    return platform.discard(body);
  };
}

async function* release(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function rangeOutput(
  context: Context,
  output: GetObjectCommandOutput,
  body: OutputBody,
  envelope: Envelope,
  opened: OpenedContent,
  asked: ResolvedRange,
  stored: ContentRange,
): DecryptedObject {
  const { platform } = context;
  const { cipher } = platform;
  const isCbc = opened.content === "CBC";
  // CBC's end is not known without its padding; the stored end bounds it.
  const size = isCbc ? stored.total : plainSizeOfGcm(stored.total);
  if (asked.first >= size) fail("RangeNotSatisfiable", `plaintext of ${size} bytes`);
  const last = Math.min(asked.last ?? Number.MAX_SAFE_INTEGER, size - 1);
  const aligned = asked.first - (asked.first % 16);
  if (stored.first > aligned || stored.first % 16 !== 0 || stored.last < last)
    fail("InvalidRange", "S3 answered with another range");
  const length = last - asked.first + 1;
  const chunks = platform.chunksOf(body);
  const skip = asked.first - stored.first;
  let plaintext: AsyncGenerator<Uint8Array>;
  if (opened.content === "CBC") plaintext = cbcRange(context, opened, chunks, stored, skip, length);
  else plaintext = sliceStream(openCtrStream(cipher, opened.key, stored.first, chunks), skip, length);
  const { ContentLength: _length, ...rest } = output;
  return {
    ...rest,
    ...(isCbc ? {} : { ContentLength: length }),
    ContentRange: `bytes ${asked.first}-${last}/${isCbc ? "*" : size}`,
    Body: platform.responseBody(plaintext, giveUp(context, opened, body)),
    Encryption: describe(envelope, output, "none"),
  };
}

/** Stored bytes begin one block early, that block being the vector; at the object's start the stored vector is. */
async function* cbcRange(
  { platform }: Context,
  opened: Extract<OpenedContent, { content: "CBC" }>,
  chunks: AsyncIterable<Uint8Array>,
  stored: ContentRange,
  skip: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const isEnd = stored.last === stored.total - 1;
  // Decrypting the leading block with the wrong vector spoils only that block, which is skipped.
  const plaintext = openCbcStream(platform.cipher, opened.key, opened.iv, chunks, undefined, isEnd);
  yield* sliceStream(plaintext, skip, length, isEnd);
}
