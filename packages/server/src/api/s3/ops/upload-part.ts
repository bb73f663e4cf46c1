import { PART_BYTES_MAX } from "../../../base/limits.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { checkUploadSize } from "../body.ts";
import { operation } from "../operation.ts";
import { refuseEncryptionHeaders, ssecOf } from "../read/encryption.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { integrityOf } from "../read/integrity.ts";
import { partNeeds, requiredPartNumber, uploadTargetOf } from "../read/upload.ts";
import { encryptionHeaders } from "../show/encryption.ts";
import { checksumHeaders, quotedEtag } from "../show/object.ts";

export const UploadPart = operation({
  name: "UploadPart",
  route: { method: "PUT", target: "object", query: ["uploadId"] },
  needs: partNeeds,
  parse: (req) => {
    refuseEncryptionHeaders(req);
    refuseUnhonoured(req);
    const input = {
      ...uploadTargetOf(req),
      partNumber: requiredPartNumber(req),
      ssec: ssecOf(req),
      integrity: integrityOf(req),
    };
    checkUploadSize(req, PART_BYTES_MAX);
    return input;
  },
  handle: (input, req) => req.deps.uploads.putPart(req.caller, req.bucket, input, req.body),
  respond: (part) =>
    emptyAnswer(200, [
      "ETag",
      quotedEtag(part.etag),
      ...encryptionHeaders(part.encryption),
      // Parts show the value alone; the type belongs to the object.
      ...checksumHeaders(part.checksum).slice(0, 2),
    ]),
});
