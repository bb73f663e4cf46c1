/** POST policy documents: the input is the JSON text. */
import { ServiceError } from "../../packages/server/src/base/errors.ts";
import { checkPostPolicy, parsePostPolicy } from "../../packages/server/src/auth/post-policy.ts";
import { type FuzzTarget, invariant, seeds } from "./target.ts";

const FIELDS = new Map([
  ["key", "user/a"],
  ["content-type", "image/png,image/gif"],
  ["x-ignore-a", ""],
]);

export function fuzzPostPolicy(bytes: Uint8Array): void {
  try {
    const policy = parsePostPolicy(Buffer.from(bytes).toString("base64"));
    const { sizeRange } = policy;
    invariant(sizeRange === undefined || (sizeRange.min >= 0 && sizeRange.max >= 0), "sizes are sizes");
    checkPostPolicy(policy, FIELDS, "bucket", 0);
    const covered = new Set(policy.conditions.map((c) => c.kind !== "failed" && c.field));
    invariant(covered.has("bucket") && covered.has("key"), "what passes is covered");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    invariant(["InvalidPolicyDocument", "AccessDenied"].includes(error.code), "documented code");
  }
}

export const target: FuzzTarget = {
  seeds: seeds(
    '{"expiration":"2030-01-01T00:00:00.000Z","conditions":[{"bucket":"bucket"},["starts-with","$key","user/"],["starts-with","$Content-Type","image/"],["content-length-range",0,1048576]]}',
    '{"expiration":"2030-01-01T00:00:00Z","conditions":[["eq","$bucket","bucket"],{"key":"user/a"},{"content-type":"\\\\$x"}]}',
    '{"expiration":"2030-01-01T00:00:00Z","conditions":[{"bucket":"bucket"},["starts-with","key",""],["eq","$key","\\$x\\v"]]}',
  ),
  words: ['"eq"', '"$key"', "[", "]", "{", "}", '""', "null", "1e99", ',"__proto__":', "\\u0000"],
  run: fuzzPostPolicy,
};
