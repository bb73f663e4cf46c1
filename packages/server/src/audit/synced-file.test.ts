import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { TRAIL_ROOM_BYTES_MAX } from "../base/limits.ts";
import { recoverStreams, StreamWatch } from "./recover.ts";
import { silentLog } from "../base/log.ts";
import { TrailReader } from "./reader.ts";
import { Segment } from "./segment-reader.ts";
import { SyncedFile } from "./synced-file.ts";
import { endOf } from "./files.ts";
import { recordOf, Rig } from "./test/rig.ts";

test("frames of any sizes stand one behind the other, zeros behind them, and nothing once it is closed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-synced-"));
  const path = join(directory, "file");
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(2000), fc.nat(40_000), fc.constant(TRAIL_ROOM_BYTES_MAX * 2)), {
          maxLength: 20,
        }),
        fc.boolean(),
        async (sizes, together) => {
          const file = await SyncedFile.create(path);
          const frames = sizes.map((size, i) => new Uint8Array(size + 1).fill(i + 1));
          let at = 0;
          for (const frame of frames) {
            // As after a failure, with a part there already.
            if (together) await file.write(frame.subarray(0, frame.length / 2), at);
            await file.write(frame, at);
            at += frame.length;
            const whole = Buffer.concat(frames).subarray(0, at);
            const stands = await readFile(path);
            assert.equal(Buffer.compare(stands.subarray(0, at), whole), 0);
            assert.equal(endOf(stands), at);
          }
          await file.close();
          assert.equal(Buffer.compare(await readFile(path), Buffer.concat(frames)), 0);
        },
      ),
      { numRuns: 40 },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("frames of an open segment go where zeros stand", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    const lengths = new Set<number>();
    for (let n = 0; n < 200; n++) {
      await trail.durable(trail.append(recordOf(n)));
      const [stream = ""] = await rig.files.streams();
      lengths.add((await readFile(rig.files.path(stream, 0, "seg"))).length);
    }
    assert.ok(lengths.size < 10, `${lengths.size} lengths in 200 frames`);
    assert.deepEqual((await rig.verify()).problems, []);
    await trail.close();
    const [stream = ""] = await rig.files.streams();
    const closed = await readFile(rig.files.path(stream, 0, "seg"));
    const segment = await Segment.read(rig.files, stream, 0, rig.seedOf);
    assert.ok(typeof segment === "object");
    const frames = [...segment.frames()];
    assert.equal(frames.length, 200);
    assert.equal((frames.at(-1)?.offset ?? 0) + (frames.at(-1)?.bytes ?? 0), closed.length);
  } finally {
    await rig.remove();
  }
});

test("a frame of which a death or a power cut left any part is no damage, and nothing before it is lost", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let n = 0; n < 6; n++) await trail.durable(trail.append(recordOf(n, { text: "x".repeat(900) })));
    const [stream = ""] = await rig.files.streams();
    const path = rig.files.path(stream, 0, "seg");
    const bytes = await readFile(path);
    const segment = Segment.from(bytes, rig.seedOf);
    assert.ok(typeof segment === "object");
    const frames = [...segment.frames()];
    const [first] = frames;
    const last = frames.at(-1);
    assert.ok(first !== undefined && last !== undefined && bytes.length > last.offset + last.bytes);
    const { offset, bytes: length } = last;
    const torn: Uint8Array[] = [];
    for (const kept of [0, 1, 7, 39, 40, 41, 100, 512, length - 17, length - 4]) {
      const front = Buffer.from(bytes);
      front.fill(0, offset + kept);
      const back = Buffer.from(bytes);
      back.fill(0, offset, offset + length - kept);
      torn.push(front, back, front.subarray(0, offset + kept));
    }
    for (const [i, file] of torn.entries()) {
      await writeFile(path, file);
      const found = await rig.verify();
      assert.deepEqual([found.problems, found.records, found.unsigned], [[], 5, 5], `torn ${i}`);
      // What a process finds that reads while another writes, too.
      const reader = new TrailReader(rig.files, rig.seedOf);
      const [times] = await reader.segments(0, Infinity);
      assert.deepEqual([times?.records, reader.counts.damaged], [5, 0], `torn ${i}`);
      await writeFile(path, bytes);
      const [grown] = await reader.segments(0, Infinity);
      assert.deepEqual([grown?.records, reader.counts.damaged], [6, 0], `torn ${i}`);
    }
    // The same with a frame behind it is damage.
    const gap = Buffer.from(bytes);
    gap.fill(0, first.offset + 60, first.offset + first.bytes);
    await writeFile(path, gap);
    assert.deepEqual(
      (await rig.verify()).problems.map(({ kind, seq }) => [kind, seq]),
      [["edited", 0]],
    );
    await writeFile(path, torn.at(-3) ?? bytes);
    const watch = new StreamWatch();
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
    await recoverStreams(parts, rig.nowMs, 0);
    assert.equal(await recoverStreams(parts, rig.nowMs, 200_000), 1);
    const ended = await rig.verify();
    assert.deepEqual([ended.problems, ended.records, ended.unsigned, ended.open], [[], 5, 0, 0]);
  } finally {
    await rig.remove();
  }
});

test("one stream that is read while it is written is whole at every look, for whoever verifies or asks", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    await trail.durable(trail.append(recordOf(0)));
    let isWriting = true;
    const write = async (): Promise<void> => {
      for (let n = 1; isWriting; n++)
        await trail.durable(trail.append(recordOf(n, { text: "x".repeat(n % 6000) })));
    };
    const writing = write();
    const reader = new TrailReader(rig.files, rig.seedOf);
    let records = 0;
    let grown = 0;
    try {
      for (let i = 0; i < 60; i++) {
        assert.deepEqual((await rig.verify()).problems, []);
        const [times] = await reader.segments(0, Infinity);
        assert.ok((times?.records ?? 0) >= records);
        if ((times?.records ?? 0) > records) grown++;
        records = times?.records ?? 0;
        assert.equal(reader.counts.damaged, 0);
      }
    } finally {
      isWriting = false;
      await writing;
    }
    // A busy machine writes little between two looks, but not nothing.
    assert.ok(grown > 5, `grown at ${grown} looks`);
    await trail.close();
    assert.deepEqual((await rig.verify()).problems, []);
  } finally {
    await rig.remove();
  }
});
