import { operation, onObject, ownBucket } from "../operation.ts";
import { readInputOf, responseOverridesOf } from "../read/read.ts";
import { readAnswer } from "../show/read.ts";

export const HeadObject = operation({
  name: "HeadObject",
  route: { method: "HEAD", target: "object" },
  needs: onObject("s3:GetObject", "s3:GetObjectVersion"),
  hidesMissing: ownBucket,
  parse: (req) => ({ read: readInputOf(req), overrides: responseOverridesOf(req) }),
  handle: ({ read }, req) => req.deps.objects.head(req.caller, req.bucket, read),
  respond: (result, _req, { read, overrides }) =>
    readAnswer(result, {
      ...(read.partNumber === undefined ? {} : { partNumber: read.partNumber }),
      ...(overrides === undefined ? {} : { overrides }),
    }),
});
