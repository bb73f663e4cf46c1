import { fail } from "../../../base/errors.ts";
import { isKeyArn } from "../../../base/ids.ts";
import type { Bucket, UpdateEncryptionInput } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { allow, maybeText, parseXml, type XmlElement } from "../../common/xml-read.ts";
import { smallBody } from "../body.ts";
import { operation, ownBucket } from "../operation.ts";

/** Spec J: the wrapped key changes, the data does not. To SSE-KMS only, by full key ARN. */
export const UpdateObjectEncryption = operation({
  name: "UpdateObjectEncryption",
  route: { method: "PUT", target: "object", query: ["encryption"] },
  needs: ({ bucket, key }) => [
    { action: "s3:PutObject", bucket, key },
    { action: "s3:UpdateObjectEncryption", bucket, key },
  ],
  hidesMissing: ownBucket,
  parse: async (req): Promise<UpdateEncryptionInput> => {
    if (req.caller.signature === "none") {
      fail(
        "InvalidRequest",
        "Requests that modify an object encryption configuration require AWS Signature Version 4.",
      );
    }
    const { versionId } = req;
    const target = encryptionTarget(await smallBody(req, { required: true }), req.bucket);
    return { key: req.key, ...target, ...(versionId === undefined ? {} : { versionId }) };
  },
  handle: (input, req) => req.deps.objects.updateEncryption(req.caller, req.bucket, input),
  respond: () => emptyAnswer(200),
});

export function encryptionTarget(
  body: Uint8Array,
  bucket: Pick<Bucket, "owner">,
): Pick<UpdateEncryptionInput, "keyArn" | "bucketKey"> {
  const root = parseXml(body, "ObjectEncryption");
  const target = root.children[0];
  if (root.children.length > 1) fail("MalformedXML");
  switch (target?.name) {
    case "SSE-KMS":
      return kmsTarget(target, bucket);
    case "DSSE-KMS":
    case "SSE-C":
      return fail(
        "InvalidRequest",
        "The UpdateObjectEncryption operation doesn't support updating the encryption type to DSSE-KMS or SSE-C.",
      );
    case undefined:
    default:
      return fail(
        "InvalidRequest",
        "Requests that modify an object encryption configuration require a valid new encryption type.",
      );
  }
}

function kmsTarget(
  target: XmlElement,
  bucket: Pick<Bucket, "owner">,
): Pick<UpdateEncryptionInput, "keyArn" | "bucketKey"> {
  allow(target, "KMSKeyArn", "BucketKeyEnabled");
  const keyArn = maybeText(target, "KMSKeyArn");
  const bucketKey = maybeText(target, "BucketKeyEnabled") ?? "false";
  const type = "Requests that modify an object's encryption type to SSE-KMS require";
  if (keyArn === undefined || keyArn === "") {
    return fail("InvalidRequest", `${type} an AWS KMS key Amazon Resource Name (ARN).`);
  }
  if (!isKeyArn(keyArn)) {
    return fail("InvalidRequest", `${type} a valid AWS KMS key Amazon Resource Name (ARN).`);
  }
  if (bucketKey !== "true" && bucketKey !== "false") {
    return fail("InvalidRequest", "The BucketKeyEnabled value isn't valid.");
  }
  if (keyArn.split(":")[4] !== bucket.owner) {
    return fail(
      "AccessDenied",
      "The AWS KMS key in the request must be owned by the same account as the bucket.",
    );
  }
  return { keyArn, bucketKey: bucketKey === "true" };
}
