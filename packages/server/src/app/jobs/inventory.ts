/**
 * `strongroom inventory`: every object version with how it is encrypted. Columns of S3 Inventory under their names; ours
 * begin with `Strongroom`. A page of rows is in memory at a time; lines go out as they are made.
 */
import { parseBucketName } from "../../base/ids.ts";
import { UsageError } from "../config.ts";
import { COLUMNS, csvLine, InventoryRows } from "../evidence/inventory-rows.ts";
import { everyBucket, type NamedBucket } from "./bucket-names.ts";
import type { Job, JobOutput } from "./job.ts";
import { OutFile } from "./out-file.ts";
import { Progress } from "./progress.ts";

/** Lines that go to standard output at once. */
const BATCH_CHARS = 64 * 1024;

export const inventory: Job = async (engine, { options }, output) => {
  const json = options.has("json");
  if (json && options.has("csv")) throw new UsageError("inventory: --csv or --json, not both");
  const name = oneOf(options.get("bucket"));
  const only = name === undefined ? undefined : await engine.buckets.find(parseBucketName(name));
  if (name !== undefined && only === undefined)
    throw new UsageError(`inventory: there is no bucket ${JSON.stringify(name)}`);
  const out = oneOf(options.get("out"));
  using file = out === undefined ? undefined : new OutFile(out);
  const lines = file ?? new Batches(output);
  const { store } = engine;
  const total = store.rowCount("head") + store.rowCount("marker") + store.rowCount("version");
  const progress = new Progress(output, total);
  const rows = new InventoryRows(engine);
  let listed = 0;
  if (!json) lines.write(`${csvLine(COLUMNS)}\n`);
  const buckets: AsyncIterable<NamedBucket> | readonly NamedBucket[] =
    only === undefined ? everyBucket(engine) : [{ id: only.id, name: only.name }];
  for await (const bucket of buckets) {
    for await (const row of rows.of(bucket)) {
      lines.write(
        `${
          json
            ? JSON.stringify(row)
            : csvLine(
                COLUMNS.map((column) => textOf(row[column])),
                true,
              )
        }\n`,
      );
      listed++;
      progress.step("versions");
    }
  }
  lines.finish();
  if (out !== undefined) output.out(`${out}: ${listed} versions and delete markers`);
  if (rows.unreadable > 0)
    output.err(`${rows.unreadable} records could not be read and are not listed: run strongroom verify.`);
  return rows.unreadable === 0 ? 0 : 1;
};

const textOf = (value: string | number | boolean | undefined): string =>
  value === undefined ? "" : String(value);

const oneOf = (option: readonly string[] | true | undefined): string | undefined =>
  option === undefined || option === true ? undefined : option[0];

class Batches {
  readonly #output: JobOutput;
  #text = "";

  constructor(output: JobOutput) {
    this.#output = output;
  }
  write(line: string): void {
    this.#text += line;
    if (this.#text.length >= BATCH_CHARS) this.finish();
  }
  finish(): void {
    if (this.#text !== "") this.#output.out(this.#text.slice(0, -1));
    this.#text = "";
  }
}
