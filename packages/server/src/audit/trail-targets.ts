/** Where exports are meant to be uploaded, as DescribeTrails tells it: one row for each trail's name. */
import { z } from "zod";
import { IntegrityError } from "../base/errors.ts";
import { msgpackCodec } from "../store/codec.ts";
import type { Records } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";

const schema = z.strictObject({
  name: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  /** The account whose bucket of this store it is, as the operator said. Absent: a bucket of some other store, whatever is called so here. */
  owner: z.string().exactOptional(),
});
export type TrailTarget = Readonly<z.output<typeof schema>>;
const codec = msgpackCodec<TrailTarget>(1, (body) => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new IntegrityError("the target of an export has an unknown shape");
  return parsed.data;
});
const TABLE = "audit";
const FROM = new TextEncoder().encode("t");
const TO = new TextEncoder().encode("u");
const TARGETS_MAX = 100;

export async function trailTargets(records: Records): Promise<readonly TrailTarget[]> {
  const { rows } = await records.store.scan({ table: TABLE, from: FROM, to: TO, limit: TARGETS_MAX });
  return Promise.all(rows.map(async (row) => (await records.open(codec, TABLE, row, false)).value));
}

/** The last one of a name counts. */
export async function noteTarget(records: Records, target: TrailTarget): Promise<void> {
  const key = new TextEncoder().encode(`t${target.name}`);
  await commitSettled(records.store, { put: [records.seal(codec, TABLE, key, target)] });
}
