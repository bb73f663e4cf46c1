import { failArgument } from "../../../base/errors.ts";
import type { ListResult } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { booleanOf } from "../../common/xml-read.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";
import { encodingOf, maxOf } from "../read/list.ts";
import type { S3Request } from "../request.ts";
import { commonPrefix, contents, named } from "../show/list.ts";
import { ownerXml } from "../show/object.ts";
import { EMPTY_PAGE } from "./list-objects.ts";

const TOKEN = "ListObjectsV2";

export const ListObjectsV2 = operation({
  name: "ListObjectsV2",
  route: { method: "GET", target: "bucket", query: ["list-type=2"] },
  needs: onBucket("s3:ListBucket"),
  parse: (req) => {
    const token = req.query.get("continuation-token");
    // Where pages go on it means nothing, and is not shown.
    const startAfter = token === undefined ? req.parameter("start-after") : undefined;
    return {
      encoding: encodingOf(req),
      startAfter,
      token,
      fetchOwner: booleanOf(req.parameter("fetch-owner") ?? "false"),
      list: {
        prefix: req.parameter("prefix") ?? "",
        delimiter: req.parameter("delimiter") ?? "",
        max: maxOf(req, "max-keys"),
        ...(token === undefined ? { after: startAfter ?? "", afterIsGroup: false } : openToken(req, token)),
      },
    };
  },
  handle: ({ list }, req) =>
    list.max === 0 ? Promise.resolve(EMPTY_PAGE) : req.deps.objects.list(req.bucket, list),
  respond: ({ items, more }, req, { encoding, startAfter, token, fetchOwner, list }) => {
    const owner = fetchOwner ? ownerXml(req.deps.ownerOf(req.bucket.owner)) : "";
    let objects = "";
    let groups = "";
    for (const item of items) {
      if (item.kind === "object") objects += contents(item.object, encoding, owner);
      else groups += commonPrefix(item.prefix, encoding);
    }
    return xmlAnswer(
      200,
      s3Document(
        "ListBucketResult",
        tag("Name", req.bucket.name) +
          named("Prefix", list.prefix, encoding) +
          named("StartAfter", startAfter, encoding) +
          tag("ContinuationToken", token) +
          tag("NextContinuationToken", more ? sealToken(req, items.at(-1)) : undefined) +
          tag("KeyCount", items.length) +
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

/** `k` and the last key, or `g` and the last common prefix; sealed, so that a client can't make one up. */
function sealToken(req: S3Request, last: ListResult["items"][number] | undefined): string | undefined {
  if (last === undefined) return undefined;
  return req.deps.tokens.seal(TOKEN, last.kind === "object" ? `k${last.object.key}` : `g${last.prefix}`);
}

function openToken(
  req: S3Request,
  token: string,
): { readonly after: string; readonly afterIsGroup: boolean } {
  if (token === "") failArgument("The continuation token provided is incorrect", "continuation-token", token);
  const text = req.deps.tokens.open(TOKEN, token);
  return { after: text.slice(1), afterIsGroup: text.startsWith("g") };
}
