/**
 * The JSON 1.1 wire of the key service: body bytes in, status, headers and body out. Pure of sockets; the pipeline calls
 * it once the request is authenticated, and `kmsErrorAnswer` where authentication failed.
 */
import type { Caller } from "../../base/caller.ts";
import { fail, ServiceError } from "../../base/errors.ts";
import { JSON_BODY_BYTES_MAX } from "../../base/limits.ts";
import type { KmsAudit } from "../audit/kms.ts";
import { type Kernel, requesterOf } from "../../kms/kernel.ts";
import { wireError } from "./errors.ts";
import { OPERATIONS, UNSUPPORTED } from "./index.ts";
import type { Answer as WireAnswer, Call, KmsOperation } from "./operation.ts";

export interface KmsRequest {
  /** X-Amz-Target as sent. */
  readonly target: string | undefined;
  readonly body: Uint8Array;
  readonly caller: Caller;
  readonly requestId: string;
  /** Puts the call on record; absent where there is no trail. */
  readonly audit?: KmsAudit | undefined;
  /** JSON text for the record. */
  readonly tls?: string | undefined;
}

export interface KmsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For metrics and the trail: the operation's name, where the target named one. */
  readonly operation: string | undefined;
  /** What went wrong, for the log: the pipeline writes down faults of ours in full. */
  readonly error: unknown;
  /** Whether the operation's own records say what became of it. */
  readonly recorded: boolean;
}

const TARGET_PREFIX = "TrentService.";

/** Plaintext keys travel in bodies: nobody on the way may keep one. */
function headersFor(requestId: string, body: string): Record<string, string> {
  return {
    "Content-Type": "application/x-amz-json-1.1",
    "Content-Length": String(Buffer.byteLength(body)),
    "x-amzn-RequestId": requestId,
    "Cache-Control": "no-cache, no-store, must-revalidate, private",
    Expires: "0",
    Pragma: "no-cache",
  };
}

/** The operation that X-Amz-Target names, if KMS has it: also a label of metrics, so nothing that clients make up. */
export function targetName(target: string | undefined): string | undefined {
  if (target?.startsWith(TARGET_PREFIX) !== true) return undefined;
  const name = target.slice(TARGET_PREFIX.length);
  return OPERATIONS.has(name) || UNSUPPORTED.has(name) ? name : undefined;
}

/** Throws UnknownOperationException; UnsupportedOperationException by name for what KMS has and this service doesn't. */
export function findOperation(target: string | undefined): KmsOperation {
  const name = targetName(target);
  const found = name === undefined ? undefined : OPERATIONS.get(name);
  if (found !== undefined) return found;
  if (name !== undefined)
    fail("UnsupportedOperationException", `The operation ${name} is not supported by this service.`);
  return fail("UnknownOperationException");
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function parseBody(body: Uint8Array): unknown {
  if (body.length > JSON_BODY_BYTES_MAX)
    fail("SerializationException", `The request body exceeds ${JSON_BODY_BYTES_MAX} bytes.`);
  // Some clients send nothing where every member is optional.
  if (body.length === 0) return {};
  try {
    return JSON.parse(decoder.decode(body));
  } catch (cause) {
    // The parser's own text quotes the input, which may hold a plaintext.
    return fail("SerializationException", { cause: nameOnly(cause) });
  }
}

const nameOnly = (cause: unknown): string => (cause instanceof Error ? cause.name : "unknown");

/** An error as an answer, also for failures before an operation is known (authentication). */
export function kmsErrorAnswer(
  requestId: string,
  error: unknown,
  operation?: string,
  recorded = false,
): KmsAnswer {
  const { status, type, body } = wireError(error);
  const headers = { ...headersFor(requestId, body), "x-amzn-ErrorType": type };
  return { status, headers, body, operation, error, recorded };
}

/** Members that are `undefined` are left out by JSON itself. Void operations answer an empty body. */
export async function handleKms(kms: Kernel, request: KmsRequest): Promise<KmsAnswer> {
  const { requestId } = request;
  let name: string | undefined;
  let recorded = false;
  try {
    const found = findOperation(request.target);
    name = found.name;
    const input = parseBody(request.body);
    const requester = requesterOf(request.caller, "direct", `kms:${name}`);
    recorded = true;
    const answer = await onRecord(request, found, input, { kms, requester });
    const body = answer === undefined ? "" : JSON.stringify(answer);
    return {
      status: 200,
      headers: headersFor(requestId, body),
      body,
      operation: name,
      error: undefined,
      recorded,
    };
  } catch (error) {
    return kmsErrorAnswer(requestId, error, name ?? targetName(request.target), recorded);
  }
}

/** Runs the operation between its two records; without a trail, alone. */
async function onRecord(
  { audit, caller, requestId, tls }: KmsRequest,
  operation: KmsOperation,
  input: unknown,
  call: Call,
): Promise<WireAnswer> {
  if (audit === undefined) return operation.run(input, call);
  const { seen } = call.requester;
  const facts = { caller, operation: operation.name, requestId, input, seen, timeMs: audit.now, tls };
  await audit.intent(facts);
  let answer: WireAnswer;
  try {
    answer = await operation.run(input, call);
  } catch (error) {
    await audit.outcome(facts, undefined, error);
    throw error;
  }
  await audit.outcome(facts, answer, undefined);
  return answer;
}

/** Whether an error is a fault of ours, that the log should show in full. */
export const isFault = (error: unknown): boolean => !(error instanceof ServiceError) || error.status >= 500;
