/** `strongroom audit query`: the questions of spec audit section 8, as lines, JSON, or counts by field. */
import { countBy, GROUP_FIELDS, type Group } from "../../audit/count.ts";
import {
  answer,
  type Found,
  keysOf,
  newest,
  type Position,
  positionOf,
  positionOfId,
  type Question,
} from "../../audit/query.ts";
import { TrailReader } from "../../audit/reader.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { momentOf } from "./audit-times.ts";
import type { JobInput, JobOutput } from "./job.ts";

/** Questions that people ask by name; what is given besides narrows them. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  "denied-decrypts": {
    source: "kms",
    events: ["Decrypt", "ReEncrypt", "GenerateDataKey"],
    error: "AccessDenied",
  },
  denied: { error: "AccessDenied" },
  "who-read": { events: ["GetObject", "CopyObject", "UploadPartCopy", "GetObjectAttributes"], error: "none" },
  decrypted: { events: ["Decrypt", "GetObject", "CopyObject", "UploadPartCopy"], error: "none" },
  "policy-changes": {
    readOnly: false,
    events: [
      "CreateKey",
      "PutKeyPolicy",
      "CreateGrant",
      "RevokeGrant",
      "RetireGrant",
      "CreateAlias",
      "UpdateAlias",
      "DeleteAlias",
      "TagResource",
      "UntagResource",
      "PutBucketPolicy",
      "DeleteBucketPolicy",
      "PutBucketPublicAccessBlock",
      "DeleteBucketPublicAccessBlock",
      "PutBucketEncryption",
      "DeleteBucketEncryption",
      "PutUserPolicy",
      "PutRolePolicy",
      "PutGroupPolicy",
      "DeleteUserPolicy",
      "DeleteRolePolicy",
      "DeleteGroupPolicy",
      "AttachUserPolicy",
      "AttachRolePolicy",
      "AttachGroupPolicy",
      "DetachUserPolicy",
      "DetachRolePolicy",
      "DetachGroupPolicy",
      "AddUserToGroup",
      "RemoveUserFromGroup",
      "CreateRole",
      "CreatePolicyVersion",
      "SetDefaultPolicyVersion",
      "DeletePolicy",
      "UpdateAssumeRolePolicy",
      "PutUserPermissionsBoundary",
      "PutRolePermissionsBoundary",
      "DeleteUserPermissionsBoundary",
      "DeleteRolePermissionsBoundary",
    ],
  },
  "key-lifecycle": {
    events: [
      "DisableKey",
      "EnableKey",
      "ScheduleKeyDeletion",
      "CancelKeyDeletion",
      "RotateKeyOnDemand",
      "RotateKey",
      "ImportKeyMaterial",
      "DeleteImportedKeyMaterial",
      "DeleteKey",
      "DeleteExpiredKeyMaterial",
    ],
  },
  downgrades: { events: ["PutBucketEncryption", "DeleteBucketEncryption", "UpdateObjectEncryption"] },
};
export const QUESTION_NAMES: readonly string[] = Object.keys(QUESTIONS);

/** Newest records are read in pages of at most so many. */
const PAGE_RECORDS = 1000;

export async function auditQuery(
  engine: Engine,
  { args, options }: JobInput,
  output: JobOutput,
): Promise<number> {
  const nowMs = engine.clock.now();
  const text = (name: string): string | undefined => {
    const value = options.get(name);
    return value === undefined || value === true ? undefined : value[0];
  };
  const named = args[1] === undefined ? {} : QUESTIONS[args[1]];
  if (named === undefined) throw new UsageError(`audit query: there are ${QUESTION_NAMES.join(", ")}`);
  const given = {
    principal: text("principal"),
    accessKey: text("access-key"),
    user: text("user"),
    events: text("event")?.split(","),
    error: text("error"),
    key: text("key"),
    material: text("material"),
    object: text("object"),
    bucket: text("bucket"),
    request: text("request"),
    source: text("source"),
    ip: text("ip"),
    account: text("recipient"),
    eventId: text("event-id"),
    fromMs: momentOf(options, "since", nowMs),
    toMs: momentOf(options, "until", nowMs),
    intents: options.has("intents") ? true : undefined,
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const question: Question = { ...named, ...known };
  const fields = text("group-by")?.split(",");
  for (const field of fields ?? [])
    if (!GROUP_FIELDS.includes(field))
      throw new UsageError(`--group-by: fields are ${GROUP_FIELDS.join(", ")}`);
  const limit = Number(text("limit") ?? Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError("--limit: a number of records");
  const before = beforeOf(text("before"));
  const reader = new TrailReader(engine.audit.files, engine.audit.seedOf);
  const json = options.has("json");
  const print = (found: Found): void => output.out(json ? found.text : lineOf(found));
  if (options.has("count") || fields !== undefined)
    printCounts(await countBy(reader, question, fields ?? []), fields ?? [], { json, limit }, output);
  else if (before !== undefined || text("limit") !== undefined) {
    const last = await printNewest(reader, question, { limit, before }, print);
    if (last !== undefined) output.err(`Older ones: --before ${last.event.eventID}`);
  } else for await (const found of answer(reader, question)) print(found);
  if (reader.counts.damaged > 0) {
    output.err(`${reader.counts.damaged} places could not be read: run strongroom audit verify`);
    return 1;
  }
  return 0;
}

function beforeOf(id: string | undefined): Position | undefined {
  if (id === undefined) return undefined;
  return positionOfId(id) ?? fail("--before: the id of a record");
}
const fail = (message: string): never => {
  throw new UsageError(message);
};

/** The last one printed, if there may be more. */
async function printNewest(
  reader: TrailReader,
  question: Question,
  { limit, before }: { readonly limit: number; readonly before: Position | undefined },
  print: (found: Found) => void,
): Promise<Found | undefined> {
  let last: Found | undefined;
  for (let left = limit; left > 0; ) {
    const wanted = Math.min(left, PAGE_RECORDS);
    const page = await newest(reader, question, wanted, last === undefined ? before : positionOf(last));
    for (const found of page) print(found);
    last = page.at(-1) ?? last;
    if (page.length < wanted) return undefined;
    left -= page.length;
  }
  return last;
}

/** Without fields, one number. */
function printCounts(
  groups: readonly Group[],
  fields: readonly string[],
  { json, limit }: { readonly json: boolean; readonly limit: number },
  output: JobOutput,
): void {
  const shown =
    fields.length > 0 || groups.length > 0 ? groups : [{ values: [], count: 0, firstMs: 0, lastMs: 0 }];
  for (const { values, count, firstMs, lastMs } of shown.slice(0, limit)) {
    const times = count === 0 ? {} : { first: iso(firstMs), last: iso(lastMs) };
    if (json) {
      const named = Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ""]));
      output.out(JSON.stringify({ count, ...named, ...times }));
    } else if (fields.length === 0) output.out(String(count));
    else output.out(`${String(count).padStart(8)}  ${iso(lastMs)}  ${values.map(plain).join("  ")}`);
  }
}
const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What clients chose may hold line ends and quotes. */
const plain = (text: string): string => {
  const quoted = JSON.stringify(text);
  return quoted.length === text.length + 2 && !text.includes(" ") && text !== "" ? text : quoted;
};

function lineOf({ event }: Found): string {
  const who = event.userIdentity.arn ?? event.userIdentity.principalId ?? "-";
  const what = event.resources?.[0]?.ARN ?? "-";
  const more = event.additionalEventData;
  const parts = [event.eventTime, event.eventName, plain(who), plain(what), event.errorCode ?? "ok"];
  const key = keysOf(event)[0];
  if (key !== undefined && key !== what) parts.push(`key=${key}`);
  if (more?.keyMaterialId !== undefined) parts.push(`material=${more.keyMaterialId.slice(0, 16)}`);
  if (more?.keyAccess !== undefined) parts.push(`access=${more.keyAccess}`);
  parts.push(`from=${event.sourceIPAddress}`, `request=${event.requestID}`);
  return parts.join(" ");
}
