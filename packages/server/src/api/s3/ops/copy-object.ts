import { failArgument } from "../../../base/errors.ts";
import type { CopyObjectInput } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { isoDate, s3Document, tag } from "../../common/xml-write.ts";
import { operation } from "../operation.ts";
import { copySourceOf, sourceBucket, sourceNeeds } from "../read/copy-source.ts";
import { algorithmOf } from "../read/integrity.ts";
import { withMatch } from "../read/match-needs.ts";
import { placementOf, writeNeeds } from "../read/placement.ts";
import { writeConditionsOf } from "../read/preconditions.ts";
import type { S3Request } from "../request.ts";
import { checksumXml, quotedEtag, versionHeader } from "../show/object.ts";
import { encryptionHeaders } from "../show/encryption.ts";

export const CopyObject = operation({
  name: "CopyObject",
  route: { method: "PUT", target: "object", header: "x-amz-copy-source" },
  slow: true,
  needs: async (req) => [
    ...(await sourceNeeds(req, directive(req, "tagging") === "COPY")),
    ...withMatch(req, writeNeeds(req)),
  ],
  hidesMissing: sourceBucket,
  parse: async (req): Promise<CopyObjectInput> => {
    const range = req.header("range");
    if (range !== undefined) failArgument("RANGE is not supported in Copy!", "Range", range);
    const metadata = checkedDirective(req, "metadata");
    const tagging = checkedDirective(req, "tagging");
    const { key, headers, metadata: userMetadata, tags, encryption } = placementOf(req);
    const redirect = headers.find(([name]) => name === "x-amz-website-redirect-location")?.[1];
    const algorithm = algorithmOf(req, "x-amz-checksum-algorithm");
    return {
      source: await copySourceOf(req),
      key,
      encryption,
      conditions: writeConditionsOf(req),
      changesPlacement:
        req.headers.has("x-amz-storage-class") || req.headers.has("x-amz-website-redirect-location"),
      ...(metadata === "REPLACE" ? { replace: { headers, metadata: userMetadata } } : {}),
      ...(redirect === undefined ? {} : { redirect }),
      ...(tagging === "REPLACE" ? { replaceTags: tags } : {}),
      ...(algorithm === undefined ? {} : { checksumAlgorithm: algorithm }),
    };
  },
  handle: (input, req) => req.deps.objects.copy(req.caller, req.bucket, input),
  respond: (result) => {
    const source =
      result.sourceVersionId === undefined ? [] : ["x-amz-copy-source-version-id", result.sourceVersionId];
    return xmlAnswer(
      200,
      s3Document(
        "CopyObjectResult",
        tag("LastModified", isoDate(result.lastModifiedMs)) +
          tag("ETag", quotedEtag(result.etag)) +
          checksumXml(result.checksum),
      ),
      [
        ...source,
        ...versionHeader(result.versionId),
        ...encryptionHeaders(result.encryption, { context: true }),
      ],
    );
  },
});

/** As sent, for the authorise step, which comes before anything is judged. */
function directive(req: S3Request, what: "metadata" | "tagging"): string {
  return req.header(`x-amz-${what}-directive`) ?? "COPY";
}

function checkedDirective(req: S3Request, what: "metadata" | "tagging"): "COPY" | "REPLACE" {
  const value = directive(req, what);
  if (value === "COPY" || value === "REPLACE") return value;
  return failArgument(`Unknown ${what} directive.`, `x-amz-${what}-directive`, value);
}
