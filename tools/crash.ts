/** The long crash test: `node tools/crash.ts [ROUNDS] [WRITERS]`. Kills writers with SIGKILL at random, checks after each. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Acknowledged, check, startWriters } from "../packages/server/test/crash/check.ts";

const [rounds = 20, writersMax = 3] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), "strongroom-crash-"));
const acknowledged = new Acknowledged();
let bad = 0;
for (let round = 0; round < rounds; round++) {
  const names = Array.from({ length: writersMax }, (_, i) => `w${i}`);
  const writers = await startWriters(directory, names, round * 1_000_000, acknowledged);
  for (const writer of writers) {
    await new Promise((done) => setTimeout(done, Math.random() * 700));
    writer.process.kill("SIGKILL");
  }
  for (const writer of writers) await writer.ended;
  const { lost, half, found, openMs } = await check(directory, acknowledged);
  bad += lost.length + half.length;
  console.log(
    `round ${round + 1}: ${acknowledged.count} acknowledged, ${found} found, ${lost.length} lost, ${half.length} half, ` +
      `opened in ${openMs.toFixed(0)} ms`,
  );
  for (const step of [...lost, ...half].slice(0, 5)) console.log(`  ${step}`);
}
await rm(directory, { recursive: true });
process.exit(bad === 0 ? 0 : 1);
