/** Requests that were refused before their operation began: no valid signature, a malformed body, no such operation. */
import { errorCodeOf, keptMessage } from "../../audit/allow.ts";
import { newEventId } from "../../audit/event.ts";
import { claimedIdentity, identityOf } from "../../audit/identity.ts";
import type { Recorder } from "../../audit/recorder.ts";
import { ServiceError } from "../../base/errors.ts";
import type { Exchange } from "../common/exchange.ts";
import { claimedKey, tlsOf } from "./connection.ts";

export function recordRefusal(recorder: Recorder, service: string, exchange: Exchange, error: unknown): void {
  if (!recorder.trail.hasRoom) return;
  const { caller, operation, requestId, startedMs, transport } = exchange;
  const identity = caller === undefined ? claimedIdentity(claimedKey(exchange)) : identityOf(caller);
  const code = error instanceof ServiceError ? error.code : "InternalFailure";
  recorder.append(
    {
      identity,
      timeMs: startedMs,
      service,
      name: operation,
      region: recorder.region,
      sourceIp: transport.sourceIp,
      userAgent: exchange.req.headers["user-agent"],
      errorCode: errorCodeOf(code),
      errorMessage: error instanceof ServiceError ? keptMessage(code, error.message) : undefined,
      request: "null",
      response: "null",
      requestId,
      eventId: newEventId(startedMs),
      readOnly: true,
      management: true,
      recipient: identity.account,
      tls: tlsOf(exchange),
    },
    {},
  );
}
