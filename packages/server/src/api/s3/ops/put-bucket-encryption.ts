import { fail, failArgument } from "../../../base/errors.ts";
import type { DefaultEncryption } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import {
  allow,
  booleanOf,
  many,
  maybe,
  maybeText,
  one,
  parseXml,
  textOf,
  type XmlElement,
} from "../../common/xml-read.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";

/** Spec H.1: exactly one rule, replaced as a whole; an integrity header is mandatory; the KMS key is never looked up. */
export const PutBucketEncryption = operation({
  name: "PutBucketEncryption",
  route: { method: "PUT", target: "bucket", query: ["encryption"] },
  needs: onBucket("s3:PutEncryptionConfiguration"),
  parse: async (req) => encryptionChange(await smallBody(req, { required: true })),
  handle: (change, req) => {
    req.audited = { encryption: change, previousEncryption: req.bucket.encryption };
    return req.deps.buckets.putEncryption(req.caller, req.bucket, change);
  },
  respond: () => emptyAnswer(200),
});

export interface EncryptionChange {
  readonly rule?: DefaultEncryption;
  readonly ssecBlocked?: boolean;
}

export function encryptionChange(body: Uint8Array): EncryptionChange {
  const root = parseXml(body, "ServerSideEncryptionConfiguration");
  allow(root, "Rule");
  const rule = one(root, "Rule");
  allow(rule, "ApplyServerSideEncryptionByDefault", "BucketKeyEnabled", "BlockedEncryptionTypes");
  const byDefault = maybe(rule, "ApplyServerSideEncryptionByDefault");
  const blockedTypes = maybe(rule, "BlockedEncryptionTypes");
  const bucketKeyText = maybeText(rule, "BucketKeyEnabled");
  const bucketKey = bucketKeyText === undefined ? false : booleanOf(bucketKeyText);
  if (byDefault === undefined && blockedTypes === undefined) fail("MalformedXML");
  return {
    ...(byDefault === undefined ? {} : { rule: defaultEncryption(byDefault, bucketKey) }),
    ...(blockedTypes === undefined ? {} : { ssecBlocked: isBlocked(blockedTypes) }),
  };
}

function defaultEncryption(byDefault: XmlElement, bucketKey: boolean): DefaultEncryption {
  allow(byDefault, "SSEAlgorithm", "KMSMasterKeyID");
  const algorithm = textOf(one(byDefault, "SSEAlgorithm"));
  const kmsKeyId = maybeText(byDefault, "KMSMasterKeyID");
  switch (algorithm) {
    case "AES256":
      if (kmsKeyId !== undefined) {
        failArgument(
          "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
          "ApplyServerSideEncryptionByDefault",
        );
      }
      return { algorithm, bucketKey };
    case "aws:kms":
    case "aws:kms:dsse":
      // An empty element is what some tools write for "none": the account's own key.
      return { algorithm, bucketKey, ...(kmsKeyId === undefined || kmsKeyId === "" ? {} : { kmsKeyId }) };
    default:
      return fail("MalformedXML");
  }
}

function isBlocked(element: XmlElement): boolean {
  allow(element, "EncryptionType");
  const types = many(element, "EncryptionType").map(textOf);
  if (types.length !== 1 || (types[0] !== "SSE-C" && types[0] !== "NONE")) fail("MalformedXML");
  return types[0] === "SSE-C";
}
