import { operation, onObject, ownBucket } from "../operation.ts";
import { readInputOf, responseOverridesOf } from "../read/read.ts";
import { readAnswer } from "../show/read.ts";

export const GetObject = operation({
  name: "GetObject",
  route: { method: "GET", target: "object" },
  needs: onObject("s3:GetObject", "s3:GetObjectVersion"),
  hidesMissing: ownBucket,
  parse: (req) => ({ read: readInputOf(req), overrides: responseOverridesOf(req) }),
  handle: ({ read }, req) => req.deps.objects.get(req.caller, req.bucket, read),
  respond: (result, _req, { read, overrides }) =>
    readAnswer(result, {
      ...(read.partNumber === undefined ? {} : { partNumber: read.partNumber }),
      ...(overrides === undefined ? {} : { overrides }),
    }),
});
