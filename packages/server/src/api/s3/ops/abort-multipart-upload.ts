import { emptyAnswer } from "../../common/answer.ts";
import { operation, onObject } from "../operation.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { uploadTargetOf } from "../read/upload.ts";

export const AbortMultipartUpload = operation({
  name: "AbortMultipartUpload",
  route: { method: "DELETE", target: "object", query: ["uploadId"] },
  needs: onObject("s3:AbortMultipartUpload"),
  parse: (req) => {
    refuseUnhonoured(req);
    return uploadTargetOf(req);
  },
  handle: (target, req) => req.deps.uploads.abort(req.caller, req.bucket, target),
  respond: () => emptyAnswer(204),
});
