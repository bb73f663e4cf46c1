/**
 * Which service a request is for: S3, KMS, IAM and STS share one port. The target header of the JSON protocols decides,
 * else the scope that the signature names (`<key>/<day>/<region>/<service>/aws4_request`). Only a hint for routing: the
 * service verifies the signature with its own name.
 */
import type { IncomingMessage } from "node:http";

const TARGETS = new Map([["TrentService", "kms"]]);
const TERMINAL = "/aws4_request";

export function serviceNameOf(req: IncomingMessage): string {
  const target = req.headers["x-amz-target"];
  if (typeof target === "string")
    return TARGETS.get(target.slice(0, Math.max(0, target.indexOf(".")))) ?? "s3";
  const authorization = req.headers.authorization;
  if (authorization !== undefined) return scopeService(authorization, "/") ?? "s3";
  const url = req.url ?? "";
  return url.includes("X-Amz-Credential=") ? (scopeService(url, "%2F") ?? "s3") : "s3";
}

function scopeService(text: string, separator: string): string | undefined {
  const end = text.indexOf(separator === "/" ? TERMINAL : `${separator}aws4_request`);
  if (end < 0) return undefined;
  const start = text.lastIndexOf(separator, end - 1);
  return start < 0 ? undefined : text.slice(start + separator.length, end);
}
