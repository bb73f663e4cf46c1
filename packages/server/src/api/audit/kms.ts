/** Records of direct calls of the key service: key use and changes are durable before the answer leaves. */
import { allowed } from "../../audit/allow.ts";
import { newEventId } from "../../audit/event.ts";
import { KMS_ROWS, type KmsRow, usesKey } from "../../audit/kms-rows.ts";
import type { KmsFacts, Recorder } from "../../audit/recorder.ts";
import { trailUnavailable } from "../../audit/trail.ts";
import type { Caller } from "../../base/caller.ts";
import { ServiceError } from "../../base/errors.ts";
import type { Exchange } from "../common/exchange.ts";
import { nameUses, type SeenKeys } from "../../kms/kernel.ts";
import { recordRefusal } from "./refusal.ts";

export interface KmsCall {
  readonly caller: Caller;
  readonly operation: string;
  readonly requestId: string;
  readonly input: unknown;
  readonly seen: SeenKeys;
  readonly timeMs: number;
  readonly tls: string | undefined;
}

const NO_ROW: KmsRow = { request: [], response: [], readOnly: true };

export class KmsAudit {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  get now(): number {
    return this.#recorder.clock.now();
  }

  /** A request that came to no operation. */
  refused(exchange: Exchange, error: unknown): void {
    recordRefusal(this.#recorder, "kms", exchange, error);
  }

  /** Before anything is done. A change stands in the trail before it happens. Throws KMSInternalException. */
  async intent(call: KmsCall): Promise<void> {
    const { trail } = this.#recorder;
    const row = KMS_ROWS[call.operation] ?? NO_ROW;
    await inKmsWords(async () => {
      trail.assertWritable();
      if (row.readOnly) return;
      await trail.durable(this.#recorder.kms({ ...factsOf(call, row), more: { phase: "intent" } }));
    });
  }

  /** Before the answer is sent. Throws KMSInternalException: then nothing of the answer may leave. */
  async outcome(call: KmsCall, answer: unknown, error: unknown): Promise<void> {
    const { trail } = this.#recorder;
    const row = KMS_ROWS[call.operation] ?? NO_ROW;
    // As in S3: a refusal is answered in any case.
    const waitsAlone = !trail.writable && error !== undefined;
    if (waitsAlone && !trail.hasRoom) return;
    const eventId = newEventId(call.timeMs);
    nameUses(call.seen, call.requestId, eventId);
    const facts = { ...factsOf(call, row), eventId };
    const ticket = this.#recorder.kms(
      error === undefined
        ? {
            ...facts,
            arns: call.operation === "CreateKey" ? madeKey(answer) : facts.arns,
            response: responseOf(row, answer, call),
            materialIds: call.seen.materialIds,
          }
        : { ...facts, error: errorOf(error) },
    );
    if (waitsAlone || (row.readOnly && !usesKey(call.operation))) return;
    await inKmsWords(() => trail.durable(ticket));
  }
}

function factsOf(call: KmsCall, row: KmsRow): KmsFacts {
  const { caller, operation, requestId, input, seen, timeMs, tls } = call;
  return {
    caller,
    via: "direct",
    operation,
    timeMs,
    requestId,
    request: allowed(withDefaults(operation, input), row.request),
    response: "null",
    readOnly: row.readOnly,
    arns: seen.arns,
    refused: seen.refused,
    materialIds: [],
    tls,
  };
}

/** The algorithm is always written, also if the caller left it to the service. */
function withDefaults(operation: string, input: unknown): unknown {
  if (operation !== "Decrypt" && operation !== "Encrypt") return input;
  if (typeof input !== "object" || input === null || "EncryptionAlgorithm" in input) return input;
  return { EncryptionAlgorithm: "SYMMETRIC_DEFAULT", ...input };
}

function responseOf(row: KmsRow, answer: unknown, { seen }: KmsCall): string {
  const taken = allowed(answer, row.response);
  const arn = row.answersKey === true ? seen.arns.at(-1) : undefined;
  if (arn === undefined) return taken;
  const key = `"keyId":${JSON.stringify(arn)}`;
  return taken === "null" ? `{${key}}` : `{${key},${taken.slice(1)}`;
}

/** A key is known only when it is there. */
function madeKey(answer: unknown): readonly string[] {
  if (typeof answer !== "object" || answer === null || !("KeyMetadata" in answer)) return [];
  const { KeyMetadata: made } = answer;
  if (typeof made !== "object" || made === null || !("Arn" in made)) return [];
  return typeof made.Arn === "string" ? [made.Arn] : [];
}

const errorOf = (error: unknown): { readonly code: string; readonly message: string } =>
  error instanceof ServiceError
    ? { code: error.code, message: error.message }
    : { code: "KMSInternalException", message: "" };

async function inKmsWords(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const { message } = trailUnavailable();
    throw new ServiceError("KMSInternalException", { message, cause });
  }
}
