/** Opens a page in a real Chromium without a window and waits for the text that it puts into its body. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

export interface Browser {
  readonly version: string;
  open(url: string): Promise<{ close(): Promise<void> }>;
}

/** Throws where there is none: a missing browser must not look like success. */
export function findBrowser(): Browser {
  for (const program of PROGRAMS) {
    try {
      const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
      const version = execFileSync(program, ["--version"], { encoding: "utf8", stdio }).trim();
      return { version, open: (url) => open(program, url) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  throw new Error(`no browser: install one of ${PROGRAMS.join(", ")}`);
}

function open(program: string, url: string): Promise<{ close(): Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), "s3ec-chromium-"));
  const args = [
    "--headless=new",
    // Its sandbox wants an unprivileged user, and the page is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    `--user-data-dir=${profile}`,
    url,
  ];
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  return Promise.resolve({ close: () => close(child, profile) });
}

/** The program is a script around the browser, and the browser a tree of processes: the whole group goes. */
async function close(child: ChildProcess, profile: string): Promise<void> {
  const gone = once(child, "exit");
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  await gone;
  rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
}
