/** PutObject: one fresh data key, the envelope, then ciphertext of exactly the promised length (spec section 12). */
import type { PutObjectCommand, PutObjectCommandInput, PutObjectCommandOutput } from "@aws-sdk/client-s3";
import { checkPlaintextLength, encryptBytes, exactly, openEncryptor } from "../content/encrypt.ts";
import type { ContentKey } from "../content/keys.ts";
import { mergeMetadata, rejectEnvelopeNames, writeEnvelope } from "../envelope/write.ts";
import { fail } from "../errors.ts";
import { ignore } from "../platform/web-streams.ts";
import { readAll, type Source } from "../platform/platform.ts";
import { TAG_BYTES } from "../suites.ts";
import { rejectPlaintextChecksums } from "./caller-fields.ts";
import { withInput } from "./commands.ts";
import { type Context, type HandlerOptions, type Request, target } from "./context.ts";
import { storeInstructionFile } from "./instruction-files.ts";
import { newEnvelope } from "./new-envelope.ts";
import type { Undo } from "./undo.ts";

export async function putObject(
  context: Context,
  command: PutObjectCommand,
  request: Request,
): Promise<PutObjectCommandOutput> {
  const { input } = command;
  rejectPlaintextChecksums(input);
  rejectEnvelopeNames(input.Metadata);
  if (input.WriteOffsetBytes !== undefined)
    fail("Unsupported", "appending would continue a finished ciphertext");
  // Overwriting the file first and then failing the condition would destroy an object that stays.
  if (context.options.writeInstructionFiles && input.IfMatch !== undefined)
    fail("Unsupported", "IfMatch with instruction files, which cannot change atomically with the object");
  const source = await sourceOf(context, input);
  const { envelope, content } = await newEnvelope(context, request.encryptionContext);
  let undo: Undo | undefined;
  try {
    const written = writeEnvelope(envelope);
    const Metadata = mergeMetadata(input.Metadata, written.object);
    if (written.file !== undefined)
      undo = await storeInstructionFile(context, input, target(input), written.file, request.handler);
    return await upload(context, command, { ...input, Metadata }, source, content, request.handler);
  } catch (error) {
    await undo?.().catch(ignore);
    throw error;
  } finally {
    content.key.fill(0);
  }
}

/** The body with a length that is known and allowed. */
async function sourceOf(
  { platform, options }: Context,
  input: PutObjectCommandInput,
): Promise<Source & { length: number }> {
  const source = platform.readBody(input.Body);
  if (source.kind === "bytes") {
    if (input.ContentLength !== undefined && input.ContentLength !== source.bytes.length)
      fail("LengthMismatch", `${source.bytes.length} bytes, ContentLength ${input.ContentLength}`);
    checkPlaintextLength(source.bytes.length);
    return { ...source, length: source.bytes.length };
  }
  const length = input.ContentLength ?? source.length;
  if (!platform.streamsUploads) {
    const bytes = await readAll(source.chunks, options.bufferSize);
    if (length !== undefined && bytes.length !== length) fail("LengthMismatch");
    return { kind: "bytes", bytes, length: bytes.length };
  }
  if (length === undefined) fail("UnknownLength");
  checkPlaintextLength(length);
  return { ...source, length };
}

async function upload(
  context: Context,
  command: PutObjectCommand,
  input: PutObjectCommandInput,
  source: Source & { length: number },
  content: ContentKey,
  handler: HandlerOptions,
): Promise<PutObjectCommandOutput> {
  const encryptor = await openEncryptor(context.platform.cipher, content);
  const ContentLength = source.length + TAG_BYTES;
  if (source.kind === "bytes") {
    // Bytes can be sent again by the SDK's retries: the same ciphertext each time.
    const Body = await encryptBytes(encryptor, source.bytes, true);
    return context.s3.send(withInput(command, { ...input, Body, ContentLength }), handler);
  }
  const failure = new FailedBody(handler);
  const { body: Body, close } = context.platform.uploadBody(
    source.chunks,
    exactly(encryptor, source.length),
    failure.report,
  );
  try {
    // A stream is never retried by the SDK, and must not be: the cipher has moved on.
    const sending = context.s3.send(withInput(command, { ...input, Body, ContentLength }), failure.handler);
    return await Promise.race([sending, failure.promise]);
  } finally {
    close();
    failure.settle();
  }
}

/**
 * The SDK pipes a body into the request and does not hear its errors: the request would hang. This aborts the request
 * when the body fails, so that no object appears, and makes the body's error the result.
 */
class FailedBody {
  readonly handler: HandlerOptions;
  readonly promise: Promise<never>;
  readonly report: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = (): void => this.#abort.abort();

  constructor(handler: HandlerOptions) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(ignore);
    this.promise = promise;
    this.report = (error) => {
      reject(error);
      this.#abort.abort();
    };
    const outer = handler.abortSignal;
    this.#outer = outer instanceof AbortSignal ? outer : undefined;
    if (this.#outer?.aborted === true) this.#abort.abort();
    this.#outer?.addEventListener("abort", this.#onOuterAbort);
    this.handler = { ...handler, abortSignal: this.#abort.signal };
  }

  settle(): void {
    this.#outer?.removeEventListener("abort", this.#onOuterAbort);
  }
}
