/**
 * `strongroom rewrap`: everything that the store's own keys seal, to their newest terms: records, epoch keys, key
 * material. With `--bucket NAME --new-epoch` a bucket's objects go to a new epoch key. Only keys and records are written
 * anew; no object's data is read. Each step is a compare-and-swap, so it runs beside a server, may be cut anywhere and
 * goes on where it was; run again without need it changes nothing.
 */
import { KEYRING_SETTLE_MS } from "../../base/limits.ts";
import { rewrapMaterials } from "../../kms/verify.ts";
import { resealEpochs } from "../../objects/rewrap.ts";
import { addTerm, type KeyringPurpose } from "../../store/keyring.ts";
import { type ResealPosition, resealRecords, RESEALED_TABLES } from "../../store/reseal.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { recorded } from "../recorded.ts";
import { HeldLease } from "./held-lease.ts";
import type { Job, JobInput, JobOutput } from "./job.ts";
import { Progress } from "./progress.ts";
import { removeOldTerms } from "./remove-terms.ts";
import { moveToNewEpoch } from "./rewrap-bucket.ts";
import { type RecordsProgress, recordsProgress } from "./rewrap-progress.ts";

/** The audit key signs; nothing is sealed under it. */
export const SEALING_PURPOSES: readonly KeyringPurpose[] = ["metadata", "service", "domain", "token"];
const PASSES_MAX = 20;

export interface RewrapCounts {
  records: number;
  epochs: number;
  materials: number;
  objects: number;
  removedTerms: number;
  /** Which old terms are still needed, and by what. */
  readonly kept: string[];
  /** Rows that others kept changing: a later run finds them. */
  left: number;
}

export const rewrap: Job = async (engine, input, output) => {
  const bucket = input.options.get("bucket");
  const newEpoch = input.options.has("new-epoch");
  if ((bucket === undefined) === newEpoch)
    throw new UsageError("rewrap: --bucket and --new-epoch go together");
  if (input.options.has("remove-old-terms") && input.beside)
    throw new UsageError(
      "rewrap: --remove-old-terms needs the server stopped: a process that holds an old key could still seal with it",
    );
  const lease = await HeldLease.take(
    engine.records,
    "rewrap",
    0,
    "rewrap: another rewrap is running, or was cut within the last minute; wait for its end, then run this again",
  );
  const counts: RewrapCounts = {
    records: 0,
    epochs: 0,
    materials: 0,
    objects: 0,
    removedTerms: 0,
    kept: [],
    left: 0,
  };
  const work = async (): Promise<void> => {
    if (input.options.has("new-terms")) await newTerms(engine);
    await settled(engine, input, output);
    const parts = { engine, output, lease, counts };
    if (Array.isArray(bucket)) await moveToNewEpoch(parts, String(bucket[0]), input.beside);
    else await toNewestTerms(parts);
    if (input.options.has("remove-old-terms")) await removeOldTerms(parts);
  };
  try {
    await recorded(engine, { name: "Rewrap", what: asked(input), work, outcome: () => ({ ...counts }) });
  } finally {
    await lease.release();
  }
  report(counts, input, output);
  return 0;
};

const asked = ({ options }: JobInput): Readonly<Record<string, unknown>> => ({
  newTerms: options.has("new-terms"),
  removeOldTerms: options.has("remove-old-terms"),
  ...(options.has("bucket") ? { bucket: [options.get("bucket")].flat()[0], newEpoch: true } : {}),
});

export interface Work {
  readonly engine: Engine;
  readonly output: JobOutput;
  readonly lease: HeldLease;
  readonly counts: RewrapCounts;
}

async function newTerms({ keyrings, store }: Engine): Promise<void> {
  for (const purpose of SEALING_PURPOSES) {
    const before = keyrings.current().current(purpose).term;
    const keyring = await addTerm(store, keyrings.current(), keyrings.roots(), purpose);
    keyrings.use(keyring);
    if (keyring.current(purpose).term === before)
      throw new Error(
        `the ${purpose} key got no new term, because the keyring changed meanwhile; run it again`,
      );
  }
}

/** Beside a server nothing is sealed under a term before every worker has had the time to hear of it. */
async function settled(engine: Engine, { beside }: JobInput, output: JobOutput): Promise<void> {
  const { keyrings, records } = engine;
  await keyrings.refresh();
  const added = SEALING_PURPOSES.filter((purpose) => keyrings.current().terms(purpose).length > 1);
  const newestMs = Math.max(0, ...added.map((purpose) => keyrings.current().current(purpose).createdMs));
  // Made by now, also where its date lies ahead of the clock.
  const waitMs = beside ? Math.min(newestMs + KEYRING_SETTLE_MS - Date.now(), KEYRING_SETTLE_MS) : 0;
  if (waitMs > 0) {
    output.progress(`waiting ${Math.ceil(waitMs / 1000)} s until every worker knows the new terms …`);
    await new Promise((done) => setTimeout(done, waitMs));
  }
  records.useKeyring(keyrings.current(), 0);
}

async function toNewestTerms(work: Work): Promise<void> {
  await records(work);
  const { engine, lease, counts } = work;
  for (let passes = 0, left = 1; left > 0 && passes < PASSES_MAX; passes++) {
    left = 0;
    let resealed = 0;
    for await (const step of resealEpochs(engine.objects.core)) {
      lease.requireHeld();
      left = step.missed;
      ({ resealed } = step);
    }
    counts.epochs += resealed;
    counts.left += left > 0 && passes === PASSES_MAX - 1 ? left : 0;
  }
  const domain = engine.keyrings.current().current("domain").term;
  for await (const rewrapped of rewrapMaterials(engine.kms, domain)) {
    lease.requireHeld();
    counts.materials += rewrapped;
  }
}

async function records({ engine, output, lease, counts }: Work): Promise<void> {
  const row = recordsProgress(engine.records);
  const term = engine.records.currentTerm;
  const saved = await row.load();
  let from = saved?.term === term ? positionOf(saved) : undefined;
  let missedBefore = saved?.term === term ? saved.missed : 0;
  const total = RESEALED_TABLES.reduce((sum, table) => sum + engine.store.rowCount(table), 0);
  for (let passes = 0; passes < PASSES_MAX; passes++) {
    const progress = new Progress(output, total);
    let missed = missedBefore;
    missedBefore = 0;
    for await (const step of resealRecords(engine.records, from)) {
      lease.requireHeld();
      counts.records += step.resealed;
      missed += step.missed;
      progress.step(`records (${step.table})`, 0, step.looked);
      if (step.resealed > 0) {
        const at = step.after === undefined ? {} : { after: step.after };
        await row.save({ term, table: step.table, ...at, missed });
      }
    }
    from = undefined;
    if (saved !== undefined || counts.records > 0) await row.clear();
    if (missed === 0) return;
    if (passes === PASSES_MAX - 1) counts.left += missed;
  }
}

/** Absent, not undefined. */
const positionOf = ({ table, after }: RecordsProgress): ResealPosition =>
  after === undefined ? { table } : { table, after };

function report(counts: RewrapCounts, { options }: JobInput, output: JobOutput): void {
  if (options.has("json")) return output.out(JSON.stringify(counts));
  const { records, epochs, materials, objects, removedTerms, kept, left } = counts;
  output.out(
    `sealed anew: ${records} records, ${epochs} epoch keys, ${materials} key materials; re-wrapped: ${objects} object versions; terms removed: ${removedTerms}.`,
  );
  for (const line of kept) output.out(line);
  if (left > 0) output.out(`${left} rows were in use the whole time; run it again later.`);
}
