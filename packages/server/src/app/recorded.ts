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
}

/** Throws ServiceUnavailable, and does nothing, where the trail can't be written. */
export async function recorded<T>(
  { audit: { recorder, trail }, settings }: Pick<Engine, "audit" | "settings">,
  { name, what, work, outcome }: Recorded<T>,
): Promise<T> {
  const record = async (details: Details): Promise<void> => {
    if (recorder === undefined) return;
    await trail.durable(recorder.service(name, SYSTEM, settings.account, { ...what, ...details }, []));
  };
  await record({ phase: "intent" });
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Its text may hold anything. That it failed is what the caller must hear of, whatever becomes of the record.
    await record({ ...outcome(undefined), error: nameOf(error) }).catch(() => undefined);
    throw error;
  }
  await record(outcome(result));
  return result;
}

const nameOf = (error: unknown): string =>
  error instanceof ServiceError ? error.code : error instanceof Error ? error.name : "Error";

const NAMES_MAX = 500;

/** A record has an end: of very many names the first ones, and how many there are. */
export const someNames = (names: readonly string[]): readonly string[] =>
  names.length <= NAMES_MAX ? names : [...names.slice(0, NAMES_MAX), `and ${names.length - NAMES_MAX} more`];
