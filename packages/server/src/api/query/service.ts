/** A Query service on the wire: reads the (bounded) form, authenticates, authorises, acts, answers in XML. */
import { AuthFailure } from "../../auth/auth-failure.ts";
import { queryAuthError } from "../../auth/auth-errors.ts";
import { authenticateLater, type AuthDeps } from "../../auth/authenticate.ts";
import type { Authoriser } from "../../base/access.ts";
import { accountOf, type Caller, type Principal } from "../../base/caller.ts";
import { fail, ServiceError } from "../../base/errors.ts";
import type { AccountId } from "../../base/ids.ts";
import { QUERY_BODY_BYTES_MAX } from "../../base/limits.ts";
import type { Answer } from "../common/answer.ts";
import { type Exchange, type Identity, RequestCaller } from "../common/exchange.ts";
import type { AuditPort, Outcome, RequestEvent } from "../common/ports.ts";
import type { Service } from "../common/serve.ts";
import { readSmallBody } from "../common/small-body.ts";
import { errorAnswer, type Protocol, resultAnswer } from "./document.ts";
import { Form } from "./form.ts";
import type { Call, Need, Prepared, QueryOperation } from "./operation.ts";

export interface QueryServiceDeps {
  readonly auth: AuthDeps<Principal>;
  readonly authoriser: Authoriser;
  readonly audit?: AuditPort;
}
export interface QueryApi<C extends Call> {
  readonly protocol: Protocol;
  readonly operations: ReadonlyMap<string, QueryOperation<C>>;
  /** Operations of AWS that are not here. */
  readonly unsupported: ReadonlySet<string>;
  /** Of the caller. Throws when the service is closed to such a caller. */
  call(caller: Caller, operation: string): C;
}

const ANONYMOUS: Identity = {
  principal: { kind: "anonymous" },
  sessionKey: "anonymous",
  signature: "none",
  authType: "none",
};

export class QueryService<C extends Call> implements Service {
  readonly name: string;
  readonly #deps: QueryServiceDeps;
  readonly #api: QueryApi<C>;

  constructor(deps: QueryServiceDeps, api: QueryApi<C>) {
    this.#deps = deps;
    this.#api = api;
    this.name = api.protocol.name;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { audit } = this.#deps;
    const stage: Stage = { recorded: false };
    try {
      await this.#answer(exchange, stage);
    } catch (error) {
      if (!stage.recorded) await audit?.outcome(this.#eventOf(exchange, stage.form), failedOf(error));
      throw error;
    }
  }

  async #answer(exchange: Exchange, stage: Stage): Promise<void> {
    const { protocol } = this.#api;
    const body = await readSmallBody(exchange.req, QUERY_BODY_BYTES_MAX, {
      tooLong: () => fail("MalformedInput", `The request body exceeds ${QUERY_BODY_BYTES_MAX} bytes.`),
      crowded: () => fail("SlowDown"),
    });
    const identity = await this.#identify(exchange, body);
    const form = Form.parse(exchange.raw.method === "GET" ? exchange.raw.rawQuery : decodeBody(body));
    stage.form = form;
    const op = this.#operation(form);
    exchange.operation = op.name;
    if (identity === undefined && !op.unsigned) fail("MissingAuthenticationToken");
    exchange.caller = new RequestCaller(exchange, identity ?? ANONYMOUS);
    const call = this.#api.call(exchange.caller, op.name);
    const prepared = op.prepare(form);
    const needs = await prepared.needs(call);
    stage.recorded = true;
    const event = this.#eventOf(exchange, form);
    const result = await this.#act(event, exchange.caller, prepared, needs, call);
    await exchange.send(resultAnswer(protocol, op.name, result, exchange.requestId));
  }

  refusal(exchange: Exchange, error: ServiceError): Answer {
    return errorAnswer(this.#api.protocol, error, exchange.requestId);
  }

  /** Undefined for a request that names no credentials at all. */
  async #identify(exchange: Exchange, body: Uint8Array): Promise<Identity | undefined> {
    const { raw } = exchange;
    if (raw.headers.get("authorization") === undefined && !raw.query.has("X-Amz-Algorithm")) return undefined;
    const result = await authenticateLater(raw, this.#deps.auth, () => Promise.resolve(body)).catch(
      (error: unknown) => {
        throw error instanceof AuthFailure ? queryAuthError(error) : error;
      },
    );
    if (result.kind === "anonymous") return undefined;
    if (result.service !== this.name)
      fail("SignatureDoesNotMatch", `Credential should be scoped to correct service: '${this.name}'.`);
    return {
      principal: result.credential.principal,
      sessionKey: result.accessKeyId,
      accessKeyId: result.accessKeyId,
      signature: "AWS4-HMAC-SHA256",
      authType: result.how === "presigned" ? "REST-QUERY-STRING" : "REST-HEADER",
    };
  }

  #operation(form: Form): QueryOperation<C> {
    const { protocol, operations, unsupported } = this.#api;
    const name = form.get("Action") ?? fail("MissingAction");
    const version = form.get("Version") ?? protocol.version;
    const found = version === protocol.version ? operations.get(name) : undefined;
    if (found === undefined && unsupported.has(name))
      fail("NotImplemented", `The operation ${name} is not implemented by this service.`);
    return (
      found ?? fail("InvalidAction", `Could not find operation ${word(name)} for version ${word(version)}`)
    );
  }

  #eventOf(exchange: Exchange, form: Form | undefined): RequestEvent {
    return {
      requestId: exchange.requestId,
      service: this.name,
      operation: exchange.operation,
      exchange,
      ...(exchange.caller === undefined ? {} : { caller: exchange.caller }),
      ...(form === undefined ? {} : { parameters: form.values }),
    };
  }

  /** Everything between the question and the answer; the outcome is recorded before anything is sent. */
  async #act(
    event: RequestEvent,
    caller: Caller,
    prepared: Prepared<C>,
    needs: readonly Need[],
    call: C,
  ): Promise<string | undefined> {
    const { audit } = this.#deps;
    let result: string | undefined;
    try {
      for (const need of needs) await this.#authorise(caller, need);
      await audit?.intent(event);
      result = await prepared.run(call);
    } catch (error) {
      await audit?.outcome(event, failedOf(error));
      throw error;
    }
    await audit?.outcome(event, { status: 200, result });
    return result;
  }

  async #authorise(caller: Caller, { action, resource, conditions = new Map() }: Need): Promise<void> {
    const account: AccountId | undefined = accountOf(caller.principal);
    if (account === undefined || !("arn" in caller.principal)) return fail("AccessDenied");
    const request = { action, resource, resourceAccount: account, conditions };
    const decision = await this.#deps.authoriser.decide(caller, request);
    if (decision.kind !== "allow")
      fail(
        "AccessDenied",
        `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${decision.reason}`,
      );
  }
}

/** How far a request had come when it was refused. */
interface Stage {
  /** Its outcome is recorded where it acts. */
  recorded: boolean;
  form?: Form;
}

function failedOf(error: unknown): Outcome {
  return error instanceof ServiceError
    ? { status: error.status, errorCode: error.code, errorMessage: error.message }
    : { status: 500, errorCode: "ServiceFailure" };
}

/** What a client made up is repeated only if it is short and plain. */
const word = (text: string): string =>
  /^(?:[A-Za-z]{1,64}|[0-9-]{1,10})$/.test(text) ? text : "(not shown)";

const decoder = new TextDecoder("utf-8", { fatal: true });
function decodeBody(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    return fail("MalformedInput", "The request body is not UTF-8.");
  }
}
