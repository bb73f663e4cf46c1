/**
 * From node:http to a service and back. Which service is meant stands in the request (X-Amz-Target, the scope of the
 * signature); what every service shares is here: ids, the last resort for errors, unread bodies, measures.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { IntegrityError, ServiceError } from "../../base/errors.ts";
import { newRequestId, newRequestUuid } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Answer } from "./answer.ts";
import { attach } from "./attach.ts";
import { Exchange } from "./exchange.ts";
import { linger } from "./linger.ts";
import { turnOf } from "./pipelining.ts";
import type { Meter } from "./ports.ts";
import { serviceNameOf } from "./service-name.ts";
import { transportOf, type TransportRules } from "./transport.ts";
import { expectsContinue, hasUnreadBody } from "./unread-body.ts";

/** S3, KMS, later IAM and STS: one instance for the life of the process. */
export interface Service {
  readonly name: string;
  /** The service's bodies send 100 Continue themselves, once they are read; for others it leaves at once. */
  readonly continuesLate?: boolean;
  /** The service's pipeline: authenticates, authorises, acts and sends. Throws for anything it has not answered. */
  answer(exchange: Exchange): Promise<void>;
  /** The error in the service's own form (XML, JSON). */
  refusal(exchange: Exchange, error: ServiceError): Answer;
}

export interface ServeDeps {
  /** By the name that a signature's scope uses; `s3` is the default and must be there. */
  readonly services: ReadonlyMap<string, Service> & { get(name: "s3"): Service | undefined };
  readonly transport: TransportRules;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: Meter;
  /** `x-amz-id-2`: names the process, means nothing to clients. */
  readonly hostId: string;
}

/**
 * Node hands on the head first, and the body that came with it once those who were called with the head have returned.
 * Waited for here, so that all that a small write reads of the store, before its body and after it, is read by one callback,
 * in one look (ADR 12). Bun's body comes later: there a small write looks twice.
 */
const HEAD_IS_DONE = Promise.resolve();

/** Never rejects: what goes wrong is answered, or the socket is destroyed. */
export async function handle(req: IncomingMessage, res: ServerResponse, deps: ServeDeps): Promise<void> {
  // At once: the system forgets it with the connection, the socket does not. Who has reset the connection by now hears no
  // answer, and policies that go by addresses can't be asked about a request from nowhere.
  if (req.socket.remoteAddress === undefined) {
    req.socket.destroy();
    return;
  }
  const turn = turnOf(req, res);
  if (turn !== undefined && !(await turn)) return;
  if (req.headers["content-length"] !== undefined) await HEAD_IS_DONE;
  const service = deps.services.get(serviceNameOf(req)) ?? deps.services.get("s3");
  if (service === undefined) throw new Error("INVARIANT: the S3 service is always there");
  const requestId = service.name === "s3" ? newRequestId() : newRequestUuid();
  const transport = transportOf(req, deps.transport);
  const exchange = new Exchange(req, res, transport, deps.hostId, deps.clock.now(), requestId);
  if (service.continuesLate !== true && expectsContinue(req)) res.writeContinue();
  try {
    await service.answer(exchange);
  } catch (error) {
    await refuse(exchange, service, error, deps).catch((cause: unknown) => {
      // Nobody is there to answer any more: no fault of ours.
      if (req.socket.destroyed) deps.log.info("client went away", { requestId: exchange.requestId });
      else deps.log.error("an error could not be answered", { requestId: exchange.requestId, error: cause });
      res.destroy();
    });
  }
  deps.meter?.request({
    service: service.name,
    operation: exchange.operation,
    status: res.statusCode,
    errorCode: exchange.errorCode,
    milliseconds: deps.clock.now() - exchange.startedMs,
  });
}

async function refuse(exchange: Exchange, service: Service, error: unknown, deps: ServeDeps): Promise<void> {
  const { res } = exchange;
  const shown = asServiceError(exchange, error, deps.log);
  exchange.errorCode ??= shown.code;
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const answer = service.refusal(exchange, shown);
  if (!hasUnreadBody(exchange.req)) {
    await exchange.send(answer);
    return;
  }
  // The rest of the body will not be read: say so, let the client see the answer, and close.
  await linger(exchange, answer);
}

function asServiceError(exchange: Exchange, error: unknown, log: Log): ServiceError {
  if (error instanceof ServiceError) {
    // 501 is an answer like any other; the rest of the fives is for the operator to see.
    if (error.status >= 500 && error.status !== 501) log.warn("request failed", logFields(exchange, error));
    return error;
  }
  // A client that left makes every layer fail; that is no error of ours.
  if (exchange.res.destroyed && !(error instanceof IntegrityError)) {
    log.info("client went away", { requestId: exchange.requestId, operation: exchange.operation });
  } else if (error instanceof IntegrityError) {
    log.error("stored data is not what was written", logFields(exchange, error));
  } else {
    log.error("unexpected failure", logFields(exchange, error));
  }
  return new ServiceError("InternalError", { cause: error });
}

function logFields(exchange: Exchange, error: unknown): Readonly<Record<string, unknown>> {
  return { requestId: exchange.requestId, operation: exchange.operation, error };
}

/** For a server that somebody else opens and limits. */
export function mount(server: Server, deps: ServeDeps): void {
  attach(server, (req, res) => void handle(req, res, deps));
}
