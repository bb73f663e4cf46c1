/**
 * `node tools/tutorial.ts`: runs the commands of docs/tutorial/separate-roles.md as written, with the AWS CLI, against a
 * store of its own. Blocks marked `sh` must succeed, blocks marked `sh refused` must be denied by the store.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CREDENTIALS, serve } from "../packages/server/test/serve.ts";

const TUTORIAL = join(import.meta.dirname, "../docs/tutorial/separate-roles.md");
const REFUSALS = "AccessDenied|KMS.DisabledException";

export interface Block {
  readonly refused: boolean;
  readonly text: string;
  /** Where it begins in the document. */
  readonly line: number;
}

export function blocksOf(markdown: string): readonly Block[] {
  const found: Block[] = [];
  for (const match of markdown.matchAll(/^```sh( refused)?\n(.*?)^```$/gms)) {
    const line = markdown.slice(0, match.index).split("\n").length;
    found.push({ refused: match[1] !== undefined, text: match[2] ?? "", line });
  }
  return found;
}

/** One script, because later blocks use what earlier ones set. */
export const scriptOf = (blocks: readonly Block[]): string =>
  [
    "set -euo pipefail",
    ...blocks.map(({ refused, text, line }) =>
      refused
        ? `echo "--- line ${line}, to be refused"
if ( ${text.trim()}
) > refused.txt 2>&1; then cat refused.txt; echo "line ${line} was not refused"; exit 1; fi
grep -Eq '${REFUSALS}' refused.txt || { cat refused.txt; echo "line ${line} failed otherwise"; exit 1; }
`
        : `echo "--- line ${line}"\n${text}`,
    ),
    'echo "--- end"',
  ].join("\n");

/** Hands its output over as it comes, so that one sees where it stands. Returns bash's exit code. */
export async function runTutorial(onOutput: (text: string) => void): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "sr-"));
  const served = await serve({ data: join(dir, "data") });
  try {
    const script = scriptOf(blocksOf(readFileSync(TUTORIAL, "utf8")));
    const child = spawn("bash", ["-s"], {
      cwd: dir,
      env: {
        PATH: process.env["PATH"],
        HOME: dir,
        AWS_CONFIG_FILE: join(dir, "config"),
        AWS_SHARED_CREDENTIALS_FILE: join(dir, "credentials"),
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_ENDPOINT_URL: served.endpoint,
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
        AWS_PAGER: "",
      },
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", onOutput);
    // Bash may end before it has read all of it.
    child.stdin.on("error", () => {});
    child.stdin.end(script);
    const [code] = await once(child, "close");
    return typeof code === "number" ? code : 1;
  } finally {
    await served.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  process.exitCode = await runTutorial((text) => process.stdout.write(text));
}
