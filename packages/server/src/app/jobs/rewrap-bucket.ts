/** `rewrap --bucket NAME --new-epoch`: the bucket's SSE-S3 and DSSE-KMS versions under a new epoch key. */
import { EPOCH_NEWEST_AGE_MS } from "../../base/limits.ts";
import { parseBucketName } from "../../base/ids.ts";
import { type RewrapProgress, rewrapBucket } from "../../objects/rewrap.ts";
import { UsageError } from "../config.ts";
import { Progress } from "./progress.ts";
import type { Work } from "./rewrap.ts";
import { bucketProgress } from "./rewrap-progress.ts";

const PASSES_MAX = 20;

export async function moveToNewEpoch(work: Work, name: string, beside: boolean): Promise<void> {
  const { engine, output, lease, counts } = work;
  const bucket = await engine.buckets.find(parseBucketName(name));
  if (bucket === undefined) throw new UsageError(`rewrap: there is no bucket ${JSON.stringify(name)}`);
  const row = bucketProgress(engine.records, bucket.id);
  const saved = await row.load();
  let resume: RewrapProgress | undefined = saved === undefined ? undefined : { ...plain(saved), done: false };
  const startedMs = Date.now();
  const total = engine.store.rowCount("head") + engine.store.rowCount("version");
  for (let passes = 0; passes < PASSES_MAX; passes++) {
    const passMs = Date.now();
    const progress = new Progress(output, total);
    let last: RewrapProgress | undefined;
    let looked = resume?.looked ?? 0;
    for await (const step of rewrapBucket(engine.objects.core, bucket, resume)) {
      lease.requireHeld();
      progress.step("object versions", 0, step.looked - looked);
      ({ looked } = step);
      last = step;
      const { done: _, ...position } = step;
      await row.save(position);
    }
    if (last === undefined) break;
    const before = resume?.rewrapped ?? 0;
    const nothing = last.rewrapped === before && last.missed === (resume?.missed ?? 0);
    counts.objects += last.rewrapped - before;
    // Others may wrap under the old epoch until they look for the newest again: a pass begun after that must find none.
    if (nothing && (!beside || passMs - startedMs > EPOCH_NEWEST_AGE_MS)) break;
    if (nothing)
      await new Promise((done) => setTimeout(done, EPOCH_NEWEST_AGE_MS - (passMs - startedMs) + 1));
    resume = { epoch: last.epoch, table: "head", looked: 0, rewrapped: 0, missed: 0, done: false };
  }
  await row.clear();
}

/** Absent, not undefined: the shape that the objects layer takes. */
function plain(saved: {
  readonly epoch: number;
  readonly table: "head" | "version";
  readonly after?: Uint8Array | undefined;
  readonly looked: number;
  readonly rewrapped: number;
  readonly missed: number;
}): Omit<RewrapProgress, "done"> {
  const { after, ...rest } = saved;
  return after === undefined ? rest : { ...rest, after };
}
