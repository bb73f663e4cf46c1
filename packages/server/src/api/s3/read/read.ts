/** What GET and HEAD take. */
import { fail } from "../../../base/errors.ts";
import type { ReadInput } from "../../../objects/api.ts";
import type { S3Request } from "../request.ts";
import { refusedOf, ssecOf } from "./encryption.ts";
import { ifRangeOf, partNumberOf, rangeOf, readConditionsOf } from "./preconditions.ts";

export function readInputOf(req: S3Request): ReadInput {
  const refused = refusedOf(req);
  const range = rangeOf(req);
  const ifRange = range === undefined ? undefined : ifRangeOf(req);
  if (req.query.size > 0 && req.query.has("partNumber") && req.headers.has("range")) {
    fail("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  }
  const partNumber = partNumberOf(req);
  const { key, versionId } = req;
  const ssec = ssecOf(req);
  const conditions = readConditionsOf(req);
  const checksumMode = checksumModeOf(req);
  return { key, versionId, ssec, conditions, checksumMode, refused, range, ifRange, partNumber };
}

function checksumModeOf(req: S3Request): boolean {
  const mode = req.header("x-amz-checksum-mode");
  if (mode === undefined) return false;
  if (mode.toUpperCase() === "ENABLED") return true;
  return fail("InvalidArgument", {
    message: "Value for x-amz-checksum-mode header is invalid.",
    elements: { ArgumentName: "x-amz-checksum-mode", ArgumentValue: mode },
  });
}

const OVERRIDES = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;

/** response-* parameters, for signed requests only: a link that anyone can write must not choose a content type. */
export function responseOverridesOf(req: S3Request): ReadonlyMap<string, string> | undefined {
  if (req.query.size === 0) return undefined;
  let found: Map<string, string> | undefined;
  for (const name of OVERRIDES) {
    const value = req.query.get(`response-${name}`);
    if (value === undefined) continue;
    if (req.caller.principal.kind === "anonymous") {
      fail("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.");
    }
    if (!/^[\t\x20-\x7e\xa0-\xff]*$/.test(value)) {
      fail("InvalidArgument", {
        message: "Header value cannot be represented using ISO-8859-1.",
        elements: { ArgumentName: `response-${name}`, ArgumentValue: value },
      });
    }
    found ??= new Map();
    found.set(name, value);
  }
  return found;
}
