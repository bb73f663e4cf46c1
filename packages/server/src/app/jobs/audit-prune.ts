/** `strongroom audit prune --older-than AGE`: removes old segments; signed checkpoints say what is gone (docs/operations/audit.md). */
import { pruneAudit } from "../audit.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { counted } from "../evidence/text.ts";
import { momentOf } from "./audit-times.ts";
import type { JobInput, JobOutput } from "./job.ts";

export async function auditPrune(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const beforeMs = momentOf(options, "older-than", engine.clock.now());
  if (beforeMs === undefined) throw new UsageError("audit prune: say --older-than, an age or a time");
  const dryRun = options.has("dry-run");
  const { prunings, damaged } = await pruneAudit(engine, beforeMs, "command", dryRun);
  const segments = prunings.reduce((sum, pruning) => sum + pruning.segments, 0);
  const records = prunings.reduce((sum, pruning) => sum + pruning.records, 0);
  if (options.has("json")) output.out(JSON.stringify({ dryRun, segments, records, prunings, damaged }));
  else {
    const verb = dryRun ? "would be removed" : "removed";
    output.out(`${counted(segments, "segment")} with ${counted(records, "record")} ${verb}.`);
    for (const stream of damaged)
      output.err(`Stream ${stream} is damaged where it is old, and stays: run strongroom audit verify`);
  }
  return damaged.length === 0 ? 0 : 1;
}
