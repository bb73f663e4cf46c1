/** What LookupEvents takes (CloudTrail API model 2013-11-01). Anything else is a ValidationException, as elsewhere. */
import { z } from "zod";
import { fail } from "../../base/errors.ts";

export const ATTRIBUTES = [
  "EventId",
  "EventName",
  "ReadOnly",
  "Username",
  "ResourceType",
  "ResourceName",
  "EventSource",
  "AccessKeyId",
] as const;

const lookupSchema = z.strictObject({
  /** AWS takes one attribute at most. */
  LookupAttributes: z
    .array(z.strictObject({ AttributeKey: z.enum(ATTRIBUTES), AttributeValue: z.string().min(1).max(2000) }))
    .max(1)
    .optional(),
  StartTime: z.number().optional(),
  EndTime: z.number().optional(),
  EventCategory: z.literal("insight").optional(),
  MaxResults: z.number().int().min(1).max(50).optional(),
  NextToken: z.string().optional(),
});
export type Lookup = z.output<typeof lookupSchema>;

const keysSchema = z.strictObject({
  StartTime: z.number().optional(),
  EndTime: z.number().optional(),
  NextToken: z.string().optional(),
});

const trailsSchema = z.strictObject({
  trailNameList: z.array(z.string()).max(100).optional(),
  includeShadowTrails: z.boolean().optional(),
});

function read<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // Paths only: the value may be anything.
  const path = parsed.error.issues[0]?.path.join(".") ?? "";
  return fail("ValidationException", path === "" ? "The input is not valid." : `${path} is not valid.`);
}

export const readLookup = (body: unknown): Lookup => read(lookupSchema, body);
export const readKeysRequest = (body: unknown): z.output<typeof keysSchema> => read(keysSchema, body);
export const readTrailsRequest = (body: unknown): z.output<typeof trailsSchema> => read(trailsSchema, body);
