/** A short run of the crash test; `node tools/crash.ts` is the long one, `tools/powerloss.ts` cuts the power. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Acknowledged, check, startWriter } from "./crash/check.ts";

const ROUNDS = 3;

test("two writers killed at random: every acknowledged write is there, nothing is half", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-crash-"));
  t.after(() => rm(directory, { recursive: true }));
  const acknowledged = new Acknowledged();
  for (let round = 0; round < ROUNDS; round++) {
    const first = round * 1_000_000;
    const writers = ["a", "b"].map((name) => startWriter(directory, name, first, acknowledged));
    const enough = acknowledged.count + 200;
    while (acknowledged.count < enough) await new Promise((done) => setTimeout(done, 10));
    writers[0]?.process.kill("SIGKILL");
    // The survivor goes on: a killed process leaves no lock behind.
    const more = acknowledged.count + 100;
    while (acknowledged.count < more) await new Promise((done) => setTimeout(done, 10));
    writers[1]?.process.kill("SIGKILL");
    for (const writer of writers) assert.equal(await writer.ended, "SIGKILL");
    const { lost, half } = await check(directory, acknowledged);
    assert.deepEqual({ lost, half }, { lost: [], half: [] });
  }
});
