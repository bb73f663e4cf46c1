/**
 * Records of S3 requests (spec audit sections 3 to 5), from what the pipeline tells. Runs for every request: text is put
 * together by hand and nothing is looked at twice. Requests that used a KMS key, and changes of buckets, are durable
 * before their answer leaves; others are written within a moment of it.
 */
import { errorCodeOf, jsonOf, keptMessage } from "../../audit/allow.ts";
import { newEventId } from "../../audit/event.ts";
import { claimedIdentity, identityOf } from "../../audit/identity.ts";
import type { Recorder } from "../../audit/recorder.ts";
import { type S3Row, s3RowOf } from "../../audit/s3-rows.ts";
import { type KeyUses, keyUsesOf } from "../../audit/uses.ts";
import type { Caller } from "../../base/caller.ts";
import type { AuditPort, Outcome, RequestEvent } from "../common/ports.ts";
import { claimedKey, tlsOf } from "./connection.ts";
import { type AnswerFacts, NO_FACTS, readAnswer } from "./s3-answer.ts";
import { deletedIn, partsOf } from "./s3-deleted.ts";
import { resourcesOf } from "./s3-resources.ts";

const quote = (text: string): string => JSON.stringify(text);
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
    // What is refused because the trail is full cannot stand in it.
    if (!trail.writable && outcome.status >= 400) return undefined;
    const row = s3RowOf(event.operation);
    const uses = event.caller === undefined ? undefined : keyUsesOf(event.caller);
    const facts = outcome.answer === undefined ? NO_FACTS : readAnswer(outcome.answer, event.exchange);
    let ticket = 0;
    if (outcome.details?.["keys"] === undefined) ticket = this.#append(event, outcome, row, uses, facts);
    else for (const part of partsOf(outcome)) ticket = this.#append(event, part, row, uses, facts);
    const awaited = uses !== undefined || (!row.data && !row.readOnly);
    return awaited ? trail.durable(ticket) : trail.backpressure(ticket);
  }

  /** `outcome` is undefined for an intent. */
  #append(
    event: RequestEvent,
    outcome: Outcome | undefined,
    row: S3Row,
    uses: KeyUses | undefined,
    facts: AnswerFacts,
  ): number {
    const recorder = this.#recorder;
    const { caller, exchange } = event;
    const errorCode = outcome?.errorCode;
    const identity = caller === undefined ? claimedIdentity(claimedKey(exchange)) : identityOf(caller);
    const timeMs = exchange?.startedMs ?? recorder.clock.now();
    const resources = resourcesOf(event, identity.account);
    const code = errorCode === undefined ? undefined : errorCodeOf(errorCode);
    return recorder.append(
      {
        identity,
        timeMs,
        service: "s3",
        name: row.event,
        region: recorder.region,
        sourceIp: exchange?.transport.sourceIp ?? caller?.sourceIp ?? "",
        userAgent: exchange?.req.headers["user-agent"],
        errorCode: code,
        errorMessage:
          errorCode === undefined ? undefined : keptMessage(errorCode, outcome?.errorMessage ?? ""),
        request: requestOf(event, outcome, row),
        response: code === undefined && !row.readOnly ? facts.response : "null",
        additional: this.#additional(event, outcome, uses, facts),
        requestId: event.requestId,
        eventId: newEventId(timeMs),
        readOnly: row.readOnly,
        resources: resources.text,
        management: !row.data,
        // Nobody's records go to whose bucket it is.
        recipient:
          identity.account === ANONYMOUS ? (event.bucketOwner ?? identity.account) : identity.account,
        tls: tlsOf(exchange),
      },
      {
        buckets: resources.buckets,
        objects: resources.objects,
        deleted: deletedIn(outcome),
        keys: uses?.keyArn === undefined ? undefined : [uses.keyArn],
        materials: uses?.materialId === undefined ? undefined : [uses.materialId],
        intent: outcome === undefined,
      },
    );
  }

  #additional(
    event: RequestEvent,
    outcome: Outcome | undefined,
    uses: KeyUses | undefined,
    facts: AnswerFacts,
  ): string {
    const { caller, exchange, headers } = event;
    const details = outcome?.details;
    let text = `{"AuthenticationMethod":"${methodOf(caller)}","bytesTransferredIn":${bytesIn(event)},"bytesTransferredOut":${facts.bytesOut}`;
    if (caller?.signature === "AWS4-HMAC-SHA256") text += ',"SignatureVersion":"SigV4"';
    if (exchange !== undefined)
      text += `,"x-amz-id-2":"${exchange.hostId}","eventTimeMs":${exchange.startedMs}`;
    if (outcome === undefined) text += ',"phase":"intent"';
    else if (facts.applied !== undefined) text += `,"SSEApplied":"${appliedOf(event, facts.applied)}"`;
    if (uses !== undefined) text += usesText(uses);
    const fingerprint = headers?.find(CUSTOMER_KEY_MD5);
    if (fingerprint !== undefined)
      text += `,"ssecKeyFingerprint":"${this.#recorder.fingerprint("ssec", fingerprint)}"`;
    const names = event.operation === "GetObject" ? undefined : metadataNames(event);
    if (names !== undefined) text += `,"userMetadataNames":${names}`;
    if (details !== undefined) text += detailsText(details, false);
    return `${text}}`;
  }
}

function requestOf(event: RequestEvent, outcome: Outcome | undefined, row: S3Row): string {
  const { exchange, headers, bucket, key, versionId } = event;
  let text = "";
  if (bucket !== undefined) text = `"bucketName":${quote(bucket)}`;
  const host = exchange?.req.headers.host;
  if (host !== undefined) text += `${text === "" ? "" : ","}"Host":${quote(host)}`;
  if (key !== undefined) text += `,"key":${quote(key)}`;
  if (versionId !== undefined) text += `,"versionId":${quote(versionId)}`;
  if (headers !== undefined) {
    for (const name of row.headers) {
      const value = headers.find(name);
      if (value !== undefined) text += `,"${name}":${quote(value)}`;
    }
  }
  // The request's own query was parsed before anybody is told of it; a target that is none has no query.
  const query = row.query.length === 0 || headers === undefined ? undefined : exchange?.raw.query;
  if (query !== undefined && query.size > 0) {
    for (const name of row.query) {
      const value = query.get(name);
      if (value !== undefined) text += `,"${name}":${quote(value)}`;
    }
  }
  if (outcome?.details !== undefined) text += detailsText(outcome.details, true);
  return `{${text.startsWith(",") ? text.slice(1) : text}}`;
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
    if (json !== undefined) text += `,${quote(name)}:${json}`;
  }
  return text;
}

function usesText({ requestIds, keyArn, materialId, access }: KeyUses): string {
  let text = "";
  if (keyArn !== undefined) text += `,"sseKmsKeyArn":${quote(keyArn)}`;
  if (materialId !== undefined) text += `,"keyMaterialId":"${materialId}"`;
  if (access !== undefined) text += `,"keyAccess":"${access}"`;
  if (requestIds.length > 0) text += `,"kmsRequestIDs":${JSON.stringify(requestIds)}`;
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

function bytesIn({ exchange }: RequestEvent): number {
  const headers = exchange?.req.headers;
  const decoded = headers?.["x-amz-decoded-content-length"];
  const size = Number(typeof decoded === "string" ? decoded : (headers?.["content-length"] ?? 0));
  return Number.isSafeInteger(size) ? size : 0;
}

const META = "x-amz-meta-";
function metadataNames({ headers, operation }: RequestEvent): string | undefined {
  if (headers === undefined || !/^(Put|Post|Copy|Create)/.test(operation)) return undefined;
  let names: string[] | undefined;
  for (const name of headers.names()) if (name.startsWith(META)) (names ??= []).push(name.slice(META.length));
  return names === undefined ? undefined : JSON.stringify(names);
}
