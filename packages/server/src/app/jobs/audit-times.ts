/** Times as people say them: `2026-03-01`, `2026-03-01T10:15:00Z`, or an age: `30m`, `12h`, `7d`. */
import { UsageError } from "../config.ts";
import type { JobInput } from "./job.ts";

const AGES = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function momentOf(options: JobInput["options"], name: string, nowMs: number): number | undefined {
  const value = options.get(name);
  if (value === undefined || value === true) return undefined;
  const text = value[0] ?? "";
  const age = /^([0-9]{1,6})([mhd])$/.exec(text);
  if (age !== null) {
    const unit = age[2];
    return nowMs - Number(age[1]) * (unit === "m" || unit === "h" || unit === "d" ? AGES[unit] : 0);
  }
  const ms = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(`--${name}: a time (2026-03-01T10:15:00Z) or an age (30m, 12h, 7d)`);
  return ms;
}
