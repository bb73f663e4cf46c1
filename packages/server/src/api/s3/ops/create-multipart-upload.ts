import { fail } from "../../../base/errors.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { operation } from "../operation.ts";
import { algorithmOf, checksumTypeOf } from "../read/integrity.ts";
import { placementOf, writeNeeds } from "../read/placement.ts";
import { encryptionHeaders } from "../show/encryption.ts";

export const CreateMultipartUpload = operation({
  name: "CreateMultipartUpload",
  route: { method: "POST", target: "object", query: ["uploads"] },
  needs: writeNeeds,
  parse: (req) => {
    // As S3, whatever the bucket's policy allows: an upload that nobody started could be ended by nobody.
    if (req.caller.principal.kind === "anonymous")
      fail("AccessDenied", "Anonymous users cannot initiate multipart uploads.  Please authenticate.");
    const algorithm = algorithmOf(req, "x-amz-checksum-algorithm");
    const type = checksumTypeOf(req);
    return {
      ...placementOf(req),
      ...(algorithm === undefined ? {} : { checksumAlgorithm: algorithm }),
      ...(type === undefined ? {} : { checksumType: type }),
    };
  },
  handle: (input, req) => req.deps.uploads.create(req.caller, req.bucket, input),
  respond: (result, req) => {
    const headers = [...encryptionHeaders(result.encryption, { context: true })];
    if (result.checksumAlgorithm !== undefined) {
      headers.push("x-amz-checksum-algorithm", result.checksumAlgorithm);
      if (result.checksumType !== undefined) headers.push("x-amz-checksum-type", result.checksumType);
    }
    return xmlAnswer(
      200,
      s3Document(
        "InitiateMultipartUploadResult",
        tag("Bucket", req.bucket.name) + tag("Key", req.key) + tag("UploadId", result.uploadId),
      ),
      headers,
    );
  },
});
