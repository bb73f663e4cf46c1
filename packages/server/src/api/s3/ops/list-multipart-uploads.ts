import { UPLOADS_PAGE_MAX } from "../../../base/limits.ts";
import type { ListedUpload } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { isoDate, s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";
import { afterMarker, encodingOf, maxOf, type Encoding } from "../read/list.ts";
import { checksumKinds, commonPrefix, named } from "../show/list.ts";
import { ownerXml } from "../show/object.ts";

export const ListMultipartUploads = operation({
  name: "ListMultipartUploads",
  route: { method: "GET", target: "bucket", query: ["uploads"] },
  needs: onBucket("s3:ListBucketMultipartUploads"),
  parse: (req) => {
    const prefix = req.parameter("prefix") ?? "";
    const delimiter = req.parameter("delimiter") ?? "";
    const keyMarker = req.parameter("key-marker") ?? "";
    // Alone it means nothing: S3 ignores it.
    const uploadIdMarker = keyMarker === "" ? undefined : req.parameter("upload-id-marker");
    return {
      encoding: encodingOf(req),
      keyMarker,
      list: {
        prefix,
        delimiter,
        max: maxOf(req, "max-uploads", UPLOADS_PAGE_MAX),
        ...afterMarker(keyMarker, prefix, delimiter),
        ...(uploadIdMarker === undefined ? {} : { uploadIdMarker }),
      },
    };
  },
  handle: async ({ list }, req) =>
    list.max === 0 ? { items: [], more: false } : req.deps.uploads.listUploads(req.bucket, list),
  respond: ({ items, more }, req, { encoding, keyMarker, list }) => {
    const owner = ownerXml(req.deps.ownerOf(req.bucket.owner));
    let uploads = "";
    let groups = "";
    for (const item of items) {
      if (item.kind === "upload") uploads += uploadXml(item.upload, encoding, owner);
      else groups += commonPrefix(item.prefix, encoding);
    }
    const last = items.at(-1);
    // S3 names the last upload on the last page, too. Of a common prefix it says nothing, even where the list goes on.
    const nextKey = last?.kind === "upload" ? last.upload.key : more ? last?.prefix : "";
    return xmlAnswer(
      200,
      s3Document(
        "ListMultipartUploadsResult",
        tag("Bucket", req.bucket.name) +
          named("KeyMarker", keyMarker, encoding) +
          tag("UploadIdMarker", list.uploadIdMarker ?? "") +
          named("NextKeyMarker", nextKey, encoding) +
          tag("NextUploadIdMarker", last?.kind === "upload" ? last.upload.uploadId : "") +
          (list.delimiter === "" ? "" : named("Delimiter", list.delimiter, encoding)) +
          (list.prefix === "" ? "" : named("Prefix", list.prefix, encoding)) +
          tag("MaxUploads", list.max) +
          tag("EncodingType", encoding.type) +
          tag("IsTruncated", more) +
          uploads +
          groups,
      ),
    );
  },
});

function uploadXml(upload: ListedUpload, encoding: Encoding, owner: string): string {
  return wrap(
    "Upload",
    named("Key", upload.key, encoding) +
      tag("UploadId", upload.uploadId) +
      ownerXml(upload.initiator, "Initiator") +
      owner +
      tag("StorageClass", "STANDARD") +
      tag("Initiated", isoDate(upload.initiatedMs)) +
      checksumKinds(upload),
  );
}
