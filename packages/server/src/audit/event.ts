/**
 * A record as CloudTrail writes it (spec audit section 1), put together as text. Every value that comes from outside goes
 * through `jsonString`. Records that come by the thousand are filled templates of this text.
 */
import { randomHex } from "../base/ids.ts";
import { TRAIL_TEXT_CHARS_MAX } from "../base/limits.ts";
import type { Identity } from "./identity.ts";
import { jsonString } from "../base/json-text.ts";

export interface EventParts {
  readonly identity: Identity;
  /** Set where a service acts for the principal: S3 at the key service. */
  readonly invokedBy?: string;
  readonly timeMs: number;
  /** `s3`, `kms`, `iam`, `sts`, `cloudtrail`, or `system`. */
  readonly service: string;
  readonly name: string;
  readonly region: string;
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** JSON texts of their own; `null` where there is nothing. */
  readonly request: string;
  readonly response: string;
  readonly additional?: string | undefined;
  readonly requestId: string;
  readonly eventId: string;
  readonly readOnly: boolean;
  /** JSON text of a list. */
  readonly resources?: string | undefined;
  readonly type?: "AwsApiCall" | "AwsServiceEvent";
  readonly serviceDetails?: string;
  readonly management: boolean;
  readonly recipient: string;
  /** Equal in the copies that two accounts get of one action. */
  readonly sharedId?: string | undefined;
  /** JSON text. */
  readonly tls?: string | undefined;
}

const clipped = (text: string): string =>
  jsonString(text.length > TRAIL_TEXT_CHARS_MAX ? text.slice(0, TRAIL_TEXT_CHARS_MAX) : text);

/** `eventTime`: for templates, whose slot it is. */
export function eventText(p: EventParts, eventTime: string = isoSeconds(p.timeMs)): string {
  const invoked = p.invokedBy === undefined ? "" : `,"invokedBy":${jsonString(p.invokedBy)}`;
  const code = p.errorCode === undefined ? "" : `,"errorCode":${jsonString(p.errorCode)}`;
  const message = p.errorMessage === undefined ? "" : `,"errorMessage":${clipped(p.errorMessage)}`;
  const additional = p.additional === undefined ? "" : `,"additionalEventData":${p.additional}`;
  const resources = p.resources === undefined ? "" : `,"resources":${p.resources}`;
  const details = p.serviceDetails === undefined ? "" : `,"serviceEventDetails":${p.serviceDetails}`;
  const shared = p.sharedId === undefined ? "" : `,"sharedEventID":"${p.sharedId}"`;
  const tls = p.tls === undefined ? "" : `,"tlsDetails":${p.tls}`;
  const category = p.management ? "Management" : "Data";
  const head = `{"eventVersion":"1.11","userIdentity":${p.identity.open}${invoked}},"eventTime":"${eventTime}","eventSource":"${sourceOf(p.service)}","eventName":"${p.name}","awsRegion":"${p.region}","sourceIPAddress":${clipped(p.sourceIp)},"userAgent":${agent(p)}`;
  return `${head}${code}${message},"requestParameters":${p.request},"responseElements":${p.response}${additional},"requestID":"${p.requestId}","eventID":"${p.eventId}","readOnly":${p.readOnly}${resources},"eventType":"${p.type ?? "AwsApiCall"}","managementEvent":${p.management},"recipientAccountId":"${p.recipient}"${shared}${details},"eventCategory":"${category}"${tls}}`;
}

/** What the store did by itself is no service of AWS's. */
export const SYSTEM = "system";
export const sourceOf = (service: string): string =>
  service === SYSTEM ? SYSTEM : `${service}.amazonaws.com`;

/** S3 wraps it in brackets. */
function agent({ service, userAgent = "" }: EventParts): string {
  if (userAgent === "AWS Internal") return '"AWS Internal"';
  return clipped(service === "s3" ? `[${userAgent}]` : userAgent);
}

let secondOf = -1;
let secondText = "";
export function isoSeconds(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== secondOf) {
    secondOf = second;
    secondText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return secondText;
}

let idMs = -1;
let idHead = "";
/** A UUID of version 7 (RFC 9562 section 5.7): its time leads to the record. */
export function newEventId(ms: number): string {
  if (ms !== idMs) {
    idMs = ms;
    const time = ms.toString(16).padStart(12, "0");
    idHead = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  }
  const hex = randomHex(19);
  const variant = "89ab"[hex.charCodeAt(18) & 3] ?? "8";
  return `${idHead}${hex.slice(0, 3)}-${variant}${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

/** The time in an id of {@link newEventId}; undefined for any other text. */
export function eventIdMs(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match === null ? undefined : Number.parseInt(`${match[1]}${match[2]}`, 16);
}
