/**
 * What the operator's side changes (the bootstrap file, root credentials, commands) on record: an intent that is durable
 * before anything happens, and the outcome before anybody hears of it.
 */
import { SYSTEM } from "../audit/event.ts";
import { ServiceError } from "../base/errors.ts";
import type { Engine } from "./engine.ts";

/** Names and numbers, no secrets: auditors read them. */
export type Details = Readonly<Record<string, unknown>>;

export interface Recorded<T> {
  readonly name: string;
  /** Stands in both records. */
  readonly what: Details;
  readonly work: () => Promise<T>;
  /** What came of it; `undefined` if it failed halfway. */
  readonly outcome: (result: T | undefined) => Details;
  /** Takes back what nobody will hear of, since the outcome can't be recorded. */
  readonly undo?: (result: T) => Promise<void>;
}

/** Throws ServiceUnavailable, and does nothing, where the trail can't be written. */
export async function recorded<T>(
  { audit: { recorder, trail }, settings }: Pick<Engine, "audit" | "settings">,
  { name, what, work, outcome, undo }: Recorded<T>,
): Promise<T> {
  const record = async (details: Details, intent = false): Promise<void> => {
    if (recorder === undefined) return;
    const all = { ...what, ...details };
    await trail.durable(recorder.service(name, SYSTEM, settings.account, all, [], intent));
  };
  await record({ phase: "intent" }, true);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Its text may hold anything. That it failed is what the caller must hear of, whatever becomes of the record.
    await record({ ...outcome(undefined), error: nameOf(error) }).catch(() => undefined);
    throw error;
  }
  try {
    await record(outcome(result));
  } catch (error) {
    if (undo === undefined) throw error;
    await undo(result);
    // The outcome may still be written, once the trail can be: then this stands behind it.
    void record({ ...outcome(result), takenBack: true }).catch(() => undefined);
    throw error;
  }
  return result;
}

const nameOf = (error: unknown): string =>
  error instanceof ServiceError ? error.code : error instanceof Error ? error.name : "Error";

/** Far below what a record's details may have in all (audit/allow.ts). */
const NAMES_CHARS_MAX = 16 * 1024;

/** A record has an end: of very many names the first ones, and how many more there are. */
export function someNames(names: readonly string[]): readonly string[] {
  let chars = 0;
  const shown = names.findIndex((name) => (chars += name.length) > NAMES_CHARS_MAX);
  return shown < 0 ? names : [...names.slice(0, shown), `and ${names.length - shown} more`];
}
