/**
 * `strongroom audit verify | query | export`: the trail read by whoever may run commands on the data directory. It holds
 * the root key anyway; that it was read stands in the trail, too.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseCheckpoint, printCheckpoint, type SignedCheckpoint } from "../../audit/checkpoint.ts";
import { ensureDigestKey } from "../../audit/digest-key.ts";
import { exportTrail } from "../../audit/export.ts";
import { TrailReader } from "../../audit/reader.ts";
import { verifyTrail } from "../../audit/verify.ts";
import { parseBucketName } from "../../base/ids.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { auditQuery } from "./audit-query.ts";
import { momentOf } from "./audit-times.ts";
import type { Job, JobInput, JobOutput } from "./job.ts";

type Options = JobInput["options"];
export const textOption = (options: Options, name: string): string | undefined => {
  const value = options.get(name);
  return value === undefined || value === true ? undefined : value[0];
};

export const audit: Job = async (engine, input, output) => {
  switch (input.args[0] ?? "") {
    case "verify":
      return verify(engine, input, output);
    case "query":
      await noteReading(engine, "AuditQuery", input.options);
      return auditQuery(engine, input, output);
    case "export":
      await noteReading(engine, "AuditExport", input.options);
      return exportFiles(engine, input, output);
    default:
      throw new UsageError("audit: say verify, query or export");
  }
};

/** Before anything is read. */
async function noteReading(engine: Engine, name: string, options: Options): Promise<void> {
  const { recorder, trail } = engine.audit;
  if (recorder === undefined) return;
  const said = Object.fromEntries([...options].map(([k, v]) => [k, v === true ? "true" : v.join(",")]));
  await trail.durable(
    recorder.service(name, "cloudtrail", engine.settings.account, { by: "command", ...said }, []),
  );
}

async function verify(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const paths = options.get("checkpoint");
  const outside = paths === undefined || paths === true ? [] : paths.flatMap(readCheckpoints);
  const { files, ledger, seedOf, publicKeyOf } = engine.audit;
  const result = await verifyTrail({ files, ledger, seedOf, publicKeyOf, outside });
  const { newest, problems, ...counts } = result;
  const line = newest === undefined ? undefined : printCheckpoint(newest);
  if (options.has("json")) {
    output.out(JSON.stringify({ ...counts, problems, ...(line === undefined ? {} : { checkpoint: line }) }));
    return problems.length === 0 ? 0 : 1;
  }
  for (const { kind, stream, seq, segment, detail } of problems) {
    const place = segment === undefined ? "" : ` (segment ${segment})`;
    output.out(`${kind}: ${stream} record ${seq}${place}: ${detail}`);
  }
  output.out(
    `${counts.records} records in ${counts.streams} streams, ${counts.checkpoints} checkpoints; ${counts.unsigned} records since the last checkpoints, ${counts.open} streams open.`,
  );
  output.out(
    problems.length === 0
      ? "The trail is whole and as it was written."
      : `The trail is damaged: ${problems.length} findings.`,
  );
  if (line !== undefined) {
    output.out("Newest checkpoint; keep it elsewhere and give it to --checkpoint later:");
    output.out(line);
  }
  return problems.length === 0 ? 0 : 1;
}

/** One checkpoint a line. */
function readCheckpoints(path: string): readonly SignedCheckpoint[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`--checkpoint: ${path} can't be read`, { cause });
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const parsed = parseCheckpoint(line);
    if (parsed === undefined)
      throw new UsageError(`--checkpoint: ${path} holds a line that is no checkpoint`);
    return parsed;
  });
}

async function exportFiles(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const { files, seedOf } = engine.audit;
  const nowMs = engine.clock.now();
  const out = textOption(options, "out");
  const bucket = textOption(options, "for-bucket");
  if (out === undefined || bucket === undefined)
    throw new UsageError("audit export: name --out DIR and --for-bucket, the bucket the files will lie in");
  const prefix = textOption(options, "prefix");
  const reader = new TrailReader(files, seedOf);
  const groups = await reader.groups({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, terms: [] });
  const oldestMs = groups.reduce((ms, group) => Math.min(ms, group.firstMs), nowMs);
  const done = await exportTrail(
    {
      reader,
      key: await ensureDigestKey(engine.records, nowMs),
      directory: resolve(out),
      region: engine.settings.region,
      bucket: parseBucketName(bucket),
      prefix: prefix === undefined ? "" : `${prefix.replace(/\/$/, "")}/`,
      trail: textOption(options, "trail") ?? "strongroom",
      account: engine.settings.account,
      fromMs: momentOf(options, "since", nowMs) ?? oldestMs,
      toMs: momentOf(options, "until", nowMs) ?? nowMs,
    },
    ({ records, digests }) => output.progress(`${records} records, ${digests} hours`),
  );
  if (options.has("json")) output.out(JSON.stringify(done));
  else {
    output.out(`${done.records} records in ${done.files} files, ${done.digests} digests in ${out}`);
    output.out("files.jsonl names each file with the metadata it must be uploaded with.");
  }
  return 0;
}
