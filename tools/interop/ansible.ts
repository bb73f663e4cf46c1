/**
 * Ansible's own modules for keys, identities and buckets (`ansible.yml`): what they set up once, a second run finds as it
 * should be, and a dry run too. Installed once, beside other temporary files: its modules come in one large package.
 */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Server } from "./server.ts";
import { Failed, run } from "./shell.ts";

const VERSION = "12.3.0";
const HOME = join(tmpdir(), `strongroom-ansible-${VERSION}`);
const PLAYBOOK = join(import.meta.dirname, "ansible.yml");

const programIn = (home: string): string => join(home, "bin/ansible-playbook");

/**
 * A directory of its own gets the known name when all is there: by a link, as its programs name the place where they were
 * installed. A name that another run has taken meanwhile is as good.
 */
async function installed(env: NodeJS.ProcessEnv): Promise<string> {
  if (existsSync(programIn(HOME))) return programIn(HOME);
  const own = mkdtempSync(`${HOME}-`);
  try {
    await run("python3", ["-m", "venv", own], env);
    await run(join(own, "bin/pip"), ["install", "-q", `ansible==${VERSION}`, "boto3"], env);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    throw error;
  }
  try {
    symlinkSync(own, HOME);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    // What stands there is another's, and whole; or the half of one that was cut off, which is left alone.
    if (!existsSync(programIn(HOME))) return programIn(own);
    rmSync(own, { recursive: true, force: true });
  }
  return programIn(HOME);
}

/** How many tasks of a run changed something. */
function changedOf(out: string): number {
  const recap = /localhost +: ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0 /.exec(out);
  if (recap === null || Number(recap[1]) === 0) throw new Failed(out.slice(-3000));
  return Number(recap[2]);
}

export async function runAnsible(server: Server): Promise<void> {
  const env = {
    ...server.env,
    ANSIBLE_HOME: join(server.dir, "ansible"),
    ANSIBLE_NOCOLOR: "1",
    LC_ALL: "C.UTF-8",
  };
  const program = await installed(env);
  const play = async (...more: readonly string[]): Promise<string> =>
    run(program, ["-i", "localhost,", PLAYBOOK, ...more], env);
  if (changedOf(await play()) === 0) throw new Failed("the first run changed nothing");
  for (const more of [[], ["--check"]]) {
    const out = await play("--diff", ...more);
    if (changedOf(out) > 0) throw new Failed(`a second run found a difference:\n${out.slice(-3000)}`);
  }
}
