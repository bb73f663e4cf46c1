/** What the client promised about the bytes: Content-MD5, x-amz-checksum-*, trailers, the algorithm to compute. */
import { fail } from "../../../base/errors.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  type ChecksumType,
  type Integrity,
} from "../../../objects/api.ts";
import { digestBytes } from "../../../objects/checksum/digest-text.ts";
import type { S3Request } from "../request.ts";

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
  return (
    digestBytes("MD5", text) ??
    fail("InvalidDigest", {
      message: "The Content-MD5 you specified was invalid.",
      elements: { "Content-MD5": text },
    })
  );
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
    if (found !== undefined) severalChecksums();
    if (!isDigest(algorithm, value, composite))
      fail("InvalidRequest", `Value for ${name} header is invalid.`);
    found = { algorithm, value };
  }
  return found;
}

/** Base64 of the right size (composite: with `-count`, or without). */
function isDigest(algorithm: ChecksumAlgorithm, value: string, composite: boolean): boolean {
  return digestBytes(algorithm, composite ? value.replace(/-[0-9]{1,5}$/, "") : value) !== undefined;
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
  const text = req.header("x-amz-checksum-type")?.toUpperCase();
  if (text === undefined || text === "") return undefined;
  if (text === "FULL_OBJECT" || text === "COMPOSITE") return text;
  return fail("InvalidRequest", "Value for x-amz-checksum-type header is invalid.");
}

export function integrityOf(req: S3Request): Integrity {
  const contentMd5 = contentMd5Of(req);
  const sent = checksumOf(req);
  const trailer = req.header("x-amz-trailer");
  const announced = trailer === undefined ? undefined : announcedAlgorithm(trailer);
  const algorithm = algorithmOf(req, "x-amz-sdk-checksum-algorithm");
  if (sent !== undefined && announced !== undefined) {
    fail("InvalidRequest", "Expecting a single x-amz-checksum- header");
  }
  const checksum = sent ?? (announced === undefined ? undefined : { algorithm: announced });
  if (algorithm !== undefined && checksum !== undefined && checksum.algorithm !== algorithm) {
    fail("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  // In a presigned URL the value beside it is not a promise about the body, and is passed over. SDKs send MD5 as Content-MD5.
  const sentAsMd5 = algorithm === "MD5" && contentMd5 !== undefined;
  if (algorithm !== undefined && checksum === undefined && !sentAsMd5 && !req.signing.presigned) {
    fail(
      "InvalidRequest",
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  return {
    ...(contentMd5 === undefined ? {} : { contentMd5 }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(algorithm === undefined || checksum !== undefined ? {} : { algorithm }),
  };
}

/** S3 passes over commas at the end, and over no other empty name. */
export function announcedAlgorithm(trailer: string): ChecksumAlgorithm {
  const names = trailer.split(",");
  while (names.at(-1) === "") names.pop();
  const algorithms = names.map((name) => BY_HEADER.get(name.trim().toLowerCase()));
  const algorithm = algorithms[0];
  if (algorithm === undefined || algorithms.includes(undefined)) {
    fail("InvalidRequest", "The value specified in the x-amz-trailer header is not supported");
  }
  if (algorithms.length > 1) severalChecksums();
  return algorithm;
}

function severalChecksums(): never {
  fail(
    "InvalidRequest",
    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
  );
}
