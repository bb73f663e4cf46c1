/** Runs writers, ends them badly, and checks what the store holds afterwards: all acknowledged, nothing half. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { openLocalStore } from "../../src/store/local/open.ts";
import type { Store } from "../../src/store/port.ts";
import { until } from "../serve.ts";
import { blobIdOf, blobSize, counterKey, rowsOf, wholeBlob } from "./steps.ts";

const WRITER = join(import.meta.dirname, "writer.ts");
const OPEN_MS = 60_000;

/** What was acknowledged so far, by writer; and the highest counter. */
export class Acknowledged {
  readonly steps = new Map<string, Set<number>>();
  counter = 0;
  ready = 0;

  take(line: string): void {
    const [name = "", number = "0"] = line.split(" ");
    if (name === "ready") this.ready++;
    else if (name === "counter") this.counter = Math.max(this.counter, Number(number));
    else this.steps.set(name, (this.steps.get(name) ?? new Set()).add(Number(number)));
  }
  get count(): number {
    return [...this.steps.values()].reduce((sum, steps) => sum + steps.size, 0);
  }
}

export interface Writer {
  readonly process: ChildProcess;
  readonly ended: Promise<number | string>;
  /** Lets it write. */
  go(): void;
}

/** Starts them so that none opens the store while another writes to it (ADR 14), and lets them all go. */
export async function startWriters(
  directory: string,
  names: readonly string[],
  first: number,
  acknowledged: Acknowledged,
): Promise<readonly Writer[]> {
  const writers: Writer[] = [];
  try {
    for (const name of names) {
      const before = acknowledged.ready;
      const writer = startWriter(directory, name, first, acknowledged);
      writers.push(writer);
      let how: number | string | undefined;
      void writer.ended.then((ended) => (how = ended));
      await until(`writer ${name} is ready`, () => how !== undefined || acknowledged.ready > before, OPEN_MS);
      if (how !== undefined) throw new Error(`writer ${name} ended with ${how} before it wrote`);
    }
  } catch (error) {
    for (const writer of writers) writer.process.kill("SIGKILL");
    await Promise.all(writers.map((writer) => writer.ended));
    throw error;
  }
  for (const writer of writers) writer.go();
  return writers;
}

function startWriter(directory: string, name: string, first: number, acknowledged: Acknowledged): Writer {
  const child = spawn(process.execPath, [WRITER, directory, name, String(first)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  // One that is dead already takes no line; `ended` tells of it.
  child.stdin.on("error", () => undefined);
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) acknowledged.take(line);
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal ?? "?"));
  });
  return { process: child, ended, go: () => child.stdin.write("go\n") };
}

export interface Findings {
  readonly acknowledged: number;
  /** Steps found, acknowledged or not. */
  readonly found: number;
  readonly lost: readonly string[];
  readonly half: readonly string[];
  readonly openMs: number;
}

/** Opens the home, and looks at every acknowledged step and at everything that is there. */
export async function check(directory: string, acknowledged: Acknowledged): Promise<Findings> {
  const begun = performance.now();
  const store = await openLocalStore({
    directory,
    reserveBytes: 0,
    onFatal: (cause) => {
      throw cause;
    },
  });
  const openMs = performance.now() - begun;
  try {
    const found = await stepsFound(store);
    const half: string[] = [];
    for (const [step, tables] of found) {
      const [name = "", n = "0"] = step.split("/");
      if (tables < 2 || !(await isWhole(store, name, Number(n)))) half.push(step);
    }
    const lost: string[] = [];
    for (const [name, steps] of acknowledged.steps) {
      for (const n of steps)
        if (!found.has(`${name}/${String(n).padStart(9, "0")}`)) lost.push(`${name}/${n}`);
    }
    const [counter] = await store.get([counterKey]);
    const value = counter === undefined ? 0 : new DataView(counter.value.slice().buffer).getUint32(0);
    if (value < acknowledged.counter) lost.push(`counter ${value} < ${acknowledged.counter}`);
    return { acknowledged: acknowledged.count, found: found.size, lost, half, openMs };
  } finally {
    await store.close();
  }
}

/** How many of its two rows each step has. */
async function stepsFound(store: Store): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const table of ["head", "inline"] as const) {
    for (let after = new Uint8Array(); ; ) {
      const { rows, more } = await store.scan({ table, from: after, after, limit: 500 });
      for (const { key } of rows) {
        const step = Buffer.from(key).toString();
        found.set(step, (found.get(step) ?? 0) + 1);
      }
      after = new Uint8Array(rows.at(-1)?.key ?? after);
      if (!more) break;
    }
  }
  return found;
}

async function isWhole(store: Store, name: string, n: number): Promise<boolean> {
  const wanted = rowsOf(name, n);
  const rows = await store.get(wanted);
  const revs = new Set(rows.map((row) => row && Buffer.from(row.rev).toString("hex")));
  if (
    revs.size !== 1 ||
    !wanted.every((w, i) => Buffer.compare(w.value, rows[i]?.value ?? new Uint8Array()) === 0)
  ) {
    return false;
  }
  const size = blobSize(n);
  if (size === 0) return true;
  try {
    let crc = 0;
    for await (const chunk of store.blobs.get(blobIdOf(name, n), 0, size)) crc = crc32c(chunk, crc);
    return crc === crc32c(wholeBlob(name, n));
  } catch {
    return false;
  }
}
