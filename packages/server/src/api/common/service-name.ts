/**
 * Which service a request is for: S3, KMS, IAM and STS share one port. The target header of the JSON protocols decides,
 * else the scope that the signature names (`<key>/<day>/<region>/<service>/aws4_request`). Only a hint for routing: the
 * service verifies the signature with its own name. What is not signed is S3's, except a form posted to `/`: S3 has no
 * such request, and STS has one (AssumeRoleWithWebIdentity).
 */
import type { IncomingMessage } from "node:http";

const TARGETS = new Map([
  ["TrentService", "kms"],
  ["CloudTrail_20131101", "cloudtrail"],
]);
const TERMINAL = "/aws4_request";

export function serviceNameOf(req: IncomingMessage): string {
  const target = req.headers["x-amz-target"];
  if (typeof target === "string") {
    // SDKs write CloudTrail's with the name of its package before it.
    const operation = target.lastIndexOf(".");
    const service = target.slice(target.lastIndexOf(".", operation - 1) + 1, Math.max(0, operation));
    return TARGETS.get(service) ?? "s3";
  }
  const authorization = req.headers.authorization;
  if (authorization !== undefined) return scopeService(authorization, "/") ?? "s3";
  const url = req.url ?? "";
  if (req.method === "OPTIONS") return asksForTarget(req, url) ? "kms" : "s3";
  if (url.includes("X-Amz-Credential=")) return scopeService(url, "%2F") ?? "s3";
  return isUnsignedQuery(req, url) ? "sts" : "s3";
}

/** A preflight of a page that is about to call the key service. */
const asksForTarget = (req: IncomingMessage, url: string): boolean =>
  url === "/" &&
  /(?:^|[, ])x-amz-target(?:$|[, ])/i.test(req.headers["access-control-request-headers"] ?? "");

function isUnsignedQuery(req: IncomingMessage, url: string): boolean {
  if (req.method === "POST" && (url === "/" || url.startsWith("/?")))
    return req.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  return url.startsWith("/?Action=AssumeRoleWithWebIdentity&");
}

function scopeService(text: string, separator: string): string | undefined {
  const end = text.indexOf(separator === "/" ? TERMINAL : `${separator}aws4_request`);
  if (end < 0) return undefined;
  const start = text.lastIndexOf(separator, end - 1);
  return start < 0 ? undefined : text.slice(start + separator.length, end);
}
