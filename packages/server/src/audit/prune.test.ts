/** Retention: what is removed is signed, the rest still verifies, and nothing else may be missing. */
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../base/log.ts";
import { ensureDigestKey } from "./digest-key.ts";
import { eventText, newEventId } from "./event.ts";
import { exportTrail } from "./export.ts";
import { factsOf } from "./facts.ts";
import { claimedIdentity } from "./identity.ts";
import { TrailFiles } from "./files.ts";
import { type Pruned, pruneTrail, type Pruning } from "./prune.ts";
import { proveRecord } from "./prove.ts";
import { answer, type Found } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { recoverStreams, StreamWatch } from "./recover.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { Rig } from "./test/rig.ts";
import type { Trail, TrailRecord } from "./trail.ts";

const PER_SEGMENT = 20;
const DAY_MS = 86_400_000;

/** Segments of few records: otherwise they are full after 65,536. */
function shortSegments(t: { after(fn: () => void): void }): void {
  const full = Object.getOwnPropertyDescriptor(SegmentWriter.prototype, "full");
  assert.ok(full);
  Object.defineProperty(SegmentWriter.prototype, "full", { get: () => true, configurable: true });
  t.after(() => void Object.defineProperty(SegmentWriter.prototype, "full", full));
}

function eventAt(timeMs: number): TrailRecord {
  const parts = {
    identity: claimedIdentity("AKID"),
    timeMs,
    service: "s3",
    name: "GetObject",
    region: "eu-central-1",
    sourceIp: "192.0.2.1",
    userAgent: "test",
    request: "null",
    response: "null",
    requestId: `R${timeMs}`,
    eventId: newEventId(timeMs),
    readOnly: true,
    management: false,
    recipient: "",
  };
  return { text: eventText(parts), timeMs, facts: factsOf(parts, {}) };
}

/** One segment a day. */
async function writeDays(rig: Rig, trail: Trail, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    for (let n = 0; n < PER_SEGMENT; n++) trail.append(eventAt(rig.nowMs + n));
    await trail.flush();
    await trail.checkpoint();
    rig.nowMs += DAY_MS;
  }
}

async function prune(
  rig: Rig,
  beforeMs: number,
  more: object = {},
): Promise<Pruned & { readonly recorded: readonly Pruning[] }> {
  const recorded: Pruning[] = [];
  const result = await pruneTrail({
    files: rig.files,
    seedOf: rig.seedOf,
    ledger: rig.ledger,
    reader: new TrailReader(rig.files, rig.seedOf),
    beforeMs,
    nowMs: rig.nowMs,
    record: async (pruning) => void recorded.push(pruning),
    ...more,
  });
  return { ...result, recorded };
}

test("old segments go, the rest verifies and says what is gone", async (t) => {
  shortSegments(t);
  const rig = await Rig.make();
  try {
    const begin = rig.nowMs;
    const trail = rig.trail();
    await writeDays(rig, trail, 6);
    const [stream = ""] = await rig.files.streams();
    const dry = await prune(rig, begin + 2.5 * DAY_MS, { dryRun: true });
    assert.deepEqual(
      dry.prunings.map(({ segments, nextSeq }) => [segments, nextSeq]),
      [[3, 60]],
    );
    assert.equal((await rig.files.segments(stream)).length, 6);
    const first = await prune(rig, begin + 2.5 * DAY_MS);
    assert.deepEqual(first.recorded, first.prunings);
    assert.deepEqual(await rig.files.segments(stream), [3, 4, 5]);
    const after = await rig.verify();
    assert.deepEqual(after.problems, []);
    assert.deepEqual([after.records, after.pruned], [60, 60]);
    assert.equal(after.newest?.statement.kind, "pruned");
    // The trail goes on, is pruned again, ends, and is gone.
    await writeDays(rig, trail, 1);
    await prune(rig, begin + 4.5 * DAY_MS);
    assert.deepEqual(await rig.files.segments(stream), [5, 6]);
    await trail.close();
    const closed = await rig.verify();
    assert.deepEqual(
      [closed.records, closed.pruned, closed.unsigned, closed.problems.length],
      [40, 100, 0, 0],
    );
    await prune(rig, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(await rig.files.streams(), []);
    const gone = await rig.verify();
    assert.deepEqual([gone.records, gone.pruned, gone.problems.length], [0, 140, 0]);
    assert.deepEqual((await prune(rig, Number.MAX_SAFE_INTEGER)).prunings, []);
  } finally {
    await rig.remove();
  }
});

test("an old checkpoint from outside still fits, and removing more than was signed is found", async (t) => {
  shortSegments(t);
  const rig = await Rig.make();
  try {
    const begin = rig.nowMs;
    const trail = rig.trail();
    await writeDays(rig, trail, 5);
    await trail.close();
    const { newest } = await rig.verify();
    assert.ok(newest);
    const [stream = ""] = await rig.files.streams();
    await cp(rig.files.directory, join(rig.directory, "copy"), { recursive: true });
    await prune(rig, begin + 1.5 * DAY_MS);
    assert.deepEqual((await rig.verify({ outside: [newest] })).problems, []);
    await rm(rig.files.path(stream, 2, "seg"));
    const [removed] = (await rig.verify()).problems;
    assert.deepEqual([removed?.kind, removed?.seq], ["removed", 40]);
    for (const number of [3, 4]) await rm(rig.files.path(stream, number, "seg"));
    assert.equal((await rig.verify()).problems[0]?.kind, "truncated");
    // A process that died before it removed the files: they do no harm, and the next pruning removes them.
    await cp(join(rig.directory, "copy"), rig.files.directory, { recursive: true });
    assert.deepEqual((await rig.verify()).problems, []);
    await prune(rig, 0);
    assert.deepEqual(await rig.files.segments(stream), [2, 3, 4]);
    assert.deepEqual((await rig.verify()).problems, []);
  } finally {
    await rig.remove();
  }
});

test("damaged segments are kept as they are, and a dead stream ends after pruning", async (t) => {
  shortSegments(t);
  const rig = await Rig.make();
  try {
    const begin = rig.nowMs;
    await writeDays(rig, rig.trail(), 4);
    const [stream = ""] = await rig.files.streams();
    await prune(rig, begin + 0.5 * DAY_MS);
    const watch = new StreamWatch();
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
    await recoverStreams(parts, rig.nowMs, 0);
    assert.equal(await recoverStreams(parts, rig.nowMs, DAY_MS), 1);
    assert.deepEqual((await rig.verify()).problems, []);
    const path = rig.files.path(stream, 1, "seg");
    const bytes = await new TrailFiles(rig.files.directory).open(stream, 1);
    const { buffer } = await bytes.read(Buffer.alloc(1), 0, 1, 300);
    await bytes.close();
    const { writeFile, readFile } = await import("node:fs/promises");
    const file = await readFile(path);
    file[300] = (buffer[0] ?? 0) ^ 1;
    await writeFile(path, file);
    const result = await prune(rig, Number.MAX_SAFE_INTEGER);
    assert.deepEqual([result.prunings, result.damaged], [[], [stream]]);
    assert.deepEqual(await rig.files.segments(stream), [1, 2, 3]);
  } finally {
    await rig.remove();
  }
});

/** Prunes when a stream's files have been listed, or just before. */
class PrunedMeanwhile extends TrailFiles {
  meanwhile: (() => Promise<unknown>) | undefined;
  /** Listings of segments to let pass. */
  skip = 0;

  override async segments(stream: string): Promise<readonly number[]> {
    const numbers = await super.segments(stream);
    if (this.skip-- > 0) return numbers;
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return numbers;
  }
}

test("what is pruned while the trail is verified, exported or proved is no damage", async (t) => {
  shortSegments(t);
  for (const skip of [0, 1]) {
    const rig = await Rig.make();
    try {
      const begin = rig.nowMs;
      const trail = rig.trail();
      await writeDays(rig, trail, 6);
      await trail.close();
      const files = new PrunedMeanwhile(rig.files.directory);
      const pruning = (days: number): void => {
        files.skip = skip;
        files.meanwhile = () => prune(rig, begin + days * DAY_MS);
      };
      pruning(0.5);
      const { problems, records, pruned } = await rig.verify({ files });
      assert.deepEqual(problems, []);
      if (skip === 0) assert.deepEqual([records, pruned], [100, 20]);
      const place = { files, seedOf: rig.seedOf, ledger: rig.ledger };
      const wanted = async (day: number): Promise<Found> => {
        for await (const one of answer(new TrailReader(rig.files, rig.seedOf), {
          fromMs: begin + day * DAY_MS,
        }))
          return one;
        throw new Error("not found");
      };
      const kept = await wanted(5);
      pruning(1.5);
      assert.equal((await proveRecord(place, kept)).kind, "proof");
      const old = await wanted(2);
      pruning(2.5);
      const proven = await proveRecord(place, old);
      assert.ok(proven.kind === "proof" || !proven.why.includes("damaged"));
      pruning(3.5);
      const exported = await exportTrail(
        {
          ...place,
          key: await ensureDigestKey(rig.records, begin),
          directory: join(rig.directory, "out"),
          region: "eu-central-1",
          bucket: "logs",
          prefix: "",
          trail: "logs",
          account: "111122223333",
          fromMs: 0,
          nowMs: rig.nowMs,
        },
        () => {},
      );
      assert.deepEqual(exported.problems, []);
      assert.equal(exported.records + exported.missed, 120);
      assert.ok(exported.records >= 40);
    } finally {
      await rig.remove();
    }
  }
});

test("of two that prune at once each signs what it measured, or nothing", async (t) => {
  shortSegments(t);
  const rig = await Rig.make();
  try {
    const begin = rig.nowMs;
    const trail = rig.trail();
    await writeDays(rig, trail, 6);
    await trail.close();
    let inner: Pruned | undefined;
    const outer = await prune(rig, begin + 3.5 * DAY_MS, {
      record: async () => {
        inner ??= await prune(rig, begin + 1.5 * DAY_MS);
      },
    });
    assert.deepEqual(
      inner?.prunings.map(({ firstSeq, nextSeq }) => [firstSeq, nextSeq]),
      [[0, 40]],
    );
    assert.deepEqual([outer.prunings, outer.damaged], [[], []]);
    const [stream = ""] = await rig.files.streams();
    assert.deepEqual(await rig.files.segments(stream), [2, 3, 4, 5]);
    const after = await rig.verify();
    assert.deepEqual([after.problems, after.records, after.pruned], [[], 80, 40]);
  } finally {
    await rig.remove();
  }
});
