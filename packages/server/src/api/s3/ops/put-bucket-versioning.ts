import { fail } from "../../../base/errors.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { allow, maybeText, parseXml } from "../../common/xml-read.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";

export const PutBucketVersioning = operation({
  name: "PutBucketVersioning",
  route: { method: "PUT", target: "bucket", query: ["versioning"] },
  needs: onBucket("s3:PutBucketVersioning"),
  parse: async (req) => versioningState(await smallBody(req, { required: false })),
  handle: (state, req) => {
    req.audited = { versioning: state, previousVersioning: req.bucket.versioning };
    return req.deps.buckets.setVersioning(req.caller, req.bucket, state);
  },
  respond: () => emptyAnswer(200),
});

export function versioningState(body: Uint8Array): "enabled" | "suspended" {
  if (body.length === 0) fail("MissingRequestBodyError");
  const root = parseXml(body, "VersioningConfiguration");
  allow(root, "Status", "MfaDelete");
  if ((maybeText(root, "MfaDelete") ?? "Disabled") !== "Disabled") {
    fail("NotImplemented", "MFA delete is not implemented");
  }
  switch (maybeText(root, "Status")) {
    case "Enabled":
      return "enabled";
    case "Suspended":
      return "suspended";
    case undefined:
      return fail("IllegalVersioningConfigurationException");
    default:
      return fail("MalformedXML");
  }
}
