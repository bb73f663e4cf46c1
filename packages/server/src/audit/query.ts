/** Questions to the trail (spec audit section 8): filters that all must hold, answered from the index where it knows. */
import { eventIdMs } from "./event.ts";
import type { FoundGroup, TrailReader, Wanted } from "./reader.ts";
import { type TermField, termHash } from "./terms.ts";
import { isIntent, parseEvent, type TrailEvent, userNameOf } from "./trail-event.ts";

export interface Question {
  readonly fromMs?: number;
  readonly toMs?: number;
  /** ARN of a user, root, session, or of a session's role. */
  readonly principal?: string;
  readonly accessKey?: string;
  readonly user?: string;
  readonly events?: readonly string[];
  /** An error code, `any` at all, or `none`. */
  readonly error?: string;
  /** ARN or id of a KMS key. */
  readonly key?: string;
  readonly material?: string;
  /** ARN of an object, or `bucket/key`. */
  readonly object?: string;
  readonly bucket?: string;
  readonly request?: string;
  readonly source?: string;
  readonly readOnly?: boolean;
  readonly management?: boolean;
  readonly eventId?: string;
  readonly resourceType?: string;
  /** ARN, or the name of a bucket, a key's id. */
  readonly resourceName?: string;
  /** Records that announce a change; left out unless asked for. */
  readonly intents?: boolean;
}

export interface Found {
  readonly event: TrailEvent;
  readonly text: string;
  readonly timeMs: number;
}

/** A millisecond may pass between an id and its record's time. */
const ID_SLACK_MS = 1000;
const S3_ARN = "arn:aws:s3:::";
const objectArn = (object: string): string => (object.startsWith("arn:") ? object : `${S3_ARN}${object}`);

export function wantedOf(q: Question): Wanted {
  const terms: number[] = [];
  const add = (field: TermField, value: string | undefined): void => {
    if (value !== undefined) terms.push(termHash(field, value));
  };
  add("principal", q.principal);
  add("accessKey", q.accessKey);
  add("user", q.user);
  if (q.events?.length === 1) add("event", q.events[0]);
  if (q.error !== "any" && q.error !== "none") add("error", q.error);
  if (q.key?.startsWith("arn:") === true) add("key", q.key);
  add("material", q.material);
  add("object", q.object === undefined ? undefined : objectArn(q.object));
  add("bucket", q.bucket);
  add("request", q.request);
  add("source", q.source);
  const idMs = q.eventId === undefined ? undefined : eventIdMs(q.eventId);
  return {
    fromMs: Math.max(q.fromMs ?? 0, idMs === undefined ? 0 : idMs - ID_SLACK_MS),
    toMs: Math.min(
      q.toMs ?? Number.MAX_SAFE_INTEGER,
      idMs === undefined ? Number.MAX_SAFE_INTEGER : idMs + ID_SLACK_MS,
    ),
    terms,
  };
}

/** Record by record, group by group in the order of time; within a few milliseconds of each other, in any order. */
export async function* answer(reader: TrailReader, q: Question): AsyncGenerator<Found> {
  const wanted = wantedOf(q);
  const groups = [...(await reader.groups(wanted))].toSorted((a, b) => a.firstMs - b.firstMs);
  for (const group of groups) yield* matches(await reader.texts(group), q, wanted);
}

/** The newest matching records before a place in the trail, newest first: a page of LookupEvents. */
export async function newest(
  reader: TrailReader,
  q: Question,
  limit: number,
  before?: Position,
): Promise<readonly Found[]> {
  const wanted = wantedOf(q);
  const bounded = before === undefined ? wanted : { ...wanted, toMs: Math.min(wanted.toMs, before.timeMs) };
  const groups = [...(await reader.groups(bounded))].toSorted(byNewest);
  let best: Found[] = [];
  for (const group of groups) {
    const worst = best.length < limit ? undefined : best.at(-1);
    if (worst !== undefined && group.lastMs < worst.timeMs) break;
    for (const found of matches(await reader.texts(group), q, bounded)) {
      if (before !== undefined && !isBefore(found, before)) continue;
      best.push(found);
    }
    best = best.toSorted((a, b) => (isBefore(a, positionOf(b)) ? 1 : -1)).slice(0, limit);
  }
  return best;
}

export interface Position {
  readonly timeMs: number;
  readonly eventId: string;
}
export const positionOf = ({ timeMs, event }: Found): Position => ({ timeMs, eventId: event.eventID });

function isBefore({ timeMs, event }: Found, place: Position): boolean {
  return timeMs < place.timeMs || (timeMs === place.timeMs && event.eventID < place.eventId);
}
const byNewest = (a: FoundGroup, b: FoundGroup): number => b.lastMs - a.lastMs;

function* matches(texts: readonly Uint8Array[], q: Question, wanted: Wanted): Generator<Found> {
  const needle = needleOf(q);
  for (const text of texts) {
    if (needle !== undefined && !Buffer.from(text.buffer, text.byteOffset, text.length).includes(needle))
      continue;
    const event = parseEvent(text);
    if (event === undefined) continue;
    const timeMs = eventIdMs(event.eventID) ?? Date.parse(event.eventTime);
    if (timeMs < wanted.fromMs || timeMs > wanted.toMs || !holds(event, q)) continue;
    yield { event, text: Buffer.from(text).toString("utf8"), timeMs };
  }
}

/** Bytes that a matching record must hold, as JSON writes them: looked for before anything is parsed. */
function needleOf(q: Question): Buffer | undefined {
  const text =
    q.request ??
    q.eventId ??
    q.object ??
    q.material ??
    q.key ??
    q.principal ??
    q.accessKey ??
    q.bucket ??
    q.user ??
    (q.events?.length === 1 ? q.events[0] : undefined) ??
    (q.error === "any" || q.error === "none" ? undefined : q.error);
  return text === undefined ? undefined : Buffer.from(JSON.stringify(text).slice(1, -1));
}

function holds(event: TrailEvent, q: Question): boolean {
  const { userIdentity, additionalEventData: more } = event;
  const issuer = userIdentity.sessionContext?.sessionIssuer?.arn;
  const checks: readonly boolean[] = [
    q.intents === true || !isIntent(event),
    q.principal === undefined || userIdentity.arn === q.principal || issuer === q.principal,
    q.accessKey === undefined || userIdentity.accessKeyId === q.accessKey,
    q.user === undefined || userNameOf(event) === q.user,
    q.events === undefined || q.events.includes(event.eventName),
    errorHolds(event.errorCode, q.error),
    q.key === undefined || keysOf(event).some((arn) => arn === q.key || arn.endsWith(`/${q.key}`)),
    q.material === undefined || materialsOf(more).includes(q.material),
    q.object === undefined || hasResource(event, objectArn(q.object)),
    q.bucket === undefined || isInBucket(event, q.bucket),
    q.request === undefined || event.requestID === q.request || more?.s3RequestID === q.request,
    q.source === undefined || event.eventSource === `${q.source}.amazonaws.com`,
    q.readOnly === undefined || event.readOnly === q.readOnly,
    q.management === undefined || event.managementEvent === q.management,
    q.eventId === undefined || event.eventID === q.eventId,
    q.resourceType === undefined || (event.resources ?? []).some(({ type }) => type === q.resourceType),
    q.resourceName === undefined || namesResource(event, q.resourceName),
  ];
  return checks.every(Boolean);
}

function errorHolds(code: string | undefined, wanted: Question["error"]): boolean {
  if (wanted === undefined) return true;
  if (wanted === "any") return code !== undefined;
  return wanted === "none" ? code === undefined : code === wanted;
}

export function keysOf({ resources = [], additionalEventData }: TrailEvent): readonly string[] {
  const ofUse = additionalEventData?.sseKmsKeyArn;
  const arns = resources.filter(({ type }) => type === "AWS::KMS::Key").map(({ ARN }) => ARN);
  return ofUse === undefined ? arns : [...arns, ofUse];
}

function materialsOf(more: TrailEvent["additionalEventData"]): readonly unknown[] {
  return [more?.keyMaterialId, more?.["sourceKeyMaterialId"], more?.["destinationKeyMaterialId"]];
}

const hasResource = ({ resources = [] }: TrailEvent, arn: string): boolean =>
  resources.some(({ ARN }) => ARN === arn);

const isInBucket = ({ resources = [] }: TrailEvent, bucket: string): boolean =>
  resources.some(({ ARN }) => ARN === `${S3_ARN}${bucket}` || ARN.startsWith(`${S3_ARN}${bucket}/`));

function namesResource({ resources = [] }: TrailEvent, name: string): boolean {
  return resources.some(
    ({ ARN }) => ARN === name || ARN === `${S3_ARN}${name}` || ARN.slice(ARN.lastIndexOf("/") + 1) === name,
  );
}
