/**
 * Copies and completions may take longer than clients wait for a first byte. As S3 does: after a while the answer begins
 * with 200 and white space keeps the connection alive; what went wrong later stands in the body as an Error document,
 * which SDKs look for. Quick failures keep their own status.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../../base/errors.ts";
import { HEARTBEAT_MS, SLOW_ANSWER_MS } from "../../base/limits.ts";
import { withStandardHeaders, type Answer } from "../common/answer.ts";
import { XML_HEAD } from "../common/xml-write.ts";
import { errorXml } from "./error-document.ts";
import type { S3Request } from "./request.ts";

export interface SlowTiming {
  readonly firstMs: number;
  readonly everyMs: number;
}
export const SLOW_TIMING: SlowTiming = { firstMs: SLOW_ANSWER_MS, everyMs: HEARTBEAT_MS };

/** The answer if it comes in time; `undefined` when it has been sent here already. */
export async function answerOrKeepAlive(
  req: S3Request,
  pending: Promise<Answer>,
  timing: SlowTiming,
): Promise<Answer | undefined> {
  const stop = new AbortController();
  const timer = sleep(timing.firstMs, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    const first = await Promise.race([pending, timer]);
    if (first !== undefined) return first;
  } finally {
    stop.abort();
  }
  await keepAlive(req, pending, timing);
  return undefined;
}

async function keepAlive(req: S3Request, pending: Promise<Answer>, timing: SlowTiming): Promise<void> {
  const { exchange } = req;
  const { res } = exchange;
  res.writeHead(
    200,
    withStandardHeaders(
      ["Content-Type", "application/xml", ...exchange.extraHeaders],
      exchange.requestId,
      exchange.hostId,
    ),
  );
  res.write(XML_HEAD);
  const heartbeat = setInterval(() => res.write("\n"), timing.everyMs);
  try {
    const { body } = await pending;
    if (typeof body !== "string") throw new Error("INVARIANT: a slow answer is a document");
    res.end(body.startsWith(XML_HEAD) ? body.slice(XML_HEAD.length) : body);
  } catch (error) {
    const shown = error instanceof ServiceError ? error : new ServiceError("InternalError", { cause: error });
    exchange.errorCode = shown.code;
    res.end(errorXml(exchange, shown));
    if (shown.status >= 500) {
      req.deps.log.error("a long operation failed after its answer had begun", {
        requestId: exchange.requestId,
        operation: exchange.operation,
        error,
      });
    }
  } finally {
    clearInterval(heartbeat);
  }
}
