/**
 * `strongroom audit verify | query | export | prove | prune`: the trail read by whoever may run commands on the data directory. It holds
 * the root key anyway; that it was read stands in the trail, too.
 */
import { readFileSync } from "node:fs";
import { parseCheckpoint, printCheckpoint, type SignedCheckpoint } from "../../audit/checkpoint.ts";
import type { PresentCounter } from "../../audit/list-counters.ts";
import { verifyTrail } from "../../audit/verify.ts";
import { grantsKeyOf } from "../../kms/grant-rows.ts";
import { reasonOf, UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { auditExport } from "./audit-export.ts";
import { auditProve } from "./audit-prove.ts";
import { auditPrune } from "./audit-prune.ts";
import { noteReading } from "./audit-note.ts";
import { auditQuery } from "./audit-query.ts";
import type { Job, JobInput, JobOutput } from "./job.ts";

export const audit: Job = async (engine, input, output) => {
  switch (input.args[0] ?? "") {
    case "verify":
      return verify(engine, input, output);
    case "query":
      await noteReading(engine, "AuditQuery", input.options);
      return auditQuery(engine, input, output);
    case "prove":
      await noteReading(engine, "AuditProve", input.options);
      return auditProve(engine, input, output);
    case "prune":
      return auditPrune(engine, input, output);
    case "export":
      await noteReading(engine, "AuditExport", input.options);
      return auditExport(engine, input, output);
    default:
      throw new UsageError("audit: say verify, query, export, prove or prune");
  }
};

async function verify(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const paths = options.get("checkpoint");
  const outside = paths === undefined || paths === true ? [] : paths.flatMap(readCheckpoints);
  const { files, ledger, seedOf, publicKeyOf } = engine.audit;
  const presentCounter = presentCounterOf(engine);
  const result = await verifyTrail({ files, ledger, seedOf, publicKeyOf, outside, presentCounter });
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
  if (counts.pruned > 0)
    output.out(`${counts.pruned} older records were pruned, as signed; ${counts.records} are kept.`);
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

/** Lists of grants end with their keys; every other list stays for good. */
function presentCounterOf({ counted, kms }: Engine): PresentCounter {
  return async (parent) => {
    const counter = await counted.counter(parent);
    const key = counter > 0 ? undefined : grantsKeyOf(parent);
    return key !== undefined && (await kms.rows.isGone(key.account, key.keyId)) ? undefined : counter;
  };
}

/** One checkpoint a line. */
function readCheckpoints(path: string): readonly SignedCheckpoint[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`--checkpoint: ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const parsed = parseCheckpoint(line);
    if (parsed === undefined)
      throw new UsageError(`--checkpoint: ${path} holds a line that is no checkpoint`);
    return parsed;
  });
}
