/** Whether a request still has a body that the platform should not drain behind our back. */
import type { IncomingMessage } from "node:http";
import { SMALL_BODY_BYTES_MAX } from "../../base/limits.ts";

/** Other expectations than 100-continue mean nothing to S3 and are ignored, as it ignores them. */
export function expectsContinue(req: IncomingMessage): boolean {
  return req.headers.expect?.toLowerCase() === "100-continue";
}

/** A body is there that is too large to drain, of unknown size, or not even sent (100 Continue was never answered). */
export function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.complete) return false;
  if (expectsContinue(req)) return true;
  if (req.headers["transfer-encoding"] !== undefined) return true;
  const length = Number(req.headers["content-length"] ?? "0");
  return length > SMALL_BODY_BYTES_MAX;
}
