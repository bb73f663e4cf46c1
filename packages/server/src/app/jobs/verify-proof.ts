/** `strongroom audit verify --proof FILE --public-key KEY`: needs neither store nor server, only the store's public key. */
import { checkProof } from "../../audit/prove.ts";
import { UsageError } from "../config.ts";
import type { OfflineJob } from "./job.ts";
import { publicKeysGiven, readSigned } from "./signed-files.ts";

const COMMAND = "audit verify --proof";

export const verifyProof: OfflineJob = ({ options }, output) => {
  const path = options.get("proof");
  if (path === undefined || path === true) throw new UsageError(`${COMMAND}: name the proof's file`);
  const check = checkProof(readSigned(path[0] ?? "", COMMAND), publicKeysGiven(options, COMMAND));
  if (check.kind === "invalid") {
    if (options.has("json")) output.out(JSON.stringify(check));
    else output.err(`INVALID: ${check.why}.`);
    return Promise.resolve(1);
  }
  const { store, n, stream, timeMs, key } = check.checkpoint.statement;
  const signed = new Date(timeMs).toISOString();
  if (options.has("json"))
    output.out(
      JSON.stringify({
        kind: "valid",
        store,
        stream,
        seq: check.seq,
        checkpoint: n,
        signed,
        key,
        event: check.text,
      }),
    );
  else {
    output.out(
      `VALID: record ${check.seq} of stream ${stream}, signed ${signed} by store ${store} (checkpoint ${n}, key ${key}).`,
    );
    output.out(check.text);
  }
  return Promise.resolve(0);
};
