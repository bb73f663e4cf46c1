/** Audit records of key uses that S3 makes on a requester's behalf, and their links to the S3 request. */
import { newEventId } from "../audit/event.ts";
import type { Recorder } from "../audit/recorder.ts";
import { startKeyUses } from "../base/caller.ts";
import { ServiceError } from "../base/errors.ts";
import { newRequestUuid } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import { nameUses, type Requester } from "./kernel.ts";
import { contextJson } from "./context.ts";
import type { EncryptionContext } from "./port.ts";
import { jsonString } from "../base/json-text.ts";

export interface InternalUse {
  readonly operation: string;
  readonly keyId: string | undefined;
  readonly context: EncryptionContext;
}

type Recording = <T>(
  recorder: Recorder | undefined,
  requester: Requester,
  use: InternalUse,
  call: () => Soon<T>,
) => Soon<T>;

/** Runs a call and puts it on record, whatever becomes of it. The record is durable before S3 answers. */
export const recorded: Recording = (recorder, requester, use, call) => {
  if (recorder === undefined) return call();
  return refusalRecorded(recorder, requester, use, () =>
    andThen(call(), (result) => {
      recordUse(recorder, requester, use, undefined);
      return result;
    }),
  );
};

/** A refusal alone is a call of its own in the trail: what was allowed stands in the record of the S3 request. */
export const refusalRecorded: Recording = (recorder, requester, use, call) => {
  if (recorder === undefined) return call();
  const refused = (error: unknown): never => {
    recordUse(recorder, requester, use, error);
    throw error;
  };
  try {
    const result = call();
    return result instanceof Promise ? result.catch(refused) : result;
  } catch (error) {
    return refused(error);
  }
};

function recordUse(
  recorder: Recorder,
  requester: Requester,
  { operation, keyId, context }: InternalUse,
  error: unknown,
): void {
  const { caller, seen } = requester;
  const { arns, refused } = seen;
  const keyArn = arns.at(-1) ?? refused.named.at(-1);
  const requestId = newRequestUuid();
  const timeMs = recorder.clock.now();
  const eventId = newEventId(timeMs);
  nameUses(seen, requestId, eventId);
  const uses = startKeyUses(caller);
  uses.requestIds.push(requestId);
  uses.keyArn = keyArn ?? uses.keyArn;
  if (error === undefined) {
    uses.materialId = seen.materialIds.at(-1);
    uses.access = "kms";
  }
  const append = (): number =>
    recorder.kms({
      caller,
      via: "s3",
      operation,
      timeMs,
      requestId,
      eventId,
      request: requestOf(operation, keyArn ?? keyId, context),
      response: "null",
      readOnly: true,
      arns,
      refused,
      materialIds: error === undefined ? seen.materialIds : [],
      error:
        error === undefined
          ? undefined
          : error instanceof ServiceError
            ? { code: error.code, message: error.message }
            : { code: "KMSInternalException", message: "" },
    });
  // S3 waits for its own record, which stands behind this one.
  if (error === undefined && recorder.trail.takesLater) recorder.putOff(append, uses);
  else append();
}

/** A use that the key service allowed and a key held from before served. */
export function noteCached({ caller, seen }: Requester): void {
  const uses = startKeyUses(caller);
  uses.keyArn = seen.arns.at(-1) ?? uses.keyArn;
  uses.materialId = seen.materialIds.at(-1) ?? uses.materialId;
  uses.access ??= "bucketKeyCached";
}

function requestOf(operation: string, keyId: string | undefined, context: EncryptionContext): string {
  // By hand, as in the event's own text: it is written for every read of a KMS object. S3 bounds the context it hands on.
  const key = keyId === undefined ? "" : `"keyId":${jsonString(keyId)}`;
  const pairs = context.size === 0 ? "" : `,"encryptionContext":${contextJson(context)}`;
  if (operation === "GenerateDataKey") return `{${key}${key === "" ? "" : ","}"keySpec":"AES_256"${pairs}}`;
  return `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT"${key === "" ? "" : ","}${key}${pairs}}`;
}
