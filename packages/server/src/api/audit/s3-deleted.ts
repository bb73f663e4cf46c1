/** What DeleteObjects tells of its keys: each with its result, in as many records as they need. */
import { TRAIL_FIELD_CHARS_MAX } from "../../base/limits.ts";
import type { OutcomeEvent } from "../common/ports.ts";

interface DeletedKey {
  readonly key: string;
}
/** What DeleteObjects tells of each key, and nothing else under that name. */
const keysOf = ({ details }: OutcomeEvent): readonly DeletedKey[] | undefined => {
  const keys = details?.["keys"];
  return Array.isArray(keys) && keys.every(isDeletedKey) ? keys : undefined;
};
const isDeletedKey = (value: unknown): value is DeletedKey =>
  typeof value === "object" && value !== null && "key" in value && typeof value.key === "string";
export const deletedIn = (event: OutcomeEvent): readonly string[] | undefined =>
  event.details === undefined ? undefined : keysOf(event)?.map(({ key }) => key);

/** A record takes so much of one field; a thousand long keys go into several records of the one request. */
const KEYS_CHARS_MAX = TRAIL_FIELD_CHARS_MAX - 4096;
export function partsOf(event: OutcomeEvent): readonly OutcomeEvent[] {
  const parts: DeletedKey[][] = [[]];
  let chars = 0;
  for (const key of keysOf(event) ?? []) {
    const size = JSON.stringify(key).length + 1;
    if (chars + size > KEYS_CHARS_MAX) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)?.push(key);
    chars += size;
  }
  if (parts.length === 1) return [event];
  return parts.map((keys, i) => ({
    ...event,
    details: { ...event.details, keys, keysPart: i + 1, keysParts: parts.length },
  }));
}
