/** Ending the streams of processes that died, beside a server that goes on. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { silentLog } from "../base/log.ts";
import { TrailReader } from "./reader.ts";
import { recoverStreams, StreamWatch } from "./recover.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { recordOf, Rig } from "./test/rig.ts";
import { TreeBuilder } from "./tree.ts";

const MINUTE_MS = 60_000;

/** A stream that nobody writes any more: `segments` of them, the last with records that nobody signed. */
async function deadStream(
  t: TestContext,
  segments: number,
  records: number,
): Promise<{ readonly rig: Rig; readonly stream: string }> {
  const full = Object.getOwnPropertyDescriptor(SegmentWriter.prototype, "full");
  assert.ok(full);
  const restore = (): void => void Object.defineProperty(SegmentWriter.prototype, "full", full);
  if (segments > 1)
    Object.defineProperty(SegmentWriter.prototype, "full", { get: () => true, configurable: true });
  t.after(restore);
  const rig = await Rig.make();
  t.after(() => rig.remove());
  const trail = rig.trail();
  for (let i = 0; i < segments; i++) {
    for (let n = 0; n < records; n++) trail.append(recordOf(n));
    await trail.flush();
    await trail.checkpoint();
  }
  restore();
  for (let n = 0; n < records; n++) trail.append(recordOf(n));
  await trail.flush();
  const [stream = ""] = await rig.files.streams();
  return { rig, stream };
}

async function damage(rig: Rig, stream: string, number: number): Promise<() => Promise<void>> {
  const path = rig.files.path(stream, number, "seg");
  const whole = await readFile(path);
  const bytes = Buffer.from(whole);
  bytes[300] = (bytes[300] ?? 0) ^ 1;
  await writeFile(path, bytes);
  return () => writeFile(path, whole);
}

function partsOf(rig: Rig) {
  const told: string[] = [];
  const log = { ...silentLog, error: (message: string) => void told.push(message) };
  const { files, ledger, seedOf } = rig;
  return { parts: { files, ledger, seedOf, log, watch: new StreamWatch() }, told };
}

test("only from the segment on in which the signed records end", async (t) => {
  const { rig, stream } = await deadStream(t, 3, 5);
  const mend = await damage(rig, stream, 0);
  const { parts } = partsOf(rig);
  await recoverStreams(parts, rig.nowMs, 0);
  assert.equal(await recoverStreams(parts, rig.nowMs, 4 * MINUTE_MS), 1);
  const { problems } = await rig.verify();
  assert.deepEqual(
    problems.map(({ kind, seq }) => [kind, seq]),
    [["edited", 0]],
  );
  await mend();
  const whole = await rig.verify();
  assert.deepEqual(whole.problems, []);
  assert.deepEqual([whole.records, whole.unsigned, whole.open], [20, 0, 0]);
});

test("no index is made of a segment that can't be read as a whole: it would hide the rest once that is there", async (t) => {
  const { rig, stream } = await deadStream(t, 3, 5);
  const mend = await damage(rig, stream, 0);
  await rm(rig.files.path(stream, 0, "idx"), { force: true });
  const { parts } = partsOf(rig);
  await recoverStreams(parts, rig.nowMs, 0);
  assert.equal(await recoverStreams(parts, rig.nowMs, 4 * MINUTE_MS), 1);
  await assert.rejects(readFile(rig.files.path(stream, 0, "idx")), { code: "ENOENT" });
  await readFile(rig.files.path(stream, 3, "idx"));
  await mend();
  const found = await new TrailReader(rig.files, rig.seedOf).segments(0, Infinity);
  assert.equal(
    found.reduce((sum, { records }) => sum + records, 0),
    20,
  );
});

test("the event loop turns while a long segment is walked", async (t) => {
  const { rig } = await deadStream(t, 1, 10_000);
  const { parts } = partsOf(rig);
  await recoverStreams(parts, rig.nowMs, 0);
  const add = t.mock.method(TreeBuilder.prototype, "add");
  let most = 0;
  let before = 0;
  let ended = false;
  const count = (): void => {
    const now = add.mock.callCount();
    most = Math.max(most, now - before);
    before = now;
    if (!ended) setImmediate(count);
  };
  count();
  assert.equal(await recoverStreams(parts, rig.nowMs, 4 * MINUTE_MS), 1);
  ended = true;
  assert.equal(add.mock.callCount(), 10_000);
  assert.ok(most <= 1000, `${most} records in one turn`);
});

test("a damaged stream is looked at less and less often, and ends once it is whole", async (t) => {
  const { rig, stream } = await deadStream(t, 1, 5);
  const mend = await damage(rig, stream, 0);
  const { parts, told } = partsOf(rig);
  let minute = 0;
  const look = async (minutes: number): Promise<number> => {
    let ended = 0;
    for (const until = minute + minutes; minute < until; minute++)
      ended += await recoverStreams(parts, rig.nowMs, minute * MINUTE_MS);
    return ended;
  };
  assert.equal(await look(24 * 60), 0);
  assert.ok(told.length >= 5 && told.length <= 11, `${told.length} looks in a day`);
  await mend();
  assert.equal(await look(2 * 24 * 60), 1);
  assert.deepEqual((await rig.verify()).problems, []);
});
