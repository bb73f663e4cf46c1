/** `strongroom audit query`: the questions of spec audit section 8, as lines, JSON, or counts by field. */
import { answer, type Found, keysOf, type Question } from "../../audit/query.ts";
import { TrailReader } from "../../audit/reader.ts";
import { userNameOf } from "../../audit/trail-event.ts";
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

const FIELDS: Readonly<Record<string, (found: Found) => string>> = {
  principal: ({ event }) =>
    event.userIdentity.arn ?? event.userIdentity.principalId ?? event.userIdentity.accountId ?? "",
  user: ({ event }) => userNameOf(event),
  "access-key": ({ event }) => event.userIdentity.accessKeyId ?? "",
  event: ({ event }) => event.eventName,
  error: ({ event }) => event.errorCode ?? "",
  key: ({ event }) => keysOf(event)[0] ?? "",
  material: ({ event }) => event.additionalEventData?.keyMaterialId ?? "",
  object: ({ event }) => event.resources?.find(({ type }) => type === "AWS::S3::Object")?.ARN ?? "",
  bucket: ({ event }) => event.resources?.find(({ type }) => type === "AWS::S3::Bucket")?.ARN ?? "",
  ip: ({ event }) => event.sourceIPAddress,
  hour: ({ event }) => `${event.eventTime.slice(0, 13)}Z`,
};
export const GROUP_FIELDS: readonly string[] = Object.keys(FIELDS);

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
    eventId: text("event-id"),
    fromMs: momentOf(options, "since", nowMs),
    toMs: momentOf(options, "until", nowMs),
    intents: options.has("intents") ? true : undefined,
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const question: Question = { ...named, ...known };
  const fields = text("group-by")?.split(",");
  for (const field of fields ?? [])
    if (FIELDS[field] === undefined)
      throw new UsageError(`--group-by: fields are ${GROUP_FIELDS.join(", ")}`);
  const limit = Number(text("limit") ?? Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError("--limit: a number of records");
  const reader = new TrailReader(engine.audit.files, engine.audit.seedOf);
  const counts = new Map<string, number>();
  let shown = 0;
  for await (const found of answer(reader, question)) {
    if (fields !== undefined) {
      const group = JSON.stringify(fields.map((field) => FIELDS[field]?.(found) ?? ""));
      counts.set(group, (counts.get(group) ?? 0) + 1);
      continue;
    }
    output.out(options.has("json") ? found.text : lineOf(found));
    if (++shown >= limit) break;
  }
  if (fields !== undefined) printCounts(counts, fields, options.has("json"), limit, output);
  if (reader.counts.damaged > 0) {
    output.err(`${reader.counts.damaged} places could not be read: run strongroom audit verify`);
    return 1;
  }
  return 0;
}

function printCounts(
  counts: ReadonlyMap<string, number>,
  fields: readonly string[],
  json: boolean,
  limit: number,
  output: JobOutput,
): void {
  const sorted = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, limit);
  for (const [group, count] of sorted) {
    const values: unknown = JSON.parse(group);
    const list = Array.isArray(values) ? values.map(String) : [];
    if (json) {
      const named = Object.fromEntries(fields.map((field, i) => [field, list[i] ?? ""]));
      output.out(JSON.stringify({ count, ...named }));
    } else output.out(`${String(count).padStart(8)}  ${list.map(plain).join("  ")}`);
  }
}

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
