/** Small request bodies: XML documents and policies, within their limit and with the integrity that S3 demands. */
import { fail, failArgument } from "../../base/errors.ts";
import { XML_BODY_BYTES_MAX } from "../../base/limits.ts";
import type { Integrity } from "../../objects/api.ts";
import { checksumOf } from "../../objects/checksum/algorithms.ts";
import { badMd5 } from "../../objects/content/digests.ts";
import { checksumHeader, contentMd5Of, integrityOf } from "./read/integrity.ts";
import type { S3Request } from "./request.ts";

/**
 * Collects the body. `required`: S3 wants Content-MD5 or a checksum header for this operation. Whatever was promised is
 * verified.
 */
export async function smallBody(
  req: S3Request,
  options: {
    readonly required: boolean;
    readonly bytesMax?: number;
    /** False where x-amz-checksum-* speaks of the object and not of this body. */
    readonly ofBody?: boolean;
  },
): Promise<Uint8Array> {
  const integrity = options.ofBody === false ? md5Only(req) : integrityOf(req);
  if (options.required && integrity.contentMd5 === undefined && integrity.checksum === undefined) {
    fail("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const { size } = req.body;
  if (size > (options.bytesMax ?? XML_BODY_BYTES_MAX)) fail("MaxMessageLengthExceeded");
  const body = await req.body.collect();
  verifyIntegrity(integrity, body, req.body.trailers());
  return body;
}

function md5Only(req: S3Request): Integrity {
  const contentMd5 = contentMd5Of(req);
  return contentMd5 === undefined ? {} : { contentMd5 };
}

/**
 * Object-sized bodies: declared, and within what one request may carry. HTTP takes silence for an empty body, S3 does not:
 * a client that lost its length must not leave an empty object.
 */
export function checkUploadSize(req: S3Request, bytesMax: number): void {
  const { headers } = req.exchange.raw;
  if (!headers.has("content-length") && !headers.has("transfer-encoding")) fail("MissingContentLength");
  const { size } = req.body;
  if (size > bytesMax) {
    fail("EntityTooLarge", { elements: { ProposedSize: String(size), MaxSizeAllowed: String(bytesMax) } });
  }
  if (size < 0) failArgument("Content-Length must not be negative", "Content-Length", String(size));
}

function verifyIntegrity(
  integrity: Integrity,
  body: Uint8Array,
  trailers: ReadonlyMap<string, string>,
): void {
  const { contentMd5, checksum } = integrity;
  if (contentMd5 !== undefined) {
    const md5 = checksumOf("MD5", body);
    if (Buffer.compare(md5, contentMd5) !== 0) badMd5(contentMd5, md5, "base64");
  }
  if (checksum === undefined) return;
  const claimed = checksum.value ?? trailers.get(checksumHeader(checksum.algorithm));
  if (claimed !== Buffer.from(checksumOf(checksum.algorithm, body)).toString("base64")) {
    fail("BadDigest", `The ${checksum.algorithm} you specified did not match the calculated checksum.`);
  }
}
