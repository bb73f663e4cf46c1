/** What the client promised about the bytes: Content-MD5, x-amz-checksum-*, trailers, the algorithm to compute. */
import { fail, failArgument } from "../../../base/errors.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ChecksumType,
  type Integrity,
} from "../../../objects/api.ts";
import { checksumBytes } from "../../../objects/checksum/algorithms.ts";
import type { S3Request } from "../request.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PREFIX = "x-amz-checksum-";
const BY_NAME: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((a) => [a as string, a]),
);
const BY_HEADER: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((a) => [`${PREFIX}${a.toLowerCase()}`, a]),
);
export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `${PREFIX}${algorithm.toLowerCase()}`;
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm}`;

export function contentMd5Of(req: S3Request): Uint8Array | undefined {
  const text = req.header("content-md5");
  if (text === undefined) return undefined;
  const bytes = BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
  if (bytes?.length !== 16) {
    return fail("InvalidDigest", {
      message: "The Content-MD5 you specified was invalid.",
      elements: { "Content-MD5": text },
    });
  }
  return bytes;
}

export interface ChecksumValue {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/**
 * The one x-amz-checksum-* header. Values in a presigned query are not promises about the body: SDKs sign the checksum
 * of an empty body into the URL, S3 ignores it, and so do we (the algorithm next to it counts).
 */
export function checksumOf(req: S3Request, composite = false): ChecksumValue | undefined {
  let found: ChecksumValue | undefined;
  const headers = req.signing.presigned ? req.exchange.raw.headers : req.headers;
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith(PREFIX)) continue;
    const algorithm = BY_HEADER.get(name);
    if (algorithm === undefined) {
      if (name === `${PREFIX}algorithm` || name === `${PREFIX}type` || name === `${PREFIX}mode`) continue;
      fail("InvalidRequest", "The algorithm type you specified in x-amz-checksum- header is invalid.");
    }
    if (found !== undefined) {
      fail(
        "InvalidRequest",
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
      );
    }
    checkDigest(algorithm, value, composite, `Value for ${name} header is invalid.`);
    found = { algorithm, value };
  }
  return found;
}

/** Throws InvalidRequest with `message` unless `value` is base64 of the right size (composite: with `-count`). */
export function checkDigest(
  algorithm: ChecksumAlgorithm,
  value: string,
  composite: boolean,
  message: string,
): void {
  const digest = composite ? value.replace(/-[0-9]{1,5}$/, "") : value;
  if (!BASE64.test(digest) || Buffer.byteLength(digest, "base64") !== checksumBytes(algorithm)) {
    fail("InvalidRequest", message);
  }
}

/** x-amz-checksum-algorithm (CreateMultipartUpload, CopyObject) or x-amz-sdk-checksum-algorithm. */
export function algorithmOf(req: S3Request, header: string): ChecksumAlgorithm | undefined {
  const text = req.header(header);
  if (text === undefined || text === "") return undefined;
  const algorithm = BY_NAME.get(text.toUpperCase());
  if (algorithm === undefined) {
    fail(
      "InvalidRequest",
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]",
    );
  }
  return algorithm;
}

export function checksumTypeOf(req: S3Request): ChecksumType | undefined {
  const text = req.header("x-amz-checksum-type");
  if (text === undefined || text === "") return undefined;
  if (text === "FULL_OBJECT" || text === "COMPOSITE") return text;
  return failArgument("Value for x-amz-checksum-type header is invalid.", "x-amz-checksum-type", text);
}

export function integrityOf(req: S3Request): Integrity {
  const contentMd5 = contentMd5Of(req);
  const sent = checksumOf(req);
  const announced = announcedTrailer(req);
  const algorithm = algorithmOf(req, "x-amz-sdk-checksum-algorithm");
  if (sent !== undefined && announced !== undefined) {
    fail(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const checksum = sent ?? (announced === undefined ? undefined : { algorithm: announced });
  if (algorithm !== undefined && checksum !== undefined && checksum.algorithm !== algorithm) {
    fail("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  return {
    ...(contentMd5 === undefined ? {} : { contentMd5 }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(algorithm === undefined || checksum !== undefined ? {} : { algorithm }),
  };
}

function announcedTrailer(req: S3Request): ChecksumAlgorithm | undefined {
  const text = req.header("x-amz-trailer");
  if (text === undefined) return undefined;
  const names = text.split(",").map((name) => name.trim().toLowerCase());
  const algorithm = BY_HEADER.get(names[0] ?? "");
  if (names.length !== 1 || algorithm === undefined) {
    fail("InvalidRequest", "The value specified in the x-amz-trailer header is not supported");
  }
  return algorithm;
}
