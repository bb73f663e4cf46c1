/**
 * One call of the AWS SDK with headers of the test's choice added before it is signed, and the answer as it stood on the
 * wire: status, headers and error document, which the SDK's own errors hide in part.
 */
import { Readable } from "node:stream";
import type {
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { Command } from "@smithy/types";
import { HttpRequest, HttpResponse } from "@smithy/protocol-http";

export type S3Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  I,
  ServiceOutputTypes,
  O,
  S3ClientResolvedConfig
>;

export interface Answer<O = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
  /** Of an error document. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** What the SDK made of it; only of a success. */
  readonly output: O | undefined;
  /** Text of the first element of that name. */
  element(name: string): string | undefined;
}

export type Headers = Readonly<Record<string, string>>;

export async function call<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
  client: S3Client,
  command: S3Command<I, O>,
  headers: Headers = {},
): Promise<Answer<O>> {
  let seen: { readonly response: HttpResponse; readonly body: Buffer } | undefined;
  command.middlewareStack.add(
    (next) => (args) => {
      if (HttpRequest.isInstance(args.request)) Object.assign(args.request.headers, headers);
      return next(args);
    },
    { step: "build", name: "headersOfTheTest", priority: "low" },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (!HttpResponse.isInstance(result.response)) throw new Error("not an HTTP response");
      const { response } = result;
      const body = await collect(response.body);
      seen = { response, body };
      response.body = Readable.from([body], { objectMode: false });
      return result;
    },
    { step: "deserialize", name: "answerForTheTest", priority: "low" },
  );
  let output: O | undefined;
  try {
    output = await client.send(command);
  } catch (error) {
    // Refused by the server: the answer says how. Anything else is a failure of the test.
    if (seen === undefined || seen.response.statusCode < 300) throw error;
  }
  if (seen === undefined) throw new Error("no answer was seen");
  return answerOf(seen.response.statusCode, seen.response.headers, seen.body, output);
}

export function answerOf<O>(status: number, headers: Headers, body: Buffer, output?: O): Answer<O> {
  const text = body.toString();
  const element = (name: string): string | undefined => {
    const found = new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`).exec(text)?.[1];
    return found
      ?.replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&apos;", "'")
      .replaceAll("&amp;", "&");
  };
  // Also after a 200 that was sent before its outcome was known; not the errors of single keys in a DeleteResult.
  const failed = /^(?:<\?xml[^>]*>\s*)?<Error>/.test(text.trimStart());
  return {
    status,
    headers,
    body,
    text,
    code: failed ? element("Code") : undefined,
    message: failed ? element("Message") : undefined,
    output,
    element,
  };
}

async function collect(body: unknown): Promise<Buffer> {
  if (!(body instanceof Readable)) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
