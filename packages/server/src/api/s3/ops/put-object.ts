import { failArgument } from "../../../base/errors.ts";
import { PUT_BYTES_MAX } from "../../../base/limits.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { checkUploadSize } from "../body.ts";
import { operation, ownBucket } from "../operation.ts";
import { integrityOf } from "../read/integrity.ts";
import { withMatch } from "../read/match-needs.ts";
import { placementOf, writeNeeds } from "../read/placement.ts";
import { writeConditionsOf } from "../read/preconditions.ts";
import { writtenHeaders } from "../show/object.ts";

export const PutObject = operation({
  name: "PutObject",
  route: { method: "PUT", target: "object" },
  needs: (req) => withMatch(req, writeNeeds(req)),
  hidesMissing: ownBucket,
  parse: (req) => {
    // A part without its upload must not become an object.
    if (req.query.has("partNumber")) {
      failArgument("This operation does not accept partNumber without uploadId.", "partNumber");
    }
    const version = req.query.get("versionId");
    if (version !== undefined) {
      failArgument("This operation does not accept a version-id.", "versionId", version);
    }
    const input = { ...placementOf(req), integrity: integrityOf(req), conditions: writeConditionsOf(req) };
    checkUploadSize(req, PUT_BYTES_MAX);
    return input;
  },
  handle: (input, req) => req.deps.objects.put(req.caller, req.bucket, input, req.body),
  respond: (result) => emptyAnswer(200, writtenHeaders(result, { context: true })),
});
