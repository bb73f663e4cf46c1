/** `strongroom audit export`: CloudTrail's log and digest files, for validators and SIEM tools (docs/operations/audit.md). */
import { resolve } from "node:path";
import { ensureDigestKey } from "../../audit/digest-key.ts";
import { exportTrail } from "../../audit/export.ts";
import { noteTarget } from "../../audit/trail-targets.ts";
import { parseBucketName } from "../../base/ids.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { momentOf } from "./audit-times.ts";
import type { JobInput, JobOutput } from "./job.ts";

/** As CloudTrail has them; they stand in paths and ARNs. */
const TRAIL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$/;

export async function auditExport(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const text = (name: string): string | undefined => {
    const value = options.get(name);
    return value === undefined || value === true ? undefined : value[0];
  };
  const nowMs = engine.clock.now();
  const out = text("out");
  const bucket = text("for-bucket");
  if (out === undefined || bucket === undefined)
    throw new UsageError("audit export: name --out DIR and --for-bucket, the bucket the files will lie in");
  if (options.has("until")) throw new UsageError("audit export: goes as far as the trail does; no --until");
  const name = text("trail") ?? "strongroom";
  if (!TRAIL_NAME.test(name)) throw new UsageError("--trail: 3 to 128 letters, digits, . _ -");
  const prefix = (text("prefix") ?? "").replace(/\/+$/, "");
  const bucketName = parseBucketName(bucket);
  const owner = text("bucket-owner");
  if (owner !== undefined && (await engine.buckets.find(bucketName))?.owner !== owner)
    throw new UsageError(`--bucket-owner: ${bucket} is no bucket of account ${owner} in this store`);
  const { files, seedOf, ledger } = engine.audit;
  const { region, account } = engine.settings;
  const done = await exportTrail(
    {
      files,
      seedOf,
      ledger,
      key: await ensureDigestKey(engine.records, nowMs),
      directory: resolve(out),
      region,
      bucket: bucketName,
      prefix: prefix === "" ? "" : `${prefix}/`,
      trail: name,
      account,
      fromMs: momentOf(options, "since", nowMs) ?? 0,
      nowMs,
    },
    ({ records }) => output.progress(`${records} records`),
  );
  await noteTarget(engine.records, { name, bucket, prefix, ...(owner === undefined ? {} : { owner }) });
  if (options.has("json")) output.out(JSON.stringify(done));
  else {
    output.out(`${done.records} records in ${done.files} files, ${done.digests} digests in ${out}`);
    output.out("files.jsonl names each file with the metadata it must be uploaded with.");
    if (done.missed > 0) output.err(`${done.missed} records had been pruned before they were exported.`);
    for (const { stream, seq, kind } of done.problems)
      output.err(`Stream ${stream} is damaged at record ${seq} (${kind}): run strongroom audit verify`);
  }
  return done.problems.length === 0 ? 0 : 1;
}
