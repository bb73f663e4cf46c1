import type { ListResult } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";
import { afterMarker, encodingOf, maxOf } from "../read/list.ts";
import { commonPrefix, contents, named } from "../show/list.ts";
import { ownerXml } from "../show/object.ts";

export const EMPTY_PAGE: ListResult = { items: [], more: false };

export const ListObjects = operation({
  name: "ListObjects",
  route: { method: "GET", target: "bucket" },
  needs: onBucket("s3:ListBucket"),
  parse: (req) => {
    const prefix = req.parameter("prefix") ?? "";
    const delimiter = req.parameter("delimiter") ?? "";
    const marker = req.parameter("marker") ?? "";
    return {
      encoding: encodingOf(req),
      marker,
      list: { prefix, delimiter, max: maxOf(req, "max-keys"), ...afterMarker(marker, prefix, delimiter) },
    };
  },
  handle: ({ list }, req) =>
    list.max === 0 ? Promise.resolve(EMPTY_PAGE) : req.deps.objects.list(req.bucket, list),
  respond: ({ items, more }, req, { encoding, marker, list }) => {
    const owner = ownerXml(req.deps.ownerOf(req.bucket.owner));
    let objects = "";
    let groups = "";
    for (const item of items) {
      if (item.kind === "object") objects += contents(item.object, encoding, owner);
      else groups += commonPrefix(item.prefix, encoding);
    }
    const last = items.at(-1);
    // Without a delimiter clients go on from the last key; S3 gives no NextMarker then.
    const next =
      !more || list.delimiter === "" || last === undefined
        ? undefined
        : last.kind === "object"
          ? last.object.key
          : last.prefix;
    return xmlAnswer(
      200,
      s3Document(
        "ListBucketResult",
        tag("Name", req.bucket.name) +
          named("Prefix", list.prefix, encoding) +
          named("Marker", marker, encoding) +
          named("NextMarker", next, encoding) +
          tag("MaxKeys", list.max) +
          (list.delimiter === "" ? "" : named("Delimiter", list.delimiter, encoding)) +
          tag("EncodingType", encoding.type) +
          tag("IsTruncated", more) +
          objects +
          groups,
      ),
      ["x-amz-bucket-region", req.bucket.region],
    );
  },
});
