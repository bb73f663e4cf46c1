import { failArgument } from "../../../base/errors.ts";
import type { ListedVersion, ListVersionsResult } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { escapeXml, isoDate, s3Document, tag } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";
import { afterMarker, encodingOf, maxOf, type Encoding } from "../read/list.ts";
import { checksumKinds, commonPrefix, named } from "../show/list.ts";
import { ownerXml } from "../show/object.ts";

const EMPTY: ListVersionsResult = { items: [], more: false };

export const ListObjectVersions = operation({
  name: "ListObjectVersions",
  route: { method: "GET", target: "bucket", query: ["versions"] },
  needs: onBucket("s3:ListBucketVersions"),
  parse: (req) => {
    const prefix = req.parameter("prefix") ?? "";
    const delimiter = req.parameter("delimiter") ?? "";
    const keyMarker = req.parameter("key-marker") ?? "";
    const versionIdMarker = req.query.get("version-id-marker");
    if (versionIdMarker === "") failArgument("A version-id marker cannot be empty.", "version-id-marker", "");
    if (versionIdMarker !== undefined && keyMarker === "") {
      failArgument(
        "A version-id marker cannot be specified without a key marker.",
        "version-id-marker",
        versionIdMarker,
      );
    }
    const { after, afterIsGroup } =
      versionIdMarker === undefined
        ? afterMarker(keyMarker, prefix, delimiter)
        : { after: keyMarker, afterIsGroup: false };
    return {
      encoding: encodingOf(req),
      keyMarker,
      versionIdMarker,
      list: {
        prefix,
        delimiter,
        keyMarker: after,
        afterIsGroup,
        max: maxOf(req, "max-keys"),
        ...(versionIdMarker === undefined ? {} : { versionIdMarker }),
      },
    };
  },
  handle: ({ list }, req) =>
    list.max === 0 ? Promise.resolve(EMPTY) : req.deps.objects.listVersions(req.bucket, list),
  respond: ({ items, more }, req, { encoding, keyMarker, versionIdMarker, list }) => {
    const owner = ownerXml(req.deps.ownerOf(req.bucket.owner));
    let versions = "";
    let groups = "";
    for (const item of items) {
      if (item.kind === "version") versions += versionXml(item.version, encoding, owner);
      else groups += commonPrefix(item.prefix, encoding);
    }
    const last = more ? items.at(-1) : undefined;
    return xmlAnswer(
      200,
      s3Document(
        "ListVersionsResult",
        tag("Name", req.bucket.name) +
          named("Prefix", list.prefix, encoding) +
          named("KeyMarker", keyMarker, encoding) +
          tag("VersionIdMarker", versionIdMarker ?? "") +
          named("NextKeyMarker", last?.kind === "version" ? last.version.key : last?.prefix, encoding) +
          tag("NextVersionIdMarker", last?.kind === "version" ? last.version.versionId : undefined) +
          tag("MaxKeys", list.max) +
          (list.delimiter === "" ? "" : named("Delimiter", list.delimiter, encoding)) +
          tag("EncodingType", encoding.type) +
          tag("IsTruncated", more) +
          versions +
          groups,
      ),
    );
  },
});

function versionXml(version: ListedVersion, { encode }: Encoding, owner: string): string {
  const head = `<Key>${escapeXml(encode(version.key))}</Key><VersionId>${escapeXml(version.versionId)}</VersionId><IsLatest>${version.latest}</IsLatest><LastModified>${isoDate(version.lastModifiedMs)}</LastModified>`;
  if (version.deleteMarker) return `<DeleteMarker>${head}${owner}</DeleteMarker>`;
  return `<Version>${head}<ETag>&quot;${version.etag}&quot;</ETag>${checksumKinds(version)}<Size>${version.size}</Size>${owner}<StorageClass>STANDARD</StorageClass></Version>`;
}
