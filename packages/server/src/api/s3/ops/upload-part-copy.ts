import { failArgument } from "../../../base/errors.ts";
import type { UploadPartCopyInput } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { isoDate, s3Document, tag } from "../../common/xml-write.ts";
import { operation } from "../operation.ts";
import { copySourceOf, sourceBucket, sourceNeeds } from "../read/copy-source.ts";
import { refuseEncryptionHeaders, ssecOf } from "../read/encryption.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { partNeeds, requiredPartNumber, uploadTargetOf } from "../read/upload.ts";
import type { S3Request } from "../request.ts";
import { encryptionHeaders } from "../show/encryption.ts";
import { checksumXml, quotedEtag } from "../show/object.ts";

export const UploadPartCopy = operation({
  name: "UploadPartCopy",
  route: { method: "PUT", target: "object", query: ["uploadId"], header: "x-amz-copy-source" },
  slow: true,
  needs: async (req) => [...(await sourceNeeds(req, false)), ...(await partNeeds(req))],
  hidesMissing: sourceBucket,
  parse: async (req): Promise<UploadPartCopyInput> => {
    refuseEncryptionHeaders(req);
    refuseUnhonoured(req);
    const range = sourceRangeOf(req);
    return {
      ...uploadTargetOf(req),
      partNumber: requiredPartNumber(req),
      ssec: ssecOf(req),
      source: await copySourceOf(req),
      ...(range === undefined ? {} : { range }),
    };
  },
  handle: (input, req) => req.deps.uploads.copyPart(req.caller, req.bucket, input),
  respond: (part) =>
    xmlAnswer(
      200,
      s3Document(
        "CopyPartResult",
        tag("LastModified", isoDate(part.lastModifiedMs)) +
          tag("ETag", quotedEtag(part.etag)) +
          checksumXml(part.checksum, false),
      ),
      [
        ...(part.sourceVersionId === undefined ? [] : ["x-amz-copy-source-version-id", part.sourceVersionId]),
        ...encryptionHeaders(part.encryption),
      ],
    ),
});

/** Both ends, unlike a Range header, and nothing is ignored. */
function sourceRangeOf(req: S3Request): { readonly from: number; readonly to: number } | undefined {
  const name = "x-amz-copy-source-range";
  const text = req.header(name);
  if (text === undefined) return undefined;
  const match = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match === null || to < from) {
    failArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      name,
      text,
    );
  }
  return { from, to };
}
