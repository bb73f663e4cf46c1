/**
 * LookupEvents: management records of the caller's account, newest first, as `aws cloudtrail lookup-events` shows them.
 * Data events (single objects) are not among them, as on AWS; `strongroom audit query` has all.
 */
import { type Found, newest, type Position, positionOf, type Question } from "../../audit/query.ts";
import type { TrailReader } from "../../audit/reader.ts";
import { userNameOf } from "../../audit/trail-event.ts";
import { fail } from "../../base/errors.ts";
import type { Tokens } from "../../store/tokens.ts";
import type { Lookup } from "./input.ts";

const PAGE_MAX = 50;
const TOKEN = "LookupEvents";

export async function lookupEvents(
  parts: { readonly reader: TrailReader; readonly tokens: Tokens; readonly account: string },
  input: Lookup,
): Promise<unknown> {
  const { reader, tokens, account } = parts;
  if (input.EventCategory !== undefined) return { Events: [] };
  if (input.StartTime !== undefined && input.EndTime !== undefined && input.StartTime > input.EndTime)
    fail("ValidationException", "StartTime is after EndTime.");
  const question = { ...questionOf(input), account };
  const limit = input.MaxResults ?? PAGE_MAX;
  const scope = JSON.stringify(question);
  const before = input.NextToken === undefined ? undefined : openToken(tokens, input.NextToken, scope);
  const page = await newest(reader, question, limit + 1, before);
  const events = page.slice(0, limit);
  const more = page.length > limit ? events.at(-1) : undefined;
  return {
    Events: events.map(eventOf),
    ...(more === undefined ? {} : { NextToken: sealToken(tokens, positionOf(more), scope) }),
  };
}

function questionOf({ LookupAttributes, StartTime, EndTime }: Lookup): Question {
  const [attribute] = LookupAttributes ?? [];
  return {
    management: true,
    ...(StartTime === undefined ? {} : { fromMs: Math.floor(StartTime * 1000) }),
    ...(EndTime === undefined ? {} : { toMs: Math.floor(EndTime * 1000) + 999 }),
    ...(attribute === undefined ? {} : attributeQuestion(attribute.AttributeKey, attribute.AttributeValue)),
  };
}

function attributeQuestion(
  key: NonNullable<Lookup["LookupAttributes"]>[number]["AttributeKey"],
  value: string,
): Question {
  switch (key) {
    case "EventId":
      return { eventId: value };
    case "EventName":
      return { events: [value] };
    case "ReadOnly":
      return { readOnly: value === "true" };
    case "Username":
      return { user: value };
    case "ResourceType":
      return { resourceType: value };
    case "ResourceName":
      return { resourceName: value };
    case "EventSource":
      return { source: value.replace(/\.amazonaws\.com$/, "") };
    case "AccessKeyId":
      return { accessKey: value };
  }
}

function eventOf({ event, text, timeMs }: Found): unknown {
  const { accessKeyId } = event.userIdentity;
  const user = userNameOf(event);
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    ...(accessKeyId === undefined ? {} : { AccessKeyId: accessKeyId }),
    EventTime: Math.floor(timeMs / 1000),
    EventSource: event.eventSource,
    ...(user === "" ? {} : { Username: user }),
    Resources: (event.resources ?? []).map(({ type, ARN }) => ({ ResourceType: type, ResourceName: ARN })),
    CloudTrailEvent: text,
  };
}

/** A token goes on with the question that it came from, and no other. */
function sealToken(tokens: Tokens, { timeMs, eventId }: Position, scope: string): string {
  return tokens.seal(TOKEN, JSON.stringify([timeMs, eventId, scope]));
}

function openToken(tokens: Tokens, token: string, scope: string): Position {
  const text = tokens.tryOpen(TOKEN, token);
  const parts: unknown = text === undefined ? undefined : JSON.parse(text);
  if (
    !Array.isArray(parts) ||
    typeof parts[0] !== "number" ||
    typeof parts[1] !== "string" ||
    parts[2] !== scope
  )
    return fail("ValidationException", "NextToken is not one of this request.");
  return { timeMs: parts[0], eventId: parts[1] };
}
