import { PARTS_MAX, PARTS_PAGE_MAX } from "../../../base/limits.ts";
import type { ListedPart } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { isoDate, s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, onObject } from "../operation.ts";
import { refuseEncryptionHeaders, ssecOf } from "../read/encryption.ts";
import { maxOf } from "../read/list.ts";
import { uploadTargetOf } from "../read/upload.ts";
import { checksumKinds } from "../show/list.ts";
import { checksumXml, ownerXml, quotedEtag } from "../show/object.ts";

export const ListParts = operation({
  name: "ListParts",
  route: { method: "GET", target: "object", query: ["uploadId"] },
  needs: onObject("s3:ListMultipartUploadParts"),
  parse: (req) => {
    refuseEncryptionHeaders(req);
    return {
      ...uploadTargetOf(req),
      // Absent or empty means from the start.
      after:
        req.parameter("part-number-marker") === undefined ? 0 : maxOf(req, "part-number-marker", PARTS_MAX),
      max: maxOf(req, "max-parts", PARTS_PAGE_MAX),
      ssec: ssecOf(req),
    };
  },
  handle: (input, req) => req.deps.uploads.listParts(req.caller, req.bucket, input),
  respond: (result, req, input) => {
    let list = "";
    for (const part of result.parts) list += partXml(part);
    return xmlAnswer(
      200,
      s3Document(
        "ListPartsResult",
        tag("Bucket", req.bucket.name) +
          tag("Key", req.key) +
          tag("UploadId", input.uploadId) +
          ownerXml(result.initiator, "Initiator") +
          ownerXml(req.deps.ownerOf(req.bucket.owner)) +
          tag("StorageClass", "STANDARD") +
          tag("PartNumberMarker", input.after) +
          tag("NextPartNumberMarker", result.parts.at(-1)?.partNumber ?? 0) +
          tag("MaxParts", input.max) +
          tag("IsTruncated", result.more) +
          checksumKinds(result) +
          list,
      ),
    );
  },
});

function partXml(part: ListedPart): string {
  return wrap(
    "Part",
    tag("PartNumber", part.partNumber) +
      tag("LastModified", isoDate(part.lastModifiedMs)) +
      tag("ETag", quotedEtag(part.etag)) +
      tag("Size", part.size) +
      checksumXml(part.checksum, false),
  );
}
