import { fail, failArgument } from "../../../base/errors.ts";
import { PARTS_MAX, XML_PARTS_MARKS_MAX } from "../../../base/limits.ts";
import { CHECKSUM_ALGORITHMS, type CompletePart, type CompleteUploadInput } from "../../../objects/api.ts";
import { digestBytes } from "../../../objects/checksum/digest-text.ts";
import { xmlAnswer } from "../../common/answer.ts";
import {
  allow,
  integerOf,
  many,
  maybeText,
  one,
  parseXml,
  textOf,
  type XmlElement,
} from "../../common/xml-read.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { smallBody } from "../body.ts";
import { operation, ownBucket } from "../operation.ts";
import { refuseEncryptionHeaders, ssecOf } from "../read/encryption.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { checksumElement, checksumOf, checksumTypeOf } from "../read/integrity.ts";
import { withMatch } from "../read/match-needs.ts";
import { unquote, writeConditionsOf } from "../read/preconditions.ts";
import { partNeeds, uploadTargetOf } from "../read/upload.ts";
import type { S3Request } from "../request.ts";
import { encryptionHeaders } from "../show/encryption.ts";
import { locationOf } from "../show/location.ts";
import { checksumXml, quotedEtag, versionHeader } from "../show/object.ts";

export const CompleteMultipartUpload = operation({
  name: "CompleteMultipartUpload",
  route: { method: "POST", target: "object", query: ["uploadId"] },
  slow: true,
  needs: async (req) => withMatch(req, await partNeeds(req)),
  hidesMissing: ownBucket,
  parse: async (req): Promise<CompleteUploadInput> => {
    refuseEncryptionHeaders(req);
    refuseUnhonoured(req);
    // The checksum header is the object's, not the body's.
    const checksum = checksumOf(req, true);
    const checksumType = checksumTypeOf(req);
    const objectSize = objectSizeOf(req);
    return {
      ...uploadTargetOf(req),
      ssec: ssecOf(req),
      conditions: writeConditionsOf(req),
      ...(checksum === undefined ? {} : { checksum }),
      ...(checksumType === undefined ? {} : { checksumType }),
      ...(objectSize === undefined ? {} : { objectSize }),
      parts: completedParts(await smallBody(req, { required: false, ofBody: false })),
    };
  },
  handle: (input, req) => req.deps.uploads.complete(req.caller, req.bucket, input),
  respond: (result, req) =>
    xmlAnswer(
      200,
      s3Document(
        "CompleteMultipartUploadResult",
        tag("Location", locationOf(req)) +
          tag("Bucket", req.bucket.name) +
          tag("Key", req.key) +
          tag("ETag", quotedEtag(result.etag)) +
          checksumXml(result.checksum),
      ),
      [...versionHeader(result.versionId), ...encryptionHeaders(result.encryption, { customer: false })],
    ),
});

function objectSizeOf(req: S3Request): number | undefined {
  const name = "x-amz-mp-object-size";
  const text = req.header(name);
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  const negative = /^-[0-9]{1,15}$/.test(text);
  return fail(
    "InvalidRequest",
    `Value for ${name} header is ${negative ? `less than zero: '${text}'` : "invalid."}`,
  );
}

/** None of an empty body: S3 looks for the upload before it refuses that. */
export function completedParts(body: Uint8Array): readonly CompletePart[] {
  if (body.length === 0) return [];
  const root = parseXml(body, "CompleteMultipartUpload", XML_PARTS_MARKS_MAX);
  allow(root, "Part");
  const parts = many(root, "Part").map(partOf);
  if (parts.length === 0) fail("MalformedXML");
  return parts;
}

const ELEMENTS = CHECKSUM_ALGORITHMS.map((algorithm) => [algorithm, checksumElement(algorithm)] as const);
const PART_CHILDREN = ["PartNumber", "ETag", ...ELEMENTS.map(([, element]) => element)];

function partOf(part: XmlElement): CompletePart {
  allow(part, ...PART_CHILDREN);
  const partNumber = integerOf(textOf(one(part, "PartNumber")), 9);
  if (partNumber < 1 || partNumber > PARTS_MAX) {
    failArgument(
      `PartNumber must be an integer between 1 and ${PARTS_MAX}, inclusive`,
      "partNumber",
      String(partNumber),
    );
  }
  const etag = unquote(textOf(one(part, "ETag")).trim());
  // Part number and ETag are two children; most parts have one checksum at most.
  if (part.children.length === 2) return { partNumber, etag };
  const found = ELEMENTS.flatMap(([algorithm, element]) => {
    const value = maybeText(part, element);
    return value === undefined ? [] : [{ algorithm, value }];
  });
  const checksum = found[0];
  if (checksum === undefined) return { partNumber, etag };
  if (found.length > 1 || digestBytes(checksum.algorithm, checksum.value) === undefined) {
    failArgument(
      "Invalid Base64 or multiple checksums present in request",
      "Checksum",
      found.map(({ algorithm, value }) => `${algorithm}:${value};`).join(""),
    );
  }
  return { partNumber, etag, checksum };
}
