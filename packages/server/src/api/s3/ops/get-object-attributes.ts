import { fail, failArgument } from "../../../base/errors.ts";
import { PARTS_PAGE_MAX } from "../../../base/limits.ts";
import type { AttributesInput, AttributesResult } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, ownBucket } from "../operation.ts";
import { refusedOf, ssecOf } from "../read/encryption.ts";
import type { S3Request } from "../request.ts";
import { checksumXml, httpDate, versionHeader } from "../show/object.ts";

const KNOWN = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);
const HEADER = "x-amz-object-attributes";

export const GetObjectAttributes = operation({
  name: "GetObjectAttributes",
  route: { method: "GET", target: "object", query: ["attributes"] },
  needs: ({ bucket, key, query }) =>
    (query.has("versionId")
      ? ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]
      : ["s3:GetObject", "s3:GetObjectAttributes"]
    ).map((action) => ({ action, bucket, key })),
  hidesMissing: ownBucket,
  parse: (req) => {
    const refused = refusedOf(req);
    const wanted = wantedOf(req);
    const { versionId } = req;
    const max = numberHeader(req, "x-amz-max-parts", PARTS_PAGE_MAX);
    const input: AttributesInput = {
      key: req.key,
      ssec: ssecOf(req),
      wantChecksum: wanted.has("Checksum"),
      ...(refused === undefined ? {} : { refused }),
      ...(versionId === undefined ? {} : { versionId }),
      ...(wanted.has("ObjectParts")
        ? {
            wantParts: {
              afterPartNumber: numberHeader(req, "x-amz-part-number-marker", 0),
              max: Math.min(max, PARTS_PAGE_MAX),
            },
          }
        : {}),
    };
    return { wanted, input };
  },
  handle: ({ input }, req) => req.deps.objects.attributes(req.caller, req.bucket, input),
  respond: (result, _req, { wanted, input }) => {
    const { facts } = result;
    return xmlAnswer(
      200,
      s3Document(
        "GetObjectAttributesResponse",
        (wanted.has("ETag") ? tag("ETag", facts.etag) : "") +
          (result.checksum === undefined ? "" : wrap("Checksum", checksumXml(result.checksum))) +
          partsXml(result, input) +
          (wanted.has("StorageClass") ? tag("StorageClass", "STANDARD") : "") +
          (wanted.has("ObjectSize") ? tag("ObjectSize", facts.size) : ""),
      ),
      ["Last-Modified", httpDate(facts.lastModifiedMs), ...versionHeader(facts.versionId)],
    );
  },
});

function wantedOf(req: S3Request): ReadonlySet<string> {
  const names = (req.header(HEADER) ?? "").split(",").map((name) => name.trim());
  const wanted = new Set(names.filter((name) => name !== ""));
  if (wanted.size === 0) {
    fail(
      "InvalidRequest",
      "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
    );
  }
  for (const name of wanted)
    if (!KNOWN.has(name)) failArgument("Invalid attribute name specified.", HEADER, name);
  return wanted;
}

function numberHeader(req: S3Request, name: string, absent: number): number {
  const text = req.header(name);
  if (text === undefined || text === "") return absent;
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : failArgument(`Value for ${name} is invalid.`, name, text);
}

function partsXml({ parts }: AttributesResult, { wantParts }: AttributesInput): string {
  if (parts === undefined || wantParts === undefined) return "";
  const total = tag("PartsCount", parts.total);
  if (parts.page === undefined) return wrap("ObjectParts", total);
  const { page } = parts;
  let list = "";
  for (const part of page.parts) {
    const checksums = part.checksums.map((checksum) => checksumXml(checksum, false)).join("");
    list += wrap("Part", checksums + tag("PartNumber", part.partNumber) + tag("Size", part.size));
  }
  return wrap(
    "ObjectParts",
    total +
      tag("PartNumberMarker", wantParts.afterPartNumber) +
      tag("NextPartNumberMarker", page.parts.at(-1)?.partNumber ?? 0) +
      tag("MaxParts", wantParts.max) +
      tag("IsTruncated", page.more) +
      list,
  );
}
