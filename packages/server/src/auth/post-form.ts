/**
 * multipart/form-data of a browser upload: the fields first, bounded, then the file as a stream. `file` is the last part
 * that counts; what follows it is read over (spec access 1.7). The parser is busboy's; this file bounds it, turns its
 * events into values and every trick played on it into MalformedPOSTRequest.
 */
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { once } from "node:events";
import { fail, ServiceError } from "../base/errors.ts";
import { FORM_FIELDS_BYTES_MAX, FORM_FIELDS_MAX, SMALL_BODY_MS_MAX } from "../base/limits.ts";
import type { FormFields } from "./post-policy.ts";

export interface PostForm {
  /** By lower-case name; `file` is not among them. */
  readonly fields: FormFields;
  /** Last component of the name that the browser gave; empty if none. */
  readonly fileName: string;
  readonly fileContentType: string | undefined;
  /** Size unknown. Ends well only if the form ended well; see {@link withinRange} for the policy's limits. */
  readonly file: AsyncIterable<Uint8Array>;
  /** For those who refuse the upload after a look at the fields and never start on the file. */
  discard(): void;
}

interface FilePart {
  readonly stream: BusboyFileStream;
  readonly name: string;
  readonly contentType: string;
}

/**
 * Reads up to the file. Throws MalformedPOSTRequest, MaxPostPreDataLengthExceeded, InvalidArgument without a file, and
 * RequestTimeout for fields that trickle: nobody is known before they are here.
 */
export async function readPostForm(
  contentType: string,
  source: AsyncIterable<Uint8Array>,
  msMax = SMALL_BODY_MS_MAX,
): Promise<PostForm> {
  const parser = newParser(contentType);
  const fields = new Map<string, string>();
  let fieldBytes = 0;
  let seen = false;
  const begun = Promise.withResolvers<FilePart | undefined>();

  parser.on("field", (name: string | undefined, value, _nameTruncated, valueTruncated) => {
    if (seen) return;
    if (name === undefined || name === "") {
      begun.reject(malformedForm());
      return;
    }
    fieldBytes += name.length + Buffer.byteLength(value);
    if (valueTruncated || fieldBytes > FORM_FIELDS_BYTES_MAX) begun.reject(tooLarge());
    const lower = name.toLowerCase();
    // Two values for one name: the policy would be held against one and the object made from the other.
    if (fields.has(lower)) begun.reject(malformedForm());
    fields.set(lower, value);
  });
  parser.on("fieldsLimit", () => begun.reject(tooLarge()));
  parser.on("partsLimit", () => begun.reject(tooLarge()));
  parser.on("file", (_field, stream, name: string | undefined, _encoding, type) => {
    // Without a listener a failing part would end the process; the failure itself arrives through the pump.
    stream.on("error", () => {});
    if (seen) {
      stream.resume();
      return;
    }
    seen = true;
    begun.resolve({ stream, name: name ?? "", contentType: type });
  });

  const pump = new Pump(parser, source);
  const ended = pump.run();
  ended.then(
    () => begun.resolve(undefined),
    (cause: unknown) => begun.reject(cause),
  );
  const late = setTimeout(() => begun.reject(new ServiceError("RequestTimeout")), msMax);
  try {
    const file = await begun.promise;
    if (file === undefined)
      return fail("InvalidArgument", {
        message: "POST requires exactly one file upload per request.",
        elements: { ArgumentName: "file", ArgumentValue: "0" },
      });
    return {
      fields,
      fileName: file.name,
      fileContentType: file.contentType,
      file: fileBytes(file.stream, ended, pump),
      discard: () => {
        pump.stop();
        file.stream.resume();
      },
    };
  } catch (cause) {
    pump.stop();
    throw cause;
  } finally {
    clearTimeout(late);
  }
}

const malformedForm = (cause?: unknown): ServiceError =>
  new ServiceError("MalformedPOSTRequest", cause === undefined ? {} : { cause });
const tooLarge = (): ServiceError => new ServiceError("MaxPostPreDataLengthExceeded");

function newParser(contentType: string): BusboyInstance {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) {
    fail("PreconditionFailed", {
      elements: { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
    });
  }
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      isPartAFile: (name) => name?.toLowerCase() === "file",
      limits: {
        fieldSize: FORM_FIELDS_BYTES_MAX,
        fields: FORM_FIELDS_MAX,
        parts: FORM_FIELDS_MAX + 1,
        headerPairs: 20,
        headerSize: 8192,
      },
    });
  } catch (cause) {
    throw malformedForm(cause);
  }
}

/** Feeds the parser at the pace at which it, and with it the file's reader, takes. */
class Pump {
  readonly #parser: BusboyInstance;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #stopped = Promise.withResolvers<never>();
  #stop = false;

  constructor(parser: BusboyInstance, source: AsyncIterable<Uint8Array>) {
    this.#parser = parser;
    this.#source = source;
    this.#stopped.promise.catch(() => {});
  }

  /** Nobody will read on: lets go of the source. */
  stop(): void {
    this.#stop = true;
    this.#stopped.reject(malformedForm());
  }

  async run(): Promise<void> {
    const parser = this.#parser;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    // Busboy reports a cut form here, also after its input has ended; the listener stays for good.
    parser.on("error", (cause: unknown) => failed.reject(malformedForm(cause)));
    const finished = once(parser, "finish");
    finished.catch(() => {});
    const interrupted = Promise.race([failed.promise, this.#stopped.promise]);
    interrupted.catch(() => {});
    for await (const piece of this.#source) {
      if (this.#stop) throw malformedForm();
      const written = Promise.withResolvers<undefined>();
      parser.write(piece, () => written.resolve(undefined));
      await Promise.race([written.promise, interrupted]);
    }
    parser.end();
    await Promise.race([finished, interrupted]);
  }
}

async function* fileBytes(
  stream: BusboyFileStream,
  ended: Promise<void>,
  pump: Pump,
): AsyncGenerator<Uint8Array> {
  let whole = false;
  // A cut form may leave the file's stream open for ever; its failure ends the wait.
  ended.catch((cause: unknown) => stream.destroy(cause instanceof Error ? cause : malformedForm(cause)));
  try {
    for await (const piece of stream) yield piece as Uint8Array;
    await ended;
    whole = true;
  } catch (cause) {
    throw cause instanceof ServiceError ? cause : malformedForm(cause);
  } finally {
    if (!whole) pump.stop();
  }
}

/** Throws EntityTooLarge as soon as the file exceeds the policy's range, EntityTooSmall at its end. */
export async function* withinRange(
  file: AsyncIterable<Uint8Array>,
  range: { readonly min: number; readonly max: number },
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of file) {
    size += piece.length;
    if (size > range.max) {
      fail("EntityTooLarge", {
        elements: { ProposedSize: String(size), MaxSizeAllowed: String(range.max) },
      });
    }
    yield piece;
  }
  if (size < range.min) {
    fail("EntityTooSmall", { elements: { ProposedSize: String(size), MinSizeAllowed: String(range.min) } });
  }
}
