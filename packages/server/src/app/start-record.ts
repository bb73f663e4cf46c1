/** Start and end of a server on record: that the root key opened the store, and under which settings it runs now. */
import { SYSTEM } from "../audit/event.ts";
import { noteSettings, type NotedSettings } from "../audit/noted-settings.ts";
import type { Engine } from "./engine.ts";
import type { Settings } from "./settings.ts";
import { VERSION } from "./version.ts";

type Parts = Pick<Engine, "audit" | "keyrings" | "records" | "settings">;

/** Once a server, before it answers anybody; written within a moment. Without the trail only the settings are noted: the next start tells. */
export async function recordStart(engine: Parts): Promise<void> {
  const { keyrings, records, settings } = engine;
  const present = shown(settings);
  const before = await noteSettings(records, present);
  const source = keyrings.provider.name.split(":")[0] ?? "";
  const details = { source, rootKeyGeneration: keyrings.current().rootGeneration, version: VERSION };
  record(engine, "Unseal", details);
  const changed = before === undefined ? {} : changes(before, present);
  if (Object.keys(changed).length > 0) record(engine, "ConfigChange", { changed });
}

/** The last record of a server that ends in order. */
export function recordEnd(engine: Parts): void {
  record(engine, "Seal", {});
}

function record({ audit, settings }: Parts, name: string, details: unknown): void {
  audit.recorder?.service(name, SYSTEM, settings.account, details, []);
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
