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
  /** Lines that may not be in the list yet. */
  pending: z.string().optional(),
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
    const { pending = "", ...parsed } = stateSchema.parse(state);
    const directory = new ExportDirectory(path, parsed);
    if (pending !== "") {
      await directory.#finishList(pending);
      await directory.#writeState();
    }
    return directory;
  }

  /** A gzipped file, to be uploaded under the same name. */
  async put(object: string, body: Uint8Array, metadata: Readonly<Record<string, string>>): Promise<void> {
    const path = join(this.#path, object);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, gzipSync(body), { mode: 0o600 });
    const line = { file: object, contentType: "application/json", contentEncoding: "gzip", metadata };
    this.#lines += `${JSON.stringify(line)}\n`;
  }

  /**
   * What was put since is part of the export, and will not be written again. The state goes first and holds the list's new
   * lines: an export that is cut off in between neither repeats a record nor leaves a file unlisted.
   */
  async save(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    await this.#writeState(this.#lines);
    await appendFile(join(this.#path, LIST), this.#lines, { mode: 0o600 });
    this.#lines = "";
    await this.#writeState();
  }

  /** Of an export that was cut off: none of the lines may be in the list, or some, the last of them in part. */
  async #finishList(pending: string): Promise<void> {
    const path = join(this.#path, LIST);
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const listed = new Set(whole.split("\n"));
    const missing = pending.split("\n").filter((line) => !listed.has(line));
    const added = missing.map((line) => `${line}\n`).join("");
    await writeFile(`${path}.new`, whole + added, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async #writeState(pending = ""): Promise<void> {
    const state: z.output<typeof stateSchema> = {
      v: 2,
      digests: Object.fromEntries(this.digests),
      streams: Object.fromEntries(this.streams),
      ...(pending !== "" && { pending }),
    };
    const path = join(this.#path, STATE);
    await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
