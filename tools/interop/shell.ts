/** Running other programs, and comparing what they brought back. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;
const RUN_MS = 10 * 60_000;

export class Failed extends Error {
  override readonly name = "Failed";
}

/** Resolves with standard output; a program that is missing or fails is an error with what it said. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env, cwd, maxBuffer: OUTPUT_BYTES_MAX, timeout: RUN_MS },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const missing = "code" in error && error.code === "ENOENT";
        reject(
          new Failed(
            missing ? `${command} is not installed` : `${command} ${args.join(" ")}\n${stdout}\n${stderr}`,
          ),
        );
      },
    );
  });
}

/** The program must fail, and say `text`. */
export async function runFailing(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  text: string,
): Promise<void> {
  const said = await run(command, args, env).then(
    () => undefined,
    (error: unknown) => (error instanceof Failed ? error.message : String(error)),
  );
  if (said === undefined) throw new Failed(`${command} ${args.join(" ")} should have failed`);
  if (!said.includes(text)) throw new Failed(`${command} failed without saying ${text}:\n${said}`);
}

const MADE_S = Date.UTC(2026, 0, 1) / 1000;

/** A folder as people have them: nested, odd names, many small files, some empty, a few large. */
export function makeTree(root: string, files: number): void {
  const names = [
    "plain.txt",
    "with space.txt",
    "plus+and&and=.txt",
    "ünïcödé-日本語.txt",
    "#hash?.txt",
    "percent%20.txt",
    "quote'\".txt",
    "dash-.tar.gz",
  ];
  for (let i = 0; i < files; i++) {
    const folder = join(root, `d${i % 23}`, `e${i % 7}`);
    mkdirSync(folder, { recursive: true });
    const size = i === 0 ? 0 : i < 4 ? 12 * 1024 ** 2 + i : (i * 7919) % 9000;
    const path = join(folder, `${i}-${names[i % names.length]}`);
    writeFileSync(path, randomBytes(size));
    // S3 shows whole seconds: a file younger than its copy's second would look newer than the copy to `sync`.
    utimesSync(path, MADE_S, MADE_S);
  }
}

/** Path and digest of every file below a folder. */
export function digests(root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(relative(root, path), createHash("sha256").update(readFileSync(path)).digest("hex"));
  }
  return found;
}

export function assertSameTree(a: string, b: string): void {
  const left = digests(a);
  const right = digests(b);
  if (left.size === 0) throw new Failed(`${a} is empty`);
  const different = [...left].filter(([name, digest]) => right.get(name) !== digest).map(([name]) => name);
  const extra = [...right.keys()].filter((name) => !left.has(name));
  if (different.length + extra.length > 0) {
    throw new Failed(
      `${different.length} files differ, ${extra.length} are too many; first: ${different[0] ?? extra[0]}`,
    );
  }
}

export function assertSameFile(a: string, b: string): void {
  if (Buffer.compare(readFileSync(a), readFileSync(b)) !== 0) throw new Failed(`${a} and ${b} differ`);
}

export function writeFile(path: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}
