/** Questions to the trail (spec audit section 8): filters that all must hold. The index leads to records; what is shown was read. */
import { eventIdMs } from "./event.ts";
import {
  bucketArn,
  type ColumnName,
  factsOfEvent,
  INTENT,
  MANAGEMENT,
  objectArn,
  parseWho,
  READ_ONLY,
  valuesOf,
  type Who,
} from "./facts.ts";
import type { FrameReader, SegmentName } from "./frame-reader.ts";
import { type Candidate, candidates } from "./order.ts";
import type { TrailReader } from "./reader.ts";
import { type Clause, type Plan, planHolds, type Test } from "./search.ts";
import { parseEvent, type TrailEvent } from "./trail-event.ts";

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
  readonly ip?: string;
  /** Whose trail the record is in. */
  readonly account?: string;
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
  readonly place: SegmentName;
  readonly event: TrailEvent;
  readonly text: string;
  readonly timeMs: number;
}

/** A millisecond may pass between an id and its record's time. */
const ID_SLACK_MS = 1000;

export function planOf(q: Question): Plan {
  const clauses: Clause[] = [];
  const column = (name: ColumnName, holds: (value: string) => boolean): void =>
    void clauses.push([{ column: name, holds }]);
  /** Values are parsed only where the text occurs in them: a segment may know thousands of principals. */
  const who = (text: string, holds: (who: Who) => boolean): void => {
    const needle = JSON.stringify(text).slice(1, -1);
    column("who", (value) => value.includes(needle) && holds(parseWho(value)));
  };
  const flag = (name: string, wanted: boolean): void =>
    column("flags", (value) => value.includes(name) === wanted);
  const { principal, accessKey, user, events, error, key, material, object, bucket } = q;
  if (q.intents !== true) flag(INTENT, false);
  if (principal !== undefined) who(principal, (w) => w.principal === principal || w.issuer === principal);
  if (accessKey !== undefined) who(accessKey, (w) => w.accessKey === accessKey);
  if (user !== undefined) who(user, (w) => w.user === user);
  if (events !== undefined) column("event", (value) => events.includes(value));
  if (error !== undefined) column("error", (value) => errorHolds(value, error));
  if (key !== undefined) column("key", (value) => valuesOf(value).some((arn) => isKey(arn, key)));
  if (material !== undefined) column("material", (value) => valuesOf(value).includes(material));
  if (bucket !== undefined) column("bucket", (value) => valuesOf(value).includes(bucket));
  if (q.source !== undefined) column("source", (value) => value === q.source);
  if (q.ip !== undefined) column("ip", (value) => value === q.ip);
  if (q.account !== undefined) column("account", (value) => value === q.account);
  if (q.readOnly !== undefined) flag(READ_ONLY, q.readOnly);
  if (q.management !== undefined) flag(MANAGEMENT, q.management);
  const { resourceType } = q;
  if (resourceType !== undefined) column("types", (value) => valuesOf(value).includes(resourceType));
  if (q.resourceName !== undefined) clauses.push(namedResource(q.resourceName));
  if (object !== undefined) clauses.push([{ field: "object", name: objectArn(object) }]);
  if (q.request !== undefined) clauses.push([{ field: "request", name: q.request }]);
  const idMs = q.eventId === undefined ? undefined : eventIdMs(q.eventId);
  return {
    fromMs: Math.max(q.fromMs ?? 0, idMs === undefined ? 0 : idMs - ID_SLACK_MS),
    toMs: Math.min(
      q.toMs ?? Number.MAX_SAFE_INTEGER,
      idMs === undefined ? Number.MAX_SAFE_INTEGER : idMs + ID_SLACK_MS,
    ),
    clauses,
  };
}

function errorHolds(code: string, wanted: string): boolean {
  if (wanted === "any") return code !== "";
  return wanted === "none" ? code === "" : code === wanted;
}

const isKey = (arn: string, wanted: string): boolean => arn === wanted || arn.endsWith(`/${wanted}`);

function namedResource(name: string): readonly Test[] {
  return [
    { column: "bucket", holds: (v) => valuesOf(v).some((b) => b === name || bucketArn(b) === name) },
    { column: "key", holds: (value) => valuesOf(value).some((arn) => isKey(arn, name)) },
    { field: "object", name: objectArn(name) },
  ];
}

/** The oldest first; records of one millisecond in any order. */
export async function* answer(reader: TrailReader, q: Question): AsyncGenerator<Found> {
  const plan = planOf(q);
  const frames = reader.frames();
  try {
    for await (const candidate of candidates(reader, plan, "oldest")) {
      const found = await open(frames, candidate, q, plan);
      if (found !== undefined) yield found;
    }
  } finally {
    await endReading(reader, frames);
  }
}

/** The newest matching records before a place in the trail, newest first: a page. */
export async function newest(
  reader: TrailReader,
  q: Question,
  limit: number,
  before?: Position,
): Promise<readonly Found[]> {
  const asked = planOf(q);
  const plan = before === undefined ? asked : { ...asked, toMs: Math.min(asked.toMs, before.timeMs) };
  const frames = reader.frames();
  const page: Found[] = [];
  /** Of one millisecond: among them, ids decide. */
  let equal: Found[] = [];
  const settle = (): void => {
    page.push(...equal.toSorted((a, b) => (isBefore(a, positionOf(b)) ? 1 : -1)));
    equal = [];
  };
  try {
    for await (const candidate of candidates(reader, plan, "newest")) {
      if (equal[0] !== undefined && equal[0].timeMs !== candidate.timeMs) settle();
      if (page.length >= limit) break;
      const found = await open(frames, candidate, q, plan);
      if (found !== undefined && (before === undefined || isBefore(found, before))) equal.push(found);
    }
    settle();
  } finally {
    await endReading(reader, frames);
  }
  return page.slice(0, limit);
}

export interface Position {
  readonly timeMs: number;
  readonly eventId: string;
}
export const positionOf = ({ timeMs, event }: Found): Position => ({ timeMs, eventId: event.eventID });

/** Undefined for an id that is none of this trail. */
export function positionOfId(eventId: string): Position | undefined {
  const timeMs = eventIdMs(eventId);
  return timeMs === undefined ? undefined : { timeMs, eventId };
}

function isBefore({ timeMs, event }: Found, place: Position): boolean {
  return timeMs < place.timeMs || (timeMs === place.timeMs && event.eventID < place.eventId);
}

async function open(
  frames: FrameReader,
  { segment, frames: table, record, timeMs }: Candidate,
  q: Question,
  plan: Plan,
): Promise<Found | undefined> {
  const text = await frames.text(segment, table, record);
  const event = text === undefined ? undefined : parseEvent(text);
  if (text === undefined || event === undefined || !planHolds(plan, factsOfEvent(event))) return undefined;
  if (q.eventId !== undefined && event.eventID !== q.eventId) return undefined;
  return { place: segment, event, text: Buffer.from(text).toString("utf8"), timeMs };
}

async function endReading(reader: TrailReader, frames: FrameReader): Promise<void> {
  await frames.close();
  reader.counts.opened += frames.opened;
  reader.counts.damaged += frames.damaged;
}

export const keysOf = (event: TrailEvent): readonly string[] => valuesOf(factsOfEvent(event).columns.key);
