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

/** What was noted last; undefined before the first time. */
export async function notedSettings(records: Records): Promise<NotedSettings | undefined> {
  return (await records.get(codec, TABLE, KEY))?.value;
}

/** INVARIANT: how they differ from what was noted before stands in the trail, durably, if there is one. */
export async function noteSettings(records: Records, present: NotedSettings): Promise<void> {
  await commitSettled(records.store, { put: [records.seal(codec, TABLE, KEY, present)] });
}
