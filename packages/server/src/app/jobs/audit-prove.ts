/** `strongroom audit prove EVENT-ID`: a file that proves one record to whoever holds the store's public key. */
import { proveRecord } from "../../audit/prove.ts";
import { newest, positionOfId } from "../../audit/query.ts";
import { TrailReader } from "../../audit/reader.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import type { JobInput, JobOutput } from "./job.ts";

export async function auditProve(engine: Engine, { args }: JobInput, output: JobOutput): Promise<number> {
  const [, eventId] = args;
  if (eventId === undefined || positionOfId(eventId) === undefined)
    throw new UsageError("audit prove: name a record by its eventID");
  const { files, seedOf, ledger } = engine.audit;
  const reader = new TrailReader(files, seedOf);
  const [found] = await newest(reader, { eventId, intents: true }, 1);
  if (found === undefined) {
    output.err(`audit prove: there is no record ${eventId}.`);
    return 1;
  }
  const proven = await proveRecord({ files, seedOf, ledger }, found);
  if (proven.kind === "refused") {
    output.err(`audit prove: ${proven.why}.`);
    return 1;
  }
  output.out(proven.proof);
  return 0;
}
