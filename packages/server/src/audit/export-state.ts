/** What an export directory knows of itself: how far each stream is in it, the newest digest of each account, what to upload how. */
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { z } from "zod";

const STATE = "export-state.json";
const LIST = "files.jsonl";

const previousSchema = z.strictObject({
  bucket: z.string(),
  object: z.string(),
  hash: z.string(),
  signature: z.string(),
  endMs: z.number(),
});
/** A digest, as the one after it names it. */
export type Previous = Readonly<z.output<typeof previousSchema>>;
const stateSchema = z.strictObject({
  v: z.literal(2),
  /** By account. */
  digests: z.record(z.string(), previousSchema),
  /** Sequence of the next record of each stream. */
  streams: z.record(z.string(), z.number().int()),
});

export class ExportDirectory {
  readonly #path: string;
  readonly digests: Map<string, Previous>;
  readonly streams: Map<string, number>;
  #lines = "";

  private constructor(path: string, state: z.output<typeof stateSchema>) {
    this.#path = path;
    this.digests = new Map(Object.entries(state.digests));
    this.streams = new Map(Object.entries(state.streams));
  }

  static async open(path: string): Promise<ExportDirectory> {
    let text: string | undefined;
    try {
      text = await readFile(join(path, STATE), "utf8");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
    const state: unknown = text === undefined ? { v: 2, digests: {}, streams: {} } : JSON.parse(text);
    return new ExportDirectory(path, stateSchema.parse(state));
  }

  /** A gzipped file, to be uploaded under the same name. */
  async put(object: string, body: Uint8Array, metadata: Readonly<Record<string, string>>): Promise<void> {
    const path = join(this.#path, object);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, gzipSync(body), { mode: 0o600 });
    const line = { file: object, contentType: "application/json", contentEncoding: "gzip", metadata };
    this.#lines += `${JSON.stringify(line)}\n`;
  }

  /** What was put since is part of the export, and will not be written again. */
  async save(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    await appendFile(join(this.#path, LIST), this.#lines, { mode: 0o600 });
    this.#lines = "";
    const state: z.output<typeof stateSchema> = {
      v: 2,
      digests: Object.fromEntries(this.digests),
      streams: Object.fromEntries(this.streams),
    };
    const path = join(this.#path, STATE);
    await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
