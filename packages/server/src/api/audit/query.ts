/** Records of IAM and STS calls: changes stand in the trail before they happen, and no answer leaves before its record. */
import { errorCodeOf, keptMessage } from "../../audit/allow.ts";
import { newEventId } from "../../audit/event.ts";
import { QUERY_PARAMETERS, QUERY_RESULTS } from "../../audit/iam-rows.ts";
import { claimedIdentity, identityOf } from "../../audit/identity.ts";
import type { Recorder } from "../../audit/recorder.ts";
import { TRAIL_FIELD_CHARS_MAX } from "../../base/limits.ts";
import type { AuditPort, Outcome, RequestEvent } from "../common/ports.ts";
import { claimedKey, tlsOf } from "./connection.ts";

const isReading = (operation: string): boolean => /^(Get|List|Simulate|Decode)/.test(operation);

export class QueryAudit implements AuditPort {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  intent(event: RequestEvent): void | Promise<void> {
    const { trail } = this.#recorder;
    trail.assertWritable();
    if (isReading(event.operation)) return undefined;
    return trail.durable(this.#append(event, undefined));
  }

  outcome(event: RequestEvent, outcome: Outcome): void | Promise<void> {
    const { trail } = this.#recorder;
    // As in S3: a refusal is answered in any case.
    const waitsAlone = !trail.writable && outcome.status >= 400;
    if (waitsAlone && !trail.hasRoom) return undefined;
    const ticket = this.#append(event, outcome);
    if (waitsAlone) return undefined;
    return isReading(event.operation) ? trail.backpressure(ticket) : trail.durable(ticket);
  }

  /** `outcome` is undefined for an intent. */
  #append(event: RequestEvent, outcome: Outcome | undefined): number {
    const recorder = this.#recorder;
    const { caller, exchange, operation, service, requestId } = event;
    const identity = caller === undefined ? claimedIdentity(claimedKey(exchange)) : identityOf(caller);
    const timeMs = exchange?.startedMs ?? recorder.clock.now();
    const code = outcome?.errorCode === undefined ? undefined : errorCodeOf(outcome.errorCode);
    return recorder.append(
      {
        identity,
        timeMs,
        service,
        name: operation,
        region: recorder.region,
        sourceIp: exchange?.transport.sourceIp ?? caller?.sourceIp ?? "",
        userAgent: exchange?.req.headers["user-agent"] ?? caller?.userAgent,
        errorCode: code,
        errorMessage: code === undefined ? undefined : keptMessage(code, outcome?.errorMessage ?? ""),
        request: parametersOf(event.parameters),
        response: code === undefined ? resultOf(operation, outcome?.result) : "null",
        additional: outcome === undefined ? '{"phase":"intent"}' : undefined,
        requestId,
        eventId: newEventId(timeMs),
        readOnly: isReading(operation),
        management: true,
        recipient: identity.account,
        tls: tlsOf(exchange),
      },
      { intent: outcome === undefined },
    );
  }
}

/** `PolicyDocument`, and the members of lists: `Tags.member.1.Key`. */
function parametersOf(parameters: ReadonlyMap<string, string> | undefined): string {
  const found: string[] = [];
  for (const [name, value] of parameters ?? []) {
    const [first = ""] = name.split(".");
    if (!QUERY_PARAMETERS.has(first)) continue;
    const shown = value.length > TRAIL_FIELD_CHARS_MAX ? `(${value.length} characters)` : value;
    const camel = first.charAt(0).toLowerCase() + name.slice(1);
    found.push(`${JSON.stringify(camel)}:${JSON.stringify(shown)}`);
  }
  return found.length === 0 ? "null" : `{${found.join(",")}}`;
}

/** Our own document: what is taken from it holds no markup. */
function resultOf(operation: string, result: string | undefined): string {
  const wanted = QUERY_RESULTS.get(operation);
  if (wanted === undefined || result === undefined) return "null";
  const found: string[] = [];
  for (const name of wanted.members) {
    const value = new RegExp(`<${name}>([^<]*)</${name}>`).exec(result)?.[1];
    if (value === undefined) continue;
    found.push(`"${name.charAt(0).toLowerCase()}${name.slice(1)}":${JSON.stringify(value)}`);
  }
  return found.length === 0 ? "null" : `{"${wanted.name}":{${found.join(",")}}}`;
}
