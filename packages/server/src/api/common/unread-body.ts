/** Whether a request still has a body that the platform should not drain behind our back. */
import type { IncomingMessage } from "node:http";
import { SMALL_BODY_BYTES_MAX } from "../../base/limits.ts";

/** A body is there that is too large to drain, of unknown size, or not even sent (100 Continue was never answered). */
export function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.complete) return false;
  if (req.headers.expect !== undefined) return true;
  if (req.headers["transfer-encoding"] !== undefined) return true;
  const length = Number(req.headers["content-length"] ?? "0");
  return length > SMALL_BODY_BYTES_MAX;
}
