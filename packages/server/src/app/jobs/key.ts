/** `strongroom key …`: what depends on a KMS key, and the certificate that it was destroyed (docs/operations/evidence.md). */
import { setImmediate } from "node:timers/promises";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { findKey } from "../evidence/find-key.ts";
import { issueCertificate, signingKeys } from "../evidence/issue.ts";
import { keyReport } from "../evidence/key-report.ts";
import { reportText } from "../evidence/report-text.ts";
import { noteReading } from "./audit-note.ts";
import type { Job, JobInput, JobOutput } from "./job.ts";
import { OutFile } from "./out-file.ts";
import { Progress } from "./progress.ts";

export const key: Job = (engine, input, output) => {
  const [action, name] = input.args;
  if (action === "public-key") return publicKey(engine, input, output);
  if (action !== "report" && action !== "certificate")
    throw new UsageError("key: the actions are report, certificate, public-key and verify-certificate");
  if (name === undefined) throw new UsageError(`key ${action}: name the key by id, ARN or alias`);
  return action === "report" ? report(engine, name, input, output) : certificate(engine, name, input, output);
};

async function report(
  engine: Engine,
  name: string,
  { options }: JobInput,
  output: JobOutput,
): Promise<number> {
  const found = await findKey(engine, name);
  await noteReading(engine, "AuditQuery", options, { report: found.arn });
  const { store } = engine;
  const rows =
    store.rowCount("head") + store.rowCount("marker") + store.rowCount("version") + store.rowCount("upload");
  const progress = new Progress(output, rows);
  let done = 0;
  const made = await keyReport(engine, found, async ({ looked, uploads }) => {
    progress.step("versions", 0, looked + uploads - done);
    done = looked + uploads;
    // A turn of the event loop a page, as for an inventory: memory stays flat.
    await setImmediate();
  });
  if (options.has("json")) output.out(JSON.stringify(made));
  else for (const line of reportText(made)) output.out(line);
  return 0;
}

async function certificate(
  engine: Engine,
  name: string,
  { options }: JobInput,
  output: JobOutput,
): Promise<number> {
  const issued = await issueCertificate(engine, await findKey(engine, name));
  if ("refused" in issued) {
    output.err(`key certificate: ${issued.refused}.`);
    return 1;
  }
  const out = options.get("out");
  if (out === undefined || out === true) {
    output.out(issued.file.trimEnd());
    return 0;
  }
  const path = out[0] ?? "";
  using file = new OutFile(path);
  file.write(issued.file);
  file.finish();
  const { certificate: signed } = issued;
  output.out(
    options.has("json")
      ? JSON.stringify({ file: path, signingKey: signed.signingKey })
      : `${path}: ${signed.key.arn}, destroyed ${signed.destroyed.at}, signed with ${signed.signingKey}.`,
  );
  if (signed.dependents === null)
    output.err("What depended on the key is not counted yet; a later certificate says it.");
  return 0;
}

function publicKey(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const keys = signingKeys(engine);
  if (options.has("json")) output.out(JSON.stringify({ publicKeys: keys }));
  else for (const line of keys) output.out(line);
  return Promise.resolve(0);
}
