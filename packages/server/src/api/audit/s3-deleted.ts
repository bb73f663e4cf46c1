/** What DeleteObjects tells of its keys: each with its result, in as many records as they need. */
import { TRAIL_FIELD_CHARS_MAX } from "../../base/limits.ts";
import type { Outcome } from "../common/ports.ts";

interface DeletedKey {
  readonly key: string;
}
/** What DeleteObjects tells of each key, and nothing else under that name. */
const keysOf = ({ details }: Outcome): readonly DeletedKey[] | undefined => {
  const keys = details?.["keys"];
  return Array.isArray(keys) && keys.every(isDeletedKey) ? keys : undefined;
};
const isDeletedKey = (value: unknown): value is DeletedKey =>
  typeof value === "object" && value !== null && "key" in value && typeof value.key === "string";
export const deletedIn = (outcome: Outcome | undefined): readonly string[] | undefined =>
  outcome?.details === undefined ? undefined : keysOf(outcome)?.map(({ key }) => key);

/** A record takes so much of one field; a thousand long keys go into several records of the one request. */
const KEYS_CHARS_MAX = TRAIL_FIELD_CHARS_MAX - 4096;
export function partsOf(outcome: Outcome): readonly Outcome[] {
  const parts: DeletedKey[][] = [[]];
  let chars = 0;
  for (const key of keysOf(outcome) ?? []) {
    const size = JSON.stringify(key).length + 1;
    if (chars + size > KEYS_CHARS_MAX) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)?.push(key);
    chars += size;
  }
  if (parts.length === 1) return [outcome];
  return parts.map((keys, i) => ({
    ...outcome,
    details: { ...outcome.details, keys, keysPart: i + 1, keysParts: parts.length },
  }));
}
