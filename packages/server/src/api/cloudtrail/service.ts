/**
 * The part of CloudTrail that looks into the trail, over its JSON 1.1 protocol: LookupEvents, and ListPublicKeys for
 * `aws cloudtrail validate-logs`. Each call is recorded itself.
 */
import type { Recorder } from "../../audit/recorder.ts";
import { allowed, errorCodeOf, keptMessage } from "../../audit/allow.ts";
import { newEventId } from "../../audit/event.ts";
import { identityOf } from "../../audit/identity.ts";
import { authenticateLater, type AuthDeps } from "../../auth/authenticate.ts";
import { AuthFailure } from "../../auth/auth-failure.ts";
import { jsonAuthError } from "../../auth/auth-errors.ts";
import type { Authoriser } from "../../base/access.ts";
import { accountOf, type Caller, type Principal } from "../../base/caller.ts";
import { fail, ServiceError } from "../../base/errors.ts";
import { JSON_BODY_BYTES_MAX } from "../../base/limits.ts";
import { tlsOf } from "../audit/connection.ts";
import { recordRefusal } from "../audit/refusal.ts";
import type { Answer } from "../common/answer.ts";
import { type Exchange, RequestCaller } from "../common/exchange.ts";
import type { Service } from "../common/serve.ts";
import { readSmallBody } from "../common/small-body.ts";

export interface CloudTrailOperation {
  readonly name: string;
  /** Members of the input that stand in the record. */
  readonly recorded: readonly string[];
  run(input: unknown, account: string): Promise<unknown>;
}

export interface CloudTrailDeps {
  readonly auth: AuthDeps<Principal>;
  readonly authoriser: Authoriser;
  readonly recorder?: Recorder;
  readonly operations: ReadonlyMap<string, CloudTrailOperation>;
}

export class CloudTrailService implements Service {
  readonly name = "cloudtrail";
  readonly #deps: CloudTrailDeps;

  constructor(deps: CloudTrailDeps) {
    this.#deps = deps;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { recorder } = this.#deps;
    const target = exchange.raw.headers.get("x-amz-target") ?? "";
    const operation = this.#deps.operations.get(target.slice(target.lastIndexOf(".") + 1));
    if (operation !== undefined) exchange.operation = operation.name;
    let caller: Caller;
    let input: unknown;
    try {
      const body = await readSmallBody(exchange.req, JSON_BODY_BYTES_MAX, {
        tooLong: () => fail("SerializationException", "The request body is too long."),
        crowded: () => fail("ThrottlingException", "Rate exceeded"),
      });
      caller = await this.#identify(exchange, body);
      if (operation === undefined) return fail("UnknownOperationException");
      input = parseBody(body);
    } catch (error) {
      if (recorder !== undefined) recordRefusal(recorder, this.name, exchange, error);
      throw error;
    }
    const result = await this.#act(exchange, operation, caller, input);
    await exchange.send({
      status: 200,
      headers: ["Content-Type", "application/x-amz-json-1.1", "x-amzn-RequestId", exchange.requestId],
      body: JSON.stringify(result),
    });
  }

  refusal(exchange: Exchange, error: ServiceError): Answer {
    const json = error.code.endsWith("Exception");
    const type = json ? error.code : "InternalFailure";
    const message = json ? error.message : "";
    return {
      status: json ? error.status : 500,
      headers: ["Content-Type", "application/x-amz-json-1.1", "x-amzn-RequestId", exchange.requestId],
      body: JSON.stringify({ __type: type, message }),
    };
  }

  async #identify(exchange: Exchange, body: Uint8Array): Promise<Caller> {
    const { auth } = this.#deps;
    const result = await authenticateLater(exchange.raw, auth, () => Promise.resolve(body)).catch(
      (error: unknown) => {
        throw error instanceof AuthFailure ? jsonAuthError(error) : error;
      },
    );
    if (result.kind === "anonymous") throw jsonAuthError(new AuthFailure({ kind: "missing" }, this.name));
    if (result.service !== this.name)
      return fail("AccessDeniedException", "The signature is for another service.");
    exchange.caller = new RequestCaller(exchange, {
      principal: result.credential.principal,
      sessionKey: result.accessKeyId,
      accessKeyId: result.accessKeyId,
      signature: "AWS4-HMAC-SHA256",
      authType: result.how === "presigned" ? "REST-QUERY-STRING" : "REST-HEADER",
    });
    return exchange.caller;
  }

  async #act(
    exchange: Exchange,
    operation: CloudTrailOperation,
    caller: Caller,
    input: unknown,
  ): Promise<unknown> {
    try {
      const account = await this.#authorise(caller, operation.name);
      const result = await operation.run(input, account);
      this.#record(exchange, operation, caller, input, undefined);
      return result;
    } catch (error) {
      this.#record(exchange, operation, caller, input, error);
      throw error;
    }
  }

  async #authorise(caller: Caller, name: string): Promise<string> {
    const action = `cloudtrail:${name}`;
    const account = accountOf(caller.principal);
    if (account === undefined || !("arn" in caller.principal)) return fail("AccessDeniedException");
    const request = { action, resource: "*", resourceAccount: account, conditions: new Map() };
    const decision = await this.#deps.authoriser.decide(caller, request);
    if (decision.kind !== "allow")
      fail(
        "AccessDeniedException",
        `User: ${caller.principal.arn} is not authorized to perform: ${action} ${decision.reason}`,
      );
    return account;
  }

  #record(
    exchange: Exchange,
    { name, recorded }: CloudTrailOperation,
    caller: Caller,
    input: unknown,
    error: unknown,
  ): void {
    const { recorder } = this.#deps;
    if (recorder === undefined || !recorder.trail.hasRoom) return;
    const identity = identityOf(caller);
    const code =
      error === undefined ? undefined : error instanceof ServiceError ? error.code : "InternalFailure";
    const shown = code === undefined ? undefined : errorCodeOf(code);
    recorder.append(
      {
        identity,
        timeMs: exchange.startedMs,
        service: this.name,
        name,
        region: recorder.region,
        sourceIp: caller.sourceIp,
        userAgent: caller.userAgent,
        errorCode: shown,
        errorMessage:
          code !== undefined && error instanceof ServiceError ? keptMessage(code, error.message) : undefined,
        request: allowed(input, recorded),
        response: "null",
        requestId: exchange.requestId,
        eventId: newEventId(exchange.startedMs),
        readOnly: true,
        management: true,
        recipient: identity.account,
        tls: tlsOf(exchange),
      },
      {},
    );
  }
}

function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return fail("SerializationException");
  }
}
