/**
 * The power-cut test: `node tools/powerloss.ts SCRIPT DIRECTORY [ROUNDS]`, as root. SCRIPT makes a file system whose power
 * can be cut: `SCRIPT start|cut|restore|destroy DIRECTORY`, mounted at DIRECTORY/mnt. What was not synced is then lost, so
 * that a missing sync, which every SIGKILL passes, shows here.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Acknowledged, check, startWriters, type Writer } from "../packages/server/test/crash/check.ts";
import { until } from "../packages/server/test/serve.ts";

const [script, directory, rounds = "5"] = process.argv.slice(2);
if (script === undefined || directory === undefined) {
  console.error("usage: powerloss.ts SCRIPT DIRECTORY [ROUNDS]");
  process.exit(2);
}
const run = (verb: string): string => execFileSync(script, [verb, directory], { encoding: "utf8" });
mkdirSync(directory, { recursive: true });
run("start");
const data = join(directory, "mnt", "data");
const acknowledged = new Acknowledged();
let bad = 0;
let writers: readonly Writer[] = [];
try {
  for (let round = 0; round < Number(rounds); round++) {
    writers = await startWriters(data, ["a", "b"], round * 1_000_000, acknowledged);
    const enough = acknowledged.count + 500 + Math.random() * 1500;
    await until("the writers write", () => acknowledged.count >= enough, 60_000);
    run("cut");
    // Both see their syncs fail and end by themselves; one that doesn't would hold the mount.
    const cutAt = performance.now();
    const patience = setTimeout(() => writers.forEach((w) => w.process.kill("SIGKILL")), 5000);
    await Promise.all(writers.map((w) => w.ended));
    clearTimeout(patience);
    const endedMs = performance.now() - cutAt;
    if (endedMs > 4500) bad++;
    run("restore");
    const { lost, half, found, openMs } = await check(data, acknowledged);
    bad += lost.length + half.length;
    console.log(
      `cut ${round + 1}: ${acknowledged.count} acknowledged, ${found} found, ${lost.length} lost, ${half.length} half, ` +
        `opened in ${openMs.toFixed(0)} ms, writers ended after ${endedMs.toFixed(0)} ms`,
    );
    for (const step of [...lost, ...half].slice(0, 5)) console.log(`  ${step}`);
  }
} finally {
  // One that lives on would hold the mount.
  for (const writer of writers) writer.process.kill("SIGKILL");
  await Promise.all(writers.map((w) => w.ended));
  run("destroy");
}
process.exit(bad === 0 ? 0 : 1);
