/** A short run of the crash test; `node tools/crash.ts` is the long one, `tools/powerloss.ts` cuts the power. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Acknowledged, check, startWriters, type Writer } from "./crash/check.ts";
import { until } from "./serve.ts";

const ROUNDS = 3;
const WRITE_MS = 60_000;

test("two writers killed at random: every acknowledged write is there, nothing is half", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-crash-"));
  let writers: readonly Writer[] = [];
  t.after(async () => {
    for (const writer of writers) writer.process.kill("SIGKILL");
    await Promise.all(writers.map((writer) => writer.ended));
    await rm(directory, { recursive: true });
  });
  const acknowledged = new Acknowledged();
  const more = async (count: number): Promise<void> => {
    const enough = acknowledged.count + count;
    await until(`${count} more steps`, () => acknowledged.count >= enough, WRITE_MS);
  };
  for (let round = 0; round < ROUNDS; round++) {
    writers = await startWriters(directory, ["a", "b"], round * 1_000_000, acknowledged);
    await more(200);
    writers[0]?.process.kill("SIGKILL");
    // The survivor goes on: a killed process leaves no lock behind.
    await more(100);
    writers[1]?.process.kill("SIGKILL");
    for (const writer of writers) assert.equal(await writer.ended, "SIGKILL");
    const { lost, half } = await check(directory, acknowledged);
    assert.deepEqual({ lost, half }, { lost: [], half: [] });
  }
});
