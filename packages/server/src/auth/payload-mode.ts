/** What `x-amz-content-sha256` says about the body (spec access 1.5). */
import { fail, failArgument } from "../base/errors.ts";
import type { HeaderView } from "./headers.ts";
import { type ChunkChain, EMPTY_SHA256 } from "./sigv4.ts";

export type PayloadMode =
  /** The body as it is. `size` is Content-Length; `sha256`, if signed, must be its hash. */
  | { readonly kind: "plain"; readonly size: number | undefined; readonly sha256?: string }
  /** aws-chunked. `chain` verifies the chunks of the signed modes; `trailers` are the announced names. */
  | {
      readonly kind: "chunked";
      readonly size: number;
      readonly wireSize: number | undefined;
      readonly trailing: boolean;
      readonly trailers: readonly string[];
      readonly chain?: ChunkChain;
    }
  /** Services other than S3 sign the body itself: it was read to check the signature. */
  | { readonly kind: "buffered"; readonly body: Uint8Array };

const STREAMING = {
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signed: true, trailing: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signed: true, trailing: true },
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signed: false, trailing: true },
} as const;
/** S3 takes the letters of a hash in either case; the signature is over them as they came. */
const SHA256 = /^[0-9a-fA-F]{64}$/;
/** A hash that came with the request is no property name yet: making it one costs more than to see that it is none. */
const isStreaming = (value: string): value is keyof typeof STREAMING =>
  value.startsWith("STREAMING-") && Object.hasOwn(STREAMING, value);

/** Throws InvalidArgument unless the value is one of those that S3 knows and we honour; SigV4a modes are not. */
export function checkContentSha256(value: string): void {
  if (value === EMPTY_SHA256 || SHA256.test(value) || value === "UNSIGNED-PAYLOAD" || isStreaming(value))
    return;
  failArgument(
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    "x-amz-content-sha256",
    value,
  );
}

const plainNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;

/** Undefined if the header is absent. */
function sizeHeader(headers: HeaderView, name: string): number | undefined {
  const text = headers.find(name);
  if (text === undefined) return undefined;
  return plainNumber(text) ?? failArgument(`${name} must be a number of bytes.`, name, text);
}

function announcedTrailers(headers: HeaderView): readonly string[] {
  const text = headers.find("x-amz-trailer");
  if (text === undefined) return [];
  const names = text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  // S3 takes checksums as trailers and nothing else; a field that nobody would honour is an error.
  if (!names.every((name) => name.startsWith("x-amz-checksum-")))
    fail("InvalidRequest", "The value specified in the x-amz-trailer header is not supported");
  return [...new Set(names)];
}

/** Without Content-Length and Transfer-Encoding there is no body (RFC 9112 section 6.3). */
function plainSize(headers: HeaderView): number | undefined {
  return sizeHeader(headers, "content-length") ?? (headers.has("transfer-encoding") ? undefined : 0);
}

/**
 * `value` has passed {@link checkContentSha256}. `chain` is absent for anonymous callers, who can sign no chunk. Throws
 * MissingContentLength in a streaming mode where x-amz-decoded-content-length is absent or no number.
 */
export function payloadMode(
  value: string,
  headers: HeaderView,
  chain: (() => ChunkChain) | undefined,
): PayloadMode {
  if (!isStreaming(value)) {
    const size = plainSize(headers);
    return value === "UNSIGNED-PAYLOAD" ? { kind: "plain", size } : { kind: "plain", size, sha256: value };
  }
  const { signed, trailing } = STREAMING[value];
  if (signed && chain === undefined) {
    fail(
      "InvalidRequest",
      "Anonymous requests don't support this x-amz-content-sha256 value. Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
    );
  }
  const size = plainNumber(headers.find("x-amz-decoded-content-length")) ?? fail("MissingContentLength");
  const wireSize = sizeHeader(headers, "content-length");
  const trailers = trailing ? announcedTrailers(headers) : [];
  const base = { kind: "chunked", size, wireSize, trailing, trailers } as const;
  return signed && chain !== undefined ? { ...base, chain: chain() } : base;
}

/** Does the request come with a body at all? */
export function hasBody(headers: HeaderView): boolean {
  return plainSize(headers) !== 0;
}

/**
 * The Content-Encoding to store: `aws-chunked` describes the transfer and is removed. Undefined if nothing is left.
 * Some SDKs omit it even when they chunk, so it never decides how a body is read.
 */
export function storedContentEncoding(value: string | undefined): string | undefined {
  if (value === undefined || !value.toLowerCase().includes("aws-chunked")) return value;
  // What is left keeps its own spacing.
  const kept = value.split(",").filter((piece) => {
    const token = piece.trim().toLowerCase();
    return token !== "" && token !== "aws-chunked";
  });
  return kept.length === 0 ? undefined : kept.join(",").trim();
}
