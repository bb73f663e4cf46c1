/** The settings that a server last ran under, kept to tell a change: one sealed row, without secrets. */
import { z } from "zod";
import { IntegrityError } from "../base/errors.ts";
import { msgpackCodec } from "../store/codec.ts";
import type { Records } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";

/** JSON texts by name. */
export type NotedSettings = Readonly<Record<string, string>>;
const schema = z.record(z.string(), z.string());
const codec = msgpackCodec<NotedSettings>(1, (body) => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new IntegrityError("the noted settings have an unknown shape");
  return parsed.data;
});
const TABLE = "audit";
const KEY = new TextEncoder().encode("g");

/** Notes the present ones. Returns what was noted before; undefined at the first time. */
export async function noteSettings(
  records: Records,
  present: NotedSettings,
): Promise<NotedSettings | undefined> {
  const before = (await records.get(codec, TABLE, KEY))?.value;
  const same =
    before !== undefined &&
    Object.keys({ ...before, ...present }).every((name) => before[name] === present[name]);
  if (!same) await commitSettled(records.store, { put: [records.seal(codec, TABLE, KEY, present)] });
  return before;
}
