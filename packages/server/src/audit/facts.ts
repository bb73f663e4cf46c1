/**
 * What the index knows of a record: its columns, whose values many records share, and the names of objects and requests,
 * which few share. Writers hand these over; an index that is made again takes them from the text. Both must agree.
 */
import type { EventParts } from "./event.ts";
import { isIntent, type TrailEvent, userNameOf } from "./trail-event.ts";

/** Order of the columns in index files: append only. */
export const COLUMNS = [
  "who",
  "source",
  "event",
  "flags",
  "error",
  "key",
  "material",
  "bucket",
  "ip",
  "account",
  "types",
] as const;
export type ColumnName = (typeof COLUMNS)[number];

/** Found by a hash of the name. Append only, as above. */
export const NAMED = ["object", "request"] as const;
export type NamedField = (typeof NAMED)[number];

/** Shared by the records of one template. */
export type Columns = Readonly<Record<ColumnName, string>>;

export interface RecordFacts {
  readonly columns: Columns;
  /** ARNs. */
  readonly object: readonly string[];
  /** Its own id, and that of the S3 request it was done for. */
  readonly request: readonly string[];
}

/** What a record says besides its common head. */
export interface Links {
  readonly buckets?: readonly string[] | undefined;
  /** ARNs of resources. */
  readonly objects?: readonly string[] | undefined;
  /** Keys in the first bucket that the record lists: it is found by them, too. */
  readonly deleted?: readonly string[] | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly materials?: readonly string[] | undefined;
  readonly forRequest?: string | undefined;
  readonly intent?: boolean;
}

/** Columns that may hold several values. */
const SEPARATOR = "\n";
const joined = (values: readonly string[] | undefined): string =>
  values === undefined ? "" : values.length === 1 ? (values[0] ?? "") : values.join(SEPARATOR);
export const valuesOf = (joinedValues: string): readonly string[] =>
  joinedValues === "" ? [] : joinedValues.split(SEPARATOR);

export const READ_ONLY = "r";
export const MANAGEMENT = "m";
export const INTENT = "i";
const flagsOf = (readOnly: boolean, management: boolean, intent: boolean): string =>
  intent
    ? `${readOnly ? READ_ONLY : ""}${management ? MANAGEMENT : ""}${INTENT}`
    : readOnly
      ? management
        ? READ_ONLY + MANAGEMENT
        : READ_ONLY
      : management
        ? MANAGEMENT
        : "";

const OBJECT_TYPES = "AWS::S3::Object\nAWS::S3::Bucket";
const BUCKET_TYPE = "AWS::S3::Bucket";
const KEY_TYPE = "AWS::KMS::Key";
const NONE: readonly string[] = [];

/** Of a record that is being written. */
export function factsOf(parts: EventParts, links: Links): RecordFacts {
  const { buckets = NONE, objects = NONE, deleted, forRequest } = links;
  return {
    columns: columnsOf(parts, links),
    object: deleted === undefined ? objects : [...objects, ...inBucket(buckets[0], deleted)],
    request: forRequest === undefined ? [parts.requestId] : [parts.requestId, forRequest],
  };
}

export function columnsOf(parts: EventParts, links: Links): Columns {
  const { identity, service } = parts;
  const { buckets = NONE, objects = NONE, keys } = links;
  const key = joined(keys);
  return {
    who: identity.who,
    source: service,
    event: parts.name,
    flags: flagsOf(parts.readOnly, parts.management, links.intent === true),
    error: parts.errorCode ?? "",
    key,
    material: joined(links.materials),
    bucket: joined(buckets),
    ip: parts.sourceIp,
    account: parts.recipient,
    types:
      objects.length > 0
        ? OBJECT_TYPES
        : buckets.length > 0
          ? BUCKET_TYPE
          : key !== "" && service !== "s3"
            ? KEY_TYPE
            : "",
  };
}

/** Of a record that was read back. */
export function factsOfEvent(event: TrailEvent): RecordFacts {
  const { resources = [], additionalEventData: more } = event;
  const keys = resources.filter(({ type }) => type === KEY_TYPE).map(({ ARN }) => ARN);
  const used = more?.sseKmsKeyArn;
  if (used !== undefined) keys.push(used);
  const materials = [more?.keyMaterialId, more?.["sourceKeyMaterialId"], more?.["destinationKeyMaterialId"]];
  const buckets = resources.filter(({ type }) => type === BUCKET_TYPE).map(({ ARN }) => bucketOf(ARN));
  const linked = more?.s3RequestID;
  return {
    columns: {
      who: whoOf(event.userIdentity),
      source: event.eventSource.replace(/\.amazonaws\.com$/, ""),
      event: event.eventName,
      flags: flagsOf(event.readOnly, event.managementEvent, isIntent(event)),
      error: event.errorCode ?? "",
      key: joined(keys),
      material: joined(materials.filter((id) => typeof id === "string")),
      bucket: joined(buckets),
      ip: event.sourceIPAddress,
      account: event.recipientAccountId,
      types: joined([...new Set(resources.map(({ type }) => type))]),
    },
    object: [
      ...resources.filter(({ type }) => type === "AWS::S3::Object").map(({ ARN }) => ARN),
      ...inBucket(buckets[0], more?.keys?.map(({ key: name }) => name) ?? []),
    ],
    request: linked === undefined ? [event.requestID] : [event.requestID, linked],
  };
}

const inBucket = (bucket: string | undefined, keys: readonly string[]): readonly string[] =>
  bucket === undefined ? [] : keys.map((key) => `${S3_ARN}${bucket}/${key}`);

const S3_ARN = "arn:aws:s3:::";
const bucketOf = (arn: string): string => arn.slice(S3_ARN.length);
export const bucketArn = (bucket: string): string => S3_ARN + bucket;
export const objectArn = (object: string): string => (object.startsWith("arn:") ? object : S3_ARN + object);

/** Column `who`: members of an identity that questions name, as a JSON list. */
export function whoOf(identity: TrailEvent["userIdentity"]): string {
  const { arn, principalId, accountId, accessKeyId = "", sessionContext } = identity;
  return JSON.stringify([
    arn ?? principalId ?? accountId ?? "",
    sessionContext?.sessionIssuer?.arn ?? "",
    accessKeyId,
    userNameOf({ userIdentity: identity }),
  ]);
}
export interface Who {
  /** ARN, or what else names it. */
  readonly principal: string;
  /** ARN of a session's role. */
  readonly issuer: string;
  readonly accessKey: string;
  readonly user: string;
}
export function parseWho(who: string): Who {
  const list: unknown = who === "" ? [] : JSON.parse(who);
  const at = (i: number): string => {
    const member: unknown = Array.isArray(list) ? list[i] : undefined;
    return typeof member === "string" ? member : "";
  };
  return { principal: at(0), issuer: at(1), accessKey: at(2), user: at(3) };
}

/** Of a text that is no record: it is found by its time only. */
export const NO_FACTS: RecordFacts = {
  columns: {
    who: "",
    source: "",
    event: "",
    flags: "",
    error: "",
    key: "",
    material: "",
    bucket: "",
    ip: "",
    account: "",
    types: "",
  },
  object: [],
  request: [],
};
