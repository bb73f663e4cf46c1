/** The key service on the wire: reads the (bounded) body, authenticates, hands over to the operations, writes the answer. */
import { authenticateLater, type AuthDeps } from "../../auth/authenticate.ts";
import { AuthFailure } from "../../auth/auth-failure.ts";
import { jsonAuthError } from "../../auth/auth-errors.ts";
import type { Principal } from "../../base/caller.ts";
import { fail, type ServiceError } from "../../base/errors.ts";
import { JSON_BODY_BYTES_MAX } from "../../base/limits.ts";
import type { Log } from "../../base/log.ts";
import type { Kernel } from "../../kms/kernel.ts";
import type { KmsAudit } from "../audit/kms.ts";
import { tlsOf } from "../audit/connection.ts";
import type { Answer } from "../common/answer.ts";
import { type Exchange, RequestCaller } from "../common/exchange.ts";
import type { Service } from "../common/serve.ts";
import { isForwarded } from "../common/transport.ts";
import { readSmallBody } from "../common/small-body.ts";
import { allowReading, type Origins, preflightAnswer } from "./cors.ts";
import { handleKms, isFault, kmsErrorAnswer, type KmsAnswer, targetName } from "./handle.ts";

export interface KmsServiceDeps {
  readonly auth: AuthDeps<Principal>;
  readonly kms: Kernel;
  readonly log: Log;
  readonly audit?: KmsAudit;
  /** Origins of browser pages that may call; absent: none. */
  readonly origins?: Origins;
}
const NO_ORIGINS: Origins = new Set();
/** Requests and answers hold keys and plaintexts: nothing of one is read that must not come this way. */
const needsTls = (throughProxy: boolean): string =>
  throughProxy
    ? "Requests to the key service must be made over a secure connection, and this one came through a proxy over plain HTTP: use TLS behind the proxy, too, or the settings --keys-over-plain-http always and --trusted-proxies together."
    : "Requests to the key service must be made over a secure connection: use TLS, or see the setting --keys-over-plain-http.";

export class KmsService implements Service {
  readonly name = "kms";
  readonly #deps: KmsServiceDeps;

  constructor(deps: KmsServiceDeps) {
    this.#deps = deps;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { origins = NO_ORIGINS } = this.#deps;
    if (exchange.req.method === "OPTIONS") {
      await exchange.send(preflightAnswer(exchange, origins));
      return;
    }
    allowReading(exchange, origins);
    try {
      await this.#answer(exchange);
    } catch (error) {
      this.#deps.audit?.refused(exchange, error);
      throw error;
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { auth, kms, log, audit } = this.#deps;
    const { raw, requestId } = exchange;
    const target = raw.headers.get("x-amz-target");
    // Metric labels come from a closed list only: what a client makes up is Unknown.
    exchange.operation = targetName(target) ?? "Unknown";
    if (!exchange.transport.keysMayPass) fail("AccessDeniedException", needsTls(isForwarded(exchange.req)));
    const body = await readSmallBody(exchange.req, JSON_BODY_BYTES_MAX, {
      tooLong: () => fail("SerializationException", `The request body exceeds ${JSON_BODY_BYTES_MAX} bytes.`),
      crowded: () => fail("ThrottlingException"),
    });
    // One endpoint, one path (spec kms 1.1).
    if (raw.method !== "POST" || raw.path !== "/") {
      await exchange.send({ status: 404, headers: [], body: "" });
      return;
    }
    const result = await authenticateLater(raw, auth, () => Promise.resolve(body)).catch((error: unknown) => {
      throw error instanceof AuthFailure ? jsonAuthError(error) : error;
    });
    if (result.kind === "anonymous") throw jsonAuthError(new AuthFailure({ kind: "missing" }, "kms"));
    if (result.service !== "kms") fail("AccessDeniedException", "The signature is for another service.");
    exchange.caller = new RequestCaller(exchange, {
      principal: result.credential.principal,
      sessionKey: result.accessKeyId,
      accessKeyId: result.accessKeyId,
      signature: "AWS4-HMAC-SHA256",
      authType: result.how === "presigned" ? "REST-QUERY-STRING" : "REST-HEADER",
    });
    const answer = await handleKms(kms, {
      target,
      body,
      caller: exchange.caller,
      requestId,
      audit,
      tls: audit === undefined ? undefined : tlsOf(exchange),
    });
    exchange.operation = answer.operation ?? "Unknown";
    if (answer.error !== undefined) {
      if (!answer.recorded) audit?.refused(exchange, answer.error);
      exchange.errorCode = answer.headers["x-amzn-ErrorType"];
      if (isFault(answer.error))
        log.error("the key service failed", {
          requestId,
          operation: exchange.operation,
          error: answer.error,
        });
    }
    await exchange.send(toAnswer(answer));
  }

  refusal(exchange: Exchange, error: ServiceError): Answer {
    const target = exchange.req.headers["x-amz-target"];
    return toAnswer(
      kmsErrorAnswer(exchange.requestId, error, targetName(typeof target === "string" ? target : undefined)),
    );
  }
}

/** Content-Length is written with the body. */
function toAnswer(answer: KmsAnswer): Answer {
  const headers = Object.entries(answer.headers)
    .filter(([name]) => name !== "Content-Length")
    .flat();
  return { status: answer.status, headers, body: answer.body };
}
