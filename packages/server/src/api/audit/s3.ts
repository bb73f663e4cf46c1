/**
 * Records of S3 requests (spec audit sections 3 to 5), from what the pipeline tells. Runs for every request: text is put
 * together by hand and nothing is looked at twice. Requests that used a KMS key, and changes of buckets, are durable
 * before their answer leaves; others are written within a moment of it.
 */
import { errorCodeOf, jsonOf, keptMessage } from "../../audit/allow.ts";
import { type EventParts, isoSeconds, newEventId } from "../../audit/event.ts";
import type { Links } from "../../audit/facts.ts";
import type { Shape } from "../../audit/forms.ts";
import { claimedIdentity, type Identity, identityOf } from "../../audit/identity.ts";
import type { Recorder } from "../../audit/recorder.ts";
import { type S3Row, s3RowOf } from "../../audit/s3-rows.ts";
import { SLOT } from "../../audit/template.ts";
import { trailUnavailable } from "../../audit/trail.ts";
import type { HeaderView } from "../../auth/headers.ts";
import type { Caller, KeyUses } from "../../base/caller.ts";
import { jsonInside, jsonString } from "../../base/json-text.ts";
import type { AuditPort, Outcome, RequestEvent } from "../common/ports.ts";
import { claimedKey, shownHost, tlsOf } from "./connection.ts";
import { type AnswerFacts, NO_FACTS, readAnswer } from "./s3-answer.ts";
import { deletedIn, partsOf } from "./s3-deleted.ts";
import { objectArn, resourcesOf } from "./s3-resources.ts";

const SSE = "x-amz-server-side-encryption";
/** Their bytes are no identifiers of ours; what names them in the record is a keyed hash. */
const ANONYMOUS = "anonymous";
const CUSTOMER_KEY_MD5 = `${SSE}-customer-key-md5`;

export class S3Audit implements AuditPort {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Refuses while nothing can be recorded. What changes a bucket's rules stands in the trail before it happens. */
  intent(event: RequestEvent): void | Promise<void> {
    const { trail } = this.#recorder;
    trail.assertWritable();
    const row = s3RowOf(event.operation);
    if (row.data || row.readOnly) return undefined;
    return trail.durable(this.#append(event, undefined, row, undefined, NO_FACTS));
  }

  outcome(event: RequestEvent, outcome: Outcome): void | Promise<void> {
    const { trail } = this.#recorder;
    // A refusal is answered in any case: its record waits for the trail to go on.
    const waitsAlone = !trail.writable && outcome.status >= 400;
    if (waitsAlone && !trail.hasRoom) return undefined;
    const row = s3RowOf(event.operation);
    const uses = event.caller?.keyUses;
    const facts =
      outcome.answer === undefined ? NO_FACTS : readAnswer(outcome.answer, event.exchange, row.readOnly);
    if (row.data && this.#isPlain(event, outcome)) {
      this.#recorder.putOff(() => this.#append(event, outcome, row, uses, facts), uses);
      if (uses === undefined) return undefined;
      requireRecorded(uses);
      return trail.durableLater();
    }
    let ticket = 0;
    if (outcome.details?.["keys"] === undefined) ticket = this.#append(event, outcome, row, uses, facts);
    else for (const part of partsOf(outcome)) ticket = this.#append(event, part, row, uses, facts);
    if (waitsAlone) return undefined;
    const awaited = uses !== undefined || (!row.data && !row.readOnly);
    if (uses !== undefined) requireRecorded(uses);
    return awaited ? trail.durable(ticket) : trail.backpressure(ticket);
  }

  /** All that its record is made of stays as it is; keys of customers are not kept longer than their requests. */
  #isPlain({ exchange, headers, source }: RequestEvent, { errorCode, details }: Outcome): boolean {
    return (
      source === undefined &&
      errorCode === undefined &&
      details === undefined &&
      exchange?.transport.secureTransport === false &&
      headers?.find(CUSTOMER_KEY_MD5) === undefined &&
      this.#recorder.trail.takesLater
    );
  }

  /** `outcome` is undefined for an intent. */
  #append(
    event: RequestEvent,
    outcome: Outcome | undefined,
    row: S3Row,
    uses: KeyUses | undefined,
    facts: AnswerFacts,
  ): number {
    const { caller, exchange } = event;
    const identity = caller === undefined ? claimedIdentity(claimedKey(exchange)) : identityOf(caller);
    const timeMs = exchange?.startedMs ?? this.#recorder.clock.now();
    const told: Told = { event, outcome, row, uses, facts, identity, timeMs };
    const eventId = newEventId(timeMs);
    const shape = shapeOf(told);
    if (shape === undefined) {
      const own = valuesOf(told, eventId);
      return this.#recorder.append(this.#parts(told, own), linksOf(told, own));
    }
    const { bucket = "", key = "" } = event;
    const likeness = {
      name: bucket,
      shape,
      values: valuesText(told, eventId),
      timeMs,
      object: [objectArn(bucket, key)],
      request: [event.requestId],
    };
    return this.#recorder.appendLike(likeness, (slotted) => {
      const own = valuesOf(told, eventId);
      return { parts: this.#parts(told, slotted ? SLOTS : own), links: linksOf(told, own) };
    });
  }

  #parts(told: Told, values: Values): EventParts {
    const { event, outcome, row, facts, identity, timeMs } = told;
    const recorder = this.#recorder;
    const { caller, exchange } = event;
    const errorCode = outcome?.errorCode;
    const code = errorCode === undefined ? undefined : errorCodeOf(errorCode);
    return {
      identity,
      timeMs,
      service: "s3",
      name: row.event,
      region: recorder.region,
      sourceIp: exchange?.transport.sourceIp ?? caller?.sourceIp ?? "",
      userAgent: headerOf(event, "user-agent"),
      errorCode: code,
      errorMessage: errorCode === undefined ? undefined : keptMessage(errorCode, outcome?.errorMessage ?? ""),
      request: requestOf(told, values.key),
      response: code === undefined && !row.readOnly ? facts.response : "null",
      additional: this.#additional(told, values),
      requestId: values.requestId,
      eventId: values.eventId,
      readOnly: row.readOnly,
      resources: resourcesOf({ ...event, key: values.key }, identity.account).text,
      management: !row.data,
      // Nobody's records go to whose bucket it is.
      recipient: identity.account === ANONYMOUS ? (event.bucketOwner ?? identity.account) : identity.account,
      tls: tlsOf(exchange),
    };
  }

  #additional({ event, outcome, uses, facts }: Told, values: Values): string {
    const { caller, exchange, headers } = event;
    const details = outcome?.details;
    let text = `{"AuthenticationMethod":"${methodOf(caller)}","bytesTransferredIn":${values.bytesIn},"bytesTransferredOut":${values.bytesOut}`;
    if (caller?.signature === "AWS4-HMAC-SHA256") text += ',"SignatureVersion":"SigV4"';
    if (exchange !== undefined)
      text += `,"x-amz-id-2":"${exchange.hostId}","eventTimeMs":${values.startedMs}`;
    if (outcome === undefined) text += ',"phase":"intent"';
    else if (facts.applied !== undefined) text += `,"SSEApplied":"${appliedOf(event, facts.applied)}"`;
    if (uses !== undefined) text += usesText(uses, values.kmsRequestIds);
    const fingerprint = headers?.find(CUSTOMER_KEY_MD5);
    if (fingerprint !== undefined)
      text += `,"ssecKeyFingerprint":"${this.#recorder.fingerprint("ssec", fingerprint)}"`;
    const names = event.operation === "GetObject" ? undefined : metadataNames(event);
    if (names !== undefined) text += `,"userMetadataNames":${names}`;
    if (details !== undefined) text += detailsText(details, false);
    return `${text}}`;
  }
}

/** Of what is put together later, whoever waits hears from the trail; this is for what was before anybody waited. */
function requireRecorded(uses: KeyUses): void {
  if (uses.isUnrecorded) throw trailUnavailable();
}

/** All that one record is made of. */
interface Told {
  readonly event: RequestEvent;
  readonly outcome: Outcome | undefined;
  readonly row: S3Row;
  readonly uses: KeyUses | undefined;
  readonly facts: AnswerFacts;
  readonly identity: Identity;
  readonly timeMs: number;
}

/** What differs between two requests of a client for two objects; numbers and lists as they stand in the text. */
interface Values {
  readonly key: string | undefined;
  readonly bytesIn: string;
  readonly bytesOut: string;
  readonly startedMs: string;
  readonly kmsRequestIds: string;
  readonly requestId: string;
  readonly eventId: string;
}
const SLOTS: Values = {
  key: SLOT,
  bytesIn: SLOT,
  bytesOut: SLOT,
  startedMs: SLOT,
  kmsRequestIds: SLOT,
  requestId: SLOT,
  eventId: SLOT,
};

const valuesOf = ({ event, uses, facts, timeMs }: Told, eventId: string): Values => ({
  key: event.key,
  bytesIn: String(bytesIn(event)),
  bytesOut: String(facts.bytesOut),
  startedMs: String(timeMs),
  kmsRequestIds: uses === undefined ? "" : idList(uses.requestIds),
  requestId: event.requestId,
  eventId,
});

/** The store's own ids, which need no escapes. */
const idList = (ids: readonly string[]): string => (ids.length === 0 ? "[]" : `["${ids.join('","')}"]`);

/** The same, in the order of the record's text, for a shape of which some is known. */
function valuesText({ event, uses, facts, timeMs }: Told, eventId: string): string {
  const key = jsonInside(event.key ?? "");
  const ids = uses === undefined || uses.requestIds.length === 0 ? "" : SLOT + idList(uses.requestIds);
  return `${isoSeconds(timeMs)}${SLOT}${key}${SLOT}${bytesIn(event)}${SLOT}${facts.bytesOut}${SLOT}${timeMs}${ids}${SLOT}${event.requestId}${SLOT}${eventId}${SLOT}${key}`;
}

/** All else of a plain, successful request for one object. Undefined for others: they are put together each time. */
function shapeOf({ event, outcome, row, uses, facts, identity }: Told): Shape | undefined {
  const { caller, exchange, headers, bucket, key } = event;
  if (caller === undefined || exchange === undefined || headers === undefined) return undefined;
  if (bucket === undefined || key === undefined || event.versionId !== undefined) return undefined;
  if (outcome === undefined || outcome.errorCode !== undefined || outcome.details !== undefined)
    return undefined;
  if (event.source !== undefined || headers.find(CUSTOMER_KEY_MD5) !== undefined) return undefined;
  if (row.query.length > 0 && exchange.raw.query.size > 0) return undefined;
  return [
    event.operation,
    identity,
    exchange.transport.sourceIp,
    exchange.hostId,
    headers.find("user-agent"),
    shownHost(headers.find("host")),
    event.bucketOwner,
    shownHeaders(headers, row),
    facts.response,
    facts.applied,
    caller.authType,
    caller.signature,
    tlsOf(exchange),
    event.operation === "GetObject" ? undefined : metadataNames(event),
    uses?.keyArn,
    uses?.materialId,
    uses?.access,
    uses === undefined ? 0 : uses.requestIds.length,
  ];
}

function linksOf({ event, outcome, uses, identity }: Told, { key }: Values): Links {
  const resources = resourcesOf({ ...event, key }, identity.account);
  return {
    buckets: resources.buckets,
    objects: resources.objects,
    deleted: deletedIn(outcome),
    keys: uses?.keyArn === undefined ? undefined : [uses.keyArn],
    materials: uses?.materialId === undefined ? undefined : [uses.materialId],
    intent: outcome === undefined,
  };
}

/** Also of a request that was refused before its headers were looked at. */
function headerOf({ headers, exchange }: RequestEvent, name: string): string | undefined {
  if (headers !== undefined) return headers.find(name);
  const value = exchange?.req.headers[name];
  return typeof value === "string" ? value : undefined;
}

function requestOf({ event, outcome, row }: Told, key: string | undefined): string {
  const { exchange, headers, bucket, versionId } = event;
  let text = "";
  if (bucket !== undefined) text = `"bucketName":${jsonString(bucket)}`;
  const host = shownHost(headerOf(event, "host"));
  if (host !== undefined) text += `${text === "" ? "" : ","}"Host":${jsonString(host)}`;
  if (key !== undefined) text += `,"key":${jsonString(key)}`;
  if (versionId !== undefined) text += `,"versionId":${jsonString(versionId)}`;
  if (headers !== undefined) text += shownHeaders(headers, row);
  // The request's own query was parsed before anybody is told of it; a target that is none has no query.
  const query = row.query.length === 0 || headers === undefined ? undefined : exchange?.raw.query;
  if (query !== undefined && query.size > 0) {
    for (const name of row.query) {
      const value = query.get(name);
      if (value !== undefined) text += `,"${name}":${jsonString(value)}`;
    }
  }
  if (outcome?.details !== undefined) text += detailsText(outcome.details, true);
  return `{${text.startsWith(",") ? text.slice(1) : text}}`;
}

function shownHeaders(headers: HeaderView, row: S3Row): string {
  let text = "";
  for (const name of row.headers) {
    const value = headers.find(name);
    if (value !== undefined) text += `,"${name}":${jsonString(value)}`;
  }
  return text;
}

/** Documents that a request set are its parameters; what else an operation tells is additional. */
const DOCUMENTS: ReadonlySet<string> = new Set([
  "bucketPolicy",
  "encryption",
  "objectEncryption",
  "publicAccessBlock",
  "versioning",
]);
function detailsText(details: Readonly<Record<string, unknown>>, documents: boolean): string {
  let text = "";
  for (const [name, value] of Object.entries(details)) {
    const json = DOCUMENTS.has(name) === documents ? jsonOf(value) : undefined;
    if (json !== undefined) text += `,${jsonString(name)}:${json}`;
  }
  return text;
}

function usesText({ requestIds, keyArn, materialId, access }: KeyUses, ids: string): string {
  let text = "";
  if (keyArn !== undefined) text += `,"sseKmsKeyArn":${jsonString(keyArn)}`;
  if (materialId !== undefined) text += `,"keyMaterialId":"${materialId}"`;
  if (access !== undefined) text += `,"keyAccess":"${access}"`;
  if (requestIds.length > 0) text += `,"kmsRequestIDs":${ids}`;
  return text;
}

/** Chosen by the request, or by the bucket's default. Reads show what the object has. */
function appliedOf({ operation, headers }: RequestEvent, applied: string): string {
  if (applied === "SSE_C" || /^(Get|Head)/.test(operation)) return applied;
  return headers?.find(SSE) === undefined ? `Default_${applied}` : applied;
}

const METHODS = {
  "REST-HEADER": "AuthHeader",
  "REST-QUERY-STRING": "QueryString",
  POST: "HtmlForm",
  none: "None",
} as const;
const methodOf = (caller: Caller | undefined): string => METHODS[caller?.authType ?? "none"];

function bytesIn(event: RequestEvent): number {
  const size = Number(
    headerOf(event, "x-amz-decoded-content-length") ?? headerOf(event, "content-length") ?? 0,
  );
  return Number.isSafeInteger(size) ? size : 0;
}

const META = "x-amz-meta-";
function metadataNames({ headers, operation }: RequestEvent): string | undefined {
  if (headers === undefined || !/^(Put|Post|Copy|Create)/.test(operation)) return undefined;
  let names: string[] | undefined;
  for (const name of headers.names()) if (name.startsWith(META)) (names ??= []).push(name.slice(META.length));
  return names === undefined ? undefined : JSON.stringify(names);
}
