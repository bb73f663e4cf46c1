/** Start and end of a server on record: that the root key opened the store, and under which settings it runs now. */
import { SYSTEM } from "../audit/event.ts";
import { type NotedSettings, notedSettings, noteSettings } from "../audit/noted-settings.ts";
import type { Engine } from "./engine.ts";
import type { Settings } from "./settings.ts";
import { VERSION } from "./version.ts";

type Parts = Pick<Engine, "audit" | "keyrings" | "records" | "settings">;

/**
 * Once a server, before it answers anybody. A change of settings is noted once its record is durable: a start that is cut
 * off in between is told again by the next one. Without a trail they are only noted: the next start that has one tells
 * that it was off. Throws ServiceUnavailable while the trail can't be written; the next start tells then, too.
 */
export async function recordStart(engine: Parts): Promise<void> {
  const { keyrings, records, settings } = engine;
  const present = shown(settings);
  const before = await notedSettings(records);
  const source = keyrings.provider.name.split(":")[0] ?? "";
  const details = { source, rootKeyGeneration: keyrings.current().rootGeneration, version: VERSION };
  record(engine, "Unseal", details);
  const changed = before === undefined ? {} : changes(before, present);
  const isChanged = Object.keys(changed).length > 0;
  if (isChanged) {
    const ticket = record(engine, "ConfigChange", { changed });
    if (ticket !== undefined) await engine.audit.trail.durable(ticket);
  }
  if (before === undefined || isChanged) await noteSettings(records, present);
}

/** The last record of a server that ends in order. */
export function recordEnd(engine: Parts): void {
  record(engine, "Seal", {});
}

/** The ticket to wait with. */
function record({ audit, settings }: Parts, name: string, details: unknown): number | undefined {
  return audit.recorder?.service(name, SYSTEM, settings.account, details, []);
}

/** Nobody's business, not even the auditors'. */
const SECRET: ReadonlySet<string> = new Set(["rootAccessKeyId", "rootSecretAccessKey"]);

function shown(settings: Settings): NotedSettings {
  const entries = Object.entries(settings).filter(
    ([name, value]) => !SECRET.has(name) && value !== undefined,
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, JSON.stringify(value)]));
}

function changes(
  before: NotedSettings,
  now: NotedSettings,
): Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>> {
  const names = Object.keys({ ...before, ...now }).filter((name) => before[name] !== now[name]);
  return Object.fromEntries(
    names.map((name) => [name, { from: parsed(before[name]), to: parsed(now[name]) }]),
  );
}
const parsed = (text: string | undefined): unknown => (text === undefined ? null : JSON.parse(text));
