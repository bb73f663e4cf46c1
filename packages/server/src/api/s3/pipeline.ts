/**
 * One S3 request from the socket to the answer. The order is the contract (spec access 7, s3-encryption B.6): nothing
 * about a bucket is said before the caller is known, a missing bucket is 404 before any right is asked for, and a denial
 * wins over every fault in the request's headers or body.
 */
import type { HeaderView } from "../../auth/headers.ts";
import { fail, ServiceError } from "../../base/errors.ts";
import type { Bucket } from "../../objects/api.ts";
import type { Answer } from "../common/answer.ts";
import { type Exchange, RequestCaller } from "../common/exchange.ts";
import type { Outcome, RequestEvent } from "../common/ports.ts";
import type { Service } from "../common/serve.ts";
import { authorise, hideMissing } from "./access.ts";
import { addressOf, type Address } from "./address.ts";
import { corsHeaders, preflight } from "./cors.ts";
import type { S3Deps } from "./deps.ts";
import { errorAnswer } from "./error-document.ts";
import { identifyForm } from "./form.ts";
import { identify } from "./identify.ts";
import type { Need, Operation } from "./operation.ts";
import { checkOwner } from "./owner-check.ts";
import { S3Request } from "./request.ts";
import type { Router } from "./router.ts";
import { answerOrKeepAlive, SLOW_TIMING } from "./slow.ts";

export class S3Service implements Service {
  readonly name = "s3";
  readonly continuesLate = true;
  readonly #deps: S3Deps;
  readonly #router: Router;

  constructor(deps: S3Deps, router: Router) {
    this.#deps = deps;
    this.#router = router;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { audit } = this.#deps;
    if (audit === undefined) return this.#answer(exchange, {});
    const stage: Stage = {};
    try {
      await this.#answer(exchange, stage);
    } catch (error) {
      if (stage.recorded !== true) await audit.outcome(earlyEvent(exchange, stage), failed(error));
      throw error;
    }
  }

  async #answer(exchange: Exchange, stage: Stage): Promise<void> {
    const deps = this.#deps;
    const { raw } = exchange;
    const address = addressOf(raw.path, raw.headers.get("host"), deps.domains);
    stage.address = address;
    if (raw.method === "OPTIONS") {
      exchange.operation = "Preflight";
      await exchange.send(preflight(exchange, address, await bucketAt(deps, address)));
      return;
    }
    const origin = raw.headers.find("origin");
    if (origin !== undefined) {
      // Before anything can fail: a page must be able to read why. The rules are public to whoever names an origin.
      exchange.extraHeaders = corsHeaders(await bucketAt(deps, address), origin, raw.method);
    }
    const op = this.#router.match(raw.method, address.target, raw.query, raw.headers);
    exchange.operation = op.name;
    // Awaited only where it has to be: a promise that is there already costs as much as a look into the store.
    const identifying =
      op.readsForm === true ? identifyForm(exchange, deps, address) : identify(exchange, deps, address);
    const found = identifying instanceof Promise ? await identifying : identifying;
    exchange.caller = new RequestCaller(exchange, found.identity);
    const finding = findBucket(deps, address, op);
    const bucket = finding instanceof Promise ? await finding : finding;
    if (bucket !== undefined) checkOwner(expectedOwner(raw.headers, found.signing.headers), bucket);
    const req = new S3Request({ ...found, exchange, deps, bucket, caller: exchange.caller });
    try {
      const asked = op.needs(req);
      const needs = asked instanceof Promise ? await asked : asked;
      stage.recorded = true;
      const pending = this.#act(op, req, needs);
      const answer = op.slow === true ? await this.#slowly(req, pending) : await pending;
      const sending = answer === undefined ? undefined : exchange.send(answer);
      if (sending instanceof Promise) await sending;
    } finally {
      req.wipe();
    }
  }

  /** Everything between the question and the answer; the outcome is recorded before anything is sent. */
  async #act(op: Operation, req: S3Request, needs: readonly Need[]): Promise<Answer> {
    const { audit } = this.#deps;
    const event = audit === undefined ? undefined : eventOf(op, req);
    let answer: Answer;
    try {
      const deciding = authorise(req, needs);
      if (deciding instanceof Promise) await deciding;
      if (event !== undefined) {
        const intended = audit?.intent(event);
        if (intended instanceof Promise) await intended;
      }
      answer = await op.run(req);
    } catch (error) {
      const hiding = op.hidesMissing?.(req);
      const shown = hiding === undefined ? error : await hideMissing(req, hiding, error);
      if (event !== undefined) await audit?.outcome(event, failed(shown));
      throw shown;
    }
    if (event === undefined) return answer;
    try {
      const recorded = audit?.outcome(event, { status: answer.status, answer, details: req.audited });
      if (recorded instanceof Promise) await recorded;
    } catch (error) {
      // Nobody will read it, and its file and keys are open.
      const { body } = answer;
      if (typeof body === "object" && Symbol.asyncIterator in body)
        await body[Symbol.asyncIterator]().return?.();
      throw error;
    }
    return answer;
  }

  #slowly(req: S3Request, pending: Promise<Answer>): Promise<Answer | undefined> {
    return answerOrKeepAlive(req, pending, this.#deps.slowTiming ?? SLOW_TIMING);
  }

  refusal(exchange: Exchange, error: ServiceError): Answer {
    return errorAnswer(exchange, error);
  }
}

const OWNER = "x-amz-expected-bucket-owner";
/** A form has it as a header beside its fields, a presigned URL perhaps as a parameter. */
const expectedOwner = (raw: HeaderView, meant: HeaderView): string | undefined =>
  raw.find(OWNER) ?? meant.find(OWNER);

const bucketAt = async ({ buckets }: S3Deps, { bucket }: Address): Promise<Bucket | undefined> =>
  bucket === undefined ? undefined : buckets.find(bucket);

function findBucket(
  deps: S3Deps,
  { bucket: name }: Address,
  op: Operation,
): Bucket | undefined | Promise<Bucket> {
  if (name === undefined || op.createsBucket === true) return undefined;
  const found = deps.buckets.find(name);
  const required = (bucket: Bucket | undefined): Bucket =>
    bucket ?? fail("NoSuchBucket", { elements: { BucketName: name } });
  return found instanceof Promise ? found.then(required) : required(found);
}

function eventOf(op: Operation, req: S3Request): RequestEvent {
  return {
    requestId: req.exchange.requestId,
    service: "s3",
    operation: op.name,
    caller: req.caller,
    bucket: req.bucketName,
    bucketOwner: req.bucketIfAny?.owner,
    source: req.source === undefined ? undefined : sourceOf(req.source),
    key: req.keyIfAny,
    versionId: req.query.size === 0 ? undefined : req.query.get("versionId"),
    exchange: req.exchange,
    headers: req.headers,
  };
}

const sourceOf = ({
  header,
  bucket,
}: NonNullable<S3Request["source"]>): NonNullable<RequestEvent["source"]> => ({
  bucket: header.bucket,
  bucketOwner: bucket.owner,
  key: header.key,
});

/** How far a request had come when it was refused. */
interface Stage {
  address?: Address;
  /** Its outcome is recorded where it acts. */
  recorded?: boolean;
}

/** Before anything was asked for: no valid signature, no such bucket, nonsense in headers. */
function earlyEvent(exchange: Exchange, { address }: Stage): RequestEvent {
  const { requestId, operation, caller } = exchange;
  return {
    requestId,
    service: "s3",
    operation,
    caller,
    exchange,
    bucket: address?.bucket,
    key: address?.key,
  };
}

function failed(error: unknown): Outcome {
  return error instanceof ServiceError
    ? { status: error.status, errorCode: error.code, errorMessage: error.message }
    : { status: 500, errorCode: "InternalError" };
}
