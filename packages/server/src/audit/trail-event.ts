/** A record read back: only what queries look at is typed; everything else stays as it was written. */
import { z } from "zod";
import { eventIdMs } from "./event.ts";

const identitySchema = z.looseObject({
  type: z.string().optional(),
  arn: z.string().optional(),
  accountId: z.string().optional(),
  principalId: z.string().optional(),
  accessKeyId: z.string().optional(),
  userName: z.string().optional(),
  sessionContext: z
    .looseObject({ sessionIssuer: z.looseObject({ arn: z.string().optional() }).optional() })
    .optional(),
});
const additionalSchema = z.looseObject({
  eventTimeMs: z.number().optional(),
  phase: z.string().optional(),
  sseKmsKeyArn: z.string().optional(),
  keyMaterialId: z.string().optional(),
  keyAccess: z.string().optional(),
  s3RequestID: z.string().optional(),
  kmsRequestIDs: z.array(z.string()).optional(),
  SSEApplied: z.string().optional(),
  /** Of DeleteObjects. */
  keys: z.array(z.looseObject({ key: z.string() })).optional(),
});
const resourceSchema = z.looseObject({ ARN: z.string(), type: z.string(), accountId: z.string().optional() });
const eventSchema = z.looseObject({
  userIdentity: identitySchema,
  eventTime: z.string(),
  eventSource: z.string(),
  eventName: z.string(),
  errorCode: z.string().optional(),
  requestID: z.string(),
  eventID: z.string(),
  readOnly: z.boolean(),
  managementEvent: z.boolean(),
  recipientAccountId: z.string(),
  sourceIPAddress: z.string(),
  requestParameters: z.record(z.string(), z.unknown()).nullable(),
  additionalEventData: additionalSchema.optional(),
  resources: z.array(resourceSchema).optional(),
});
export type TrailEvent = Readonly<z.output<typeof eventSchema>>;

/** As it stands in a record that is being written. */
export const parseIdentity = (text: string): TrailEvent["userIdentity"] =>
  identitySchema.parse(JSON.parse(text));

/** Undefined for a text that is no record of ours. */
export function parseEvent(text: Uint8Array): TrailEvent | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(Buffer.from(text).toString("utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** An event id of ours holds the milliseconds. */
export const eventMs = ({ eventID, eventTime }: TrailEvent): number =>
  eventIdMs(eventID) ?? (Date.parse(eventTime) || 0);

export const isIntent = (event: TrailEvent): boolean => event.additionalEventData?.phase === "intent";

export function userNameOf({ userIdentity }: Pick<TrailEvent, "userIdentity">): string {
  const { type, userName, principalId = "" } = userIdentity;
  if (userName !== undefined) return userName;
  if (type === "Root") return "root";
  return type === "AssumedRole" ? principalId.slice(principalId.indexOf(":") + 1) : "";
}
