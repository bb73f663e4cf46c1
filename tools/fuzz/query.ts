/** Request targets: path and query, canonical form, presigned claims. */
import { ServiceError } from "../../packages/server/src/base/errors.ts";
import { AuthFailure } from "../../packages/server/src/auth/auth-failure.ts";
import {
  effectiveHeaders,
  parsePresigned,
  presignedParameters,
} from "../../packages/server/src/auth/presigned.ts";
import { HeaderView } from "../../packages/server/src/auth/headers.ts";
import { Query } from "../../packages/server/src/auth/query.ts";
import { readRequest } from "../../packages/server/src/auth/raw-request.ts";
import { type FuzzTarget, invariant, seeds, text } from "./target.ts";

const CANONICAL_PATH = /^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/;
const CANONICAL_QUERY = /^(?:[A-Za-z0-9\-._~=&]|%[0-9A-F]{2})*$/;

export function fuzzQuery(bytes: Uint8Array): void {
  try {
    const request = readRequest("GET", text(bytes), HeaderView.fromRaw(["Host", "localhost"]), true);
    const canonical = request.query.canonical();
    invariant(CANONICAL_PATH.test(request.canonicalPath), "the canonical path is canonical");
    invariant(CANONICAL_QUERY.test(canonical), "the canonical query is canonical");
    invariant(Query.parse(canonical).canonical() === canonical, "canonical twice is canonical once");
    invariant(request.path.isWellFormed(), "the path is well-formed");
    const parameters = presignedParameters(request.query);
    if (parameters !== undefined) effectiveHeaders(request.headers, parsePresigned(parameters).hoisted);
  } catch (error) {
    if (!(error instanceof AuthFailure || error instanceof ServiceError)) throw error;
  }
}

export const target: FuzzTarget = {
  seeds: seeds(
    "/bucket/a//b/../c%2Fd%20e+f?list-type=2&prefix=a%2Fb&delimiter=%2F&marker",
    "/b/%C3%BC?b=2&a=1&a=0&%61=",
    "http://host:9000/b/k?x-id=GetObject",
    "/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&x-amz-acl=private&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  ),
  words: ["%", "%2F", "%2f", "%00", "%ff", "&", "=", "?", "+", "//", "..", "X-Amz-", "x-amz-"],
  run: fuzzQuery,
};
