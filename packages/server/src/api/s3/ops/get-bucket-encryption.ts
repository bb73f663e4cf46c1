import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";

/** Spec H.2: a bucket that was never configured answers too, with SSE-S3. The key id is shown exactly as it was sent. */
export const GetBucketEncryption = operation({
  name: "GetBucketEncryption",
  route: { method: "GET", target: "bucket", query: ["encryption"] },
  needs: onBucket("s3:GetEncryptionConfiguration"),
  parse: (req) => req.bucket.encryption,
  handle: (encryption) => Promise.resolve(encryption),
  respond: ({ rule, ssecBlocked }) => {
    const keyId = rule === undefined || rule.algorithm === "AES256" ? undefined : rule.kmsKeyId;
    const blocked =
      ssecBlocked === undefined
        ? ""
        : wrap("BlockedEncryptionTypes", tag("EncryptionType", ssecBlocked ? "SSE-C" : "NONE"));
    return xmlAnswer(
      200,
      s3Document(
        "ServerSideEncryptionConfiguration",
        wrap(
          "Rule",
          wrap(
            "ApplyServerSideEncryptionByDefault",
            tag("SSEAlgorithm", rule?.algorithm ?? "AES256") + tag("KMSMasterKeyID", keyId),
          ) +
            tag("BucketKeyEnabled", rule?.bucketKey ?? false) +
            blocked,
        ),
      ),
    );
  },
});
