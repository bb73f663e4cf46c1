import { fail } from "../../../base/errors.ts";
import { isKeyArn } from "../../../base/ids.ts";
import { EARLY_BODY_BYTES_MAX } from "../../../base/limits.ts";
import type { Bucket, UpdateEncryptionInput } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { allow, maybeText, parseXml, type XmlElement } from "../../common/xml-read.ts";
import { smallBody } from "../body.ts";
import { operation, ownBucket } from "../operation.ts";
import type { S3Request } from "../request.ts";

/** Spec J: the wrapped key changes, the data does not. To SSE-KMS only, by full key ARN. */
export const UpdateObjectEncryption = operation({
  name: "UpdateObjectEncryption",
  route: { method: "PUT", target: "object", query: ["encryption"] },
  needs: async (req) => {
    await askedByBody(req);
    const { bucket, key } = req;
    return [
      { action: "s3:PutObject", bucket, key },
      { action: "s3:UpdateObjectEncryption", bucket, key },
    ];
  },
  hidesMissing: ownBucket,
  parse: async (req): Promise<UpdateEncryptionInput> => {
    if (req.caller.signature === "none") {
      fail(
        "InvalidRequest",
        "Requests that modify an object encryption configuration require AWS Signature Version 4.",
      );
    }
    const { versionId } = req;
    const target = await (TARGETS.get(req) ?? readTarget(req));
    return { key: req.key, ...target, ...(versionId === undefined ? {} : { versionId }) };
  },
  handle: (input, req) => {
    const { keyArn, bucketKey } = input;
    req.audited = { objectEncryption: { keyArn, bucketKey } };
    return req.deps.objects.updateEncryption(req.caller, req.bucket, input);
  },
  respond: () => emptyAnswer(200),
});

/** Policies on the target's mode and key need the body (spec I.1); what is wrong with it is said after the rights. */
const TARGETS = new WeakMap<S3Request, Promise<EncryptionTarget>>();

type EncryptionTarget = Pick<UpdateEncryptionInput, "keyArn" | "bucketKey">;

async function readTarget(req: S3Request): Promise<EncryptionTarget> {
  return encryptionTarget(
    await smallBody(req, { required: true, bytesMax: EARLY_BODY_BYTES_MAX }),
    req.bucket,
  );
}

async function askedByBody(req: S3Request): Promise<void> {
  const pending = readTarget(req);
  TARGETS.set(req, pending);
  const target = await pending.catch(() => undefined);
  if (target !== undefined) req.asked = { sse: "aws:kms", keyId: target.keyArn };
}

export function encryptionTarget(body: Uint8Array, bucket: Pick<Bucket, "owner">): EncryptionTarget {
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

function kmsTarget(target: XmlElement, bucket: Pick<Bucket, "owner">): EncryptionTarget {
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
