/** Tampering: every way to change the trail on disk is found and named. */
import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseCheckpoint, printCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { FRAME_HEAD_BYTES, NO_HASH, SEGMENT_HEADER_BYTES } from "./format.ts";
import { Segment } from "./segment-reader.ts";
import { newRev } from "../base/ids.ts";
import type { Row } from "../store/port.ts";
import { recordOf, Rig, writeStream } from "./test/rig.ts";
import type { VerifyResult } from "./verify.ts";
import type { Damage } from "./walk.ts";

interface Frame {
  readonly offset: number;
  readonly bytes: number;
}
type Tamper = (file: Buffer, frames: readonly Frame[]) => Uint8Array;
const cut = (file: Buffer, frame: Frame): Buffer => file.subarray(frame.offset, frame.offset + frame.bytes);
const at = (frames: readonly Frame[], i: number): Frame => {
  const frame = frames.at(i);
  if (frame === undefined) throw new Error("no such frame");
  return frame;
};

/** Ten frames of three records each; the record named is the first that is wrong. */
const TABLE: readonly (readonly [string, Damage, number, Tamper])[] = [
  [
    "a byte of a sealed record",
    "edited",
    9,
    (file, frames) => {
      const copy = Buffer.from(file);
      const place = at(frames, 3).offset + FRAME_HEAD_BYTES + 50;
      copy[place] = (copy[place] ?? 0) ^ 1;
      return copy;
    },
  ],
  [
    "a time in a frame's clear head",
    "edited",
    9,
    (file, frames) => {
      const copy = Buffer.from(file);
      copy[at(frames, 3).offset + 24] = 9;
      return copy;
    },
  ],
  [
    "a frame's length",
    "edited",
    9,
    (file, frames) => {
      const copy = Buffer.from(file);
      copy[at(frames, 3).offset + 32] = 0x7f;
      return copy;
    },
  ],
  [
    "a frame dropped",
    "removed",
    9,
    (file, frames) => {
      const { offset, bytes } = at(frames, 3);
      return Buffer.concat([file.subarray(0, offset), file.subarray(offset + bytes)]);
    },
  ],
  [
    "two frames exchanged",
    "reordered",
    9,
    (file, frames) => {
      const a = at(frames, 3);
      const b = at(frames, 4);
      return Buffer.concat([
        file.subarray(0, a.offset),
        cut(file, b),
        cut(file, a),
        file.subarray(b.offset + b.bytes),
      ]);
    },
  ],
  [
    "a frame repeated",
    "inserted",
    12,
    (file, frames) => {
      const a = at(frames, 3);
      const end = a.offset + a.bytes;
      return Buffer.concat([file.subarray(0, end), cut(file, a), file.subarray(end)]);
    },
  ],
  [
    "a frame of somebody's own",
    "inserted",
    9,
    (file, frames) => {
      const a = at(frames, 3);
      const forged = Buffer.from(cut(file, a));
      forged.fill(7, FRAME_HEAD_BYTES);
      return Buffer.concat([file.subarray(0, a.offset), forged, file.subarray(a.offset)]);
    },
  ],
  ["the end cut off at a frame", "truncated", 27, (file, frames) => file.subarray(0, at(frames, -1).offset)],
  ["the end cut off within a frame", "truncated", 27, (file) => file.subarray(0, file.length - 5)],
  ["all but the header", "truncated", 0, (file) => file.subarray(0, SEGMENT_HEADER_BYTES)],
  [
    "the header",
    "edited",
    0,
    (file) => {
      const copy = Buffer.from(file);
      copy[140] = (copy[140] ?? 0) ^ 1;
      return copy;
    },
  ],
];

async function framesOf(rig: Rig, stream: string): Promise<readonly Frame[]> {
  const segment = await Segment.read(rig.files, stream, 0, rig.seedOf);
  if (typeof segment === "string") throw new Error(segment);
  return [...segment.frames()];
}

test("every damage to a segment is found, with the first bad record", async (t) => {
  const rig = await Rig.make();
  try {
    const stream = await writeStream(rig, 10, 3);
    await writeStream(rig, 2, 3);
    const whole = await rig.verify();
    assert.deepEqual(whole.problems, []);
    assert.equal(whole.records, 36);
    assert.equal(whole.unsigned, 0);
    assert.equal(whole.streams, 2);
    const path = rig.files.path(stream, 0, "seg");
    const file = await readFile(path);
    const frames = await framesOf(rig, stream);
    assert.equal(frames.length, 10);
    for (const [name, kind, seq, tamper] of TABLE) {
      await t.test(name, async () => {
        await writeFile(path, tamper(file, frames));
        const { problems } = await rig.verify();
        assert.deepEqual(
          problems.map((p) => [p.kind, p.seq, p.stream]),
          [[kind, seq, stream]],
        );
      });
    }
    await t.test("the whole stream gone", async () => {
      await rm(join(rig.files.directory, stream), { recursive: true });
      const { problems } = await rig.verify();
      assert.deepEqual(
        problems.map((p) => [p.kind, p.seq]),
        [["truncated", 0]],
      );
    });
    await t.test("a stream that no checkpoint knows", async () => {
      await writeStream(rig, 1, 1);
      const [other = ""] = await rig.files.streams();
      await rename(join(rig.files.directory, other), join(rig.files.directory, "ab".repeat(16)));
      const { problems } = await rig.verify();
      assert.ok(problems.some((p) => p.kind === "inserted" && p.stream === "ab".repeat(16)));
    });
  } finally {
    await rig.remove();
  }
});

test("checkpoints that are removed, exchanged, put back or kept outside", async (t) => {
  const rig = await Rig.make();
  try {
    await writeStream(rig, 4, 2);
    const { newest } = await rig.verify();
    assert.ok(newest);
    const outside = parseCheckpoint(printCheckpoint(newest));
    assert.ok(outside);
    await writeStream(rig, 4, 2);
    await t.test("the trail continues what was kept", async () => {
      assert.deepEqual((await rig.verify({ outside: [outside] })).problems, []);
    });
    await t.test("an outside checkpoint with another text", async () => {
      const forged: SignedCheckpoint = {
        ...outside,
        statement: { ...outside.statement, nextSeq: outside.statement.nextSeq - 1 },
      };
      const { problems } = await rig.verify({ outside: [forged] });
      assert.equal(problems[0]?.kind, "bad signature");
    });
    await t.test("another store's checkpoint", async () => {
      const other = await Rig.make();
      await writeStream(other, 1, 1);
      const theirs = (await other.verify()).newest;
      assert.ok(theirs);
      assert.equal((await rig.verify({ outside: [theirs] })).problems[0]?.kind, "unknown key");
      await other.remove();
    });
    const rows = await rig.store.scan({ table: "audit", from: new Uint8Array(), limit: 100 });
    const ofCheckpoints = rows.rows.filter((row) => row.key[0] === 0x63);
    await t.test("one row in another's place", async () => {
      const [first, second] = ofCheckpoints;
      assert.ok(first && second);
      await rig.store.commit({
        id: first.rev,
        put: [{ table: "audit", key: second.key, value: first.value }],
      });
      const { problems } = await rig.verify();
      assert.deepEqual([problems[0]?.kind, problems[0]?.seq], ["removed", 1]);
      await rig.store.commit({
        id: second.rev,
        put: [{ table: "audit", key: second.key, value: second.value }],
      });
      assert.deepEqual((await rig.verify()).problems, []);
    });
  } finally {
    await rig.remove();
  }
});

test("rows put back to an older state, while the files stay", async () => {
  const rig = await Rig.make();
  try {
    await writeStream(rig, 2, 2);
    const old = await rig.store.scan({ table: "audit", from: new Uint8Array(), limit: 100 });
    const { newest } = await rig.verify();
    assert.ok(newest);
    await writeStream(rig, 3, 2);
    const later = (await rig.verify()).newest;
    assert.ok(later);
    const now = await rig.store.scan({ table: "audit", from: new Uint8Array(), limit: 100 });
    const id = now.rows[0]?.rev;
    assert.ok(id);
    await rig.store.commit({
      id,
      delete: now.rows.map(({ key }) => ({ table: "audit", key })),
    });
    await rig.store.commit({
      id,
      put: old.rows.map(({ key, value }) => ({ table: "audit", key, value })),
    });
    const { problems } = await rig.verify({ outside: [later] });
    assert.deepEqual(problems.map((p) => p.kind).toSorted(), ["inserted", "truncated"]);
  } finally {
    await rig.remove();
  }
});

/** Rows of the trail by the first letter of their key, as a disk shows them. */
async function rowsOf(rig: Rig, letter: string): Promise<readonly Row[]> {
  const { rows } = await rig.store.scan({ table: "audit", from: new Uint8Array(), limit: 100 });
  return rows.filter(({ key }) => key[0] === letter.charCodeAt(0));
}
async function removeRows(rig: Rig, rows: readonly Row[]): Promise<void> {
  await rig.store.commit({ id: newRev(), delete: rows.map(({ key }) => ({ table: "audit", key })) });
}
async function putBack(rig: Rig, rows: readonly Row[]): Promise<void> {
  const put = rows.map(({ key, value }) => ({ table: "audit", key, value }) as const);
  await rig.store.commit({ id: newRev(), put });
}
const kindsOf = ({ problems }: VerifyResult): readonly Damage[] =>
  problems.map(({ kind }) => kind).toSorted();

/** A trail of three streams, and what somebody does to it. */
async function damaged(damage: (rig: Rig, streams: readonly string[]) => Promise<void>): Promise<void> {
  const rig = await Rig.make();
  try {
    const streams: string[] = [];
    for (let i = 0; i < 3; i++) streams.push(await writeStream(rig, 2, 2));
    assert.deepEqual((await rig.verify()).problems, []);
    await damage(rig, streams);
  } finally {
    await rig.remove();
  }
}
const removeFiles = (rig: Rig, stream: string): Promise<void> =>
  rm(join(rig.files.directory, stream), { recursive: true });

/** As the next process's first record would. */
const writeOne = (rig: Rig): Promise<unknown> =>
  rig.ledger.append(
    { kind: "open", streamId: new Uint8Array(16).fill(9), nextSeq: 0, head: NO_HASH, root: NO_HASH },
    0,
  );

test("the head removed with all files", () =>
  damaged(async (rig, streams) => {
    await removeRows(rig, await rowsOf(rig, "h"));
    for (const stream of streams) await removeFiles(rig, stream);
    const found = ["replayed", "replayed", "replayed", "replayed"];
    assert.deepEqual(kindsOf(await rig.verify()), found);
    // The next process does not begin another chain over the old one.
    await assert.rejects(writeOne(rig), /does not lead to checkpoint 0/);
    assert.deepEqual(kindsOf(await rig.verify()), found);
    await removeRows(rig, await rowsOf(rig, "c"));
    assert.deepEqual(kindsOf(await rig.verify()), ["replayed", "replayed", "replayed"]);
  }));

test("head, checkpoints and rows of streams removed, while files stay", () =>
  damaged(async (rig) => {
    for (const letter of ["h", "c", "s"]) await removeRows(rig, await rowsOf(rig, letter));
    assert.deepEqual(kindsOf(await rig.verify()), ["inserted", "inserted", "inserted"]);
  }));

test("the head put back to an older one, and a stream in the middle removed", () =>
  damaged(async (rig) => {
    const head = await rowsOf(rig, "h");
    const middle = await writeStream(rig, 2, 2);
    await writeStream(rig, 2, 2);
    await putBack(rig, head);
    await removeFiles(rig, middle);
    const { problems } = await rig.verify();
    assert.ok(problems.some(({ kind, stream }) => kind === "replayed" && stream === "checkpoints"));
    assert.ok(problems.some(({ kind, stream }) => kind === "replayed" && stream === middle));
    await assert.rejects(writeOne(rig), /does not lead to checkpoint/);
    assert.deepEqual((await rig.verify()).problems, problems);
  }));

test("a row of a stream that is ahead of its checkpoints, or gone", () =>
  damaged(async (rig) => {
    const before = [...(await rowsOf(rig, "h")), ...(await rowsOf(rig, "c"))];
    const trail = rig.trail();
    trail.append(recordOf(1));
    await trail.flush();
    const opened = [...(await rowsOf(rig, "h")), ...(await rowsOf(rig, "c"))];
    trail.append(recordOf(2));
    await trail.close();
    assert.deepEqual((await rig.verify()).problems, []);
    const whole = [...(await rowsOf(rig, "h")), ...(await rowsOf(rig, "c"))];
    for (const rows of [before, opened]) {
      await removeRows(rig, whole);
      await putBack(rig, rows);
      assert.ok((await rig.verify()).problems.some(({ kind }) => kind === "replayed"));
    }
    await putBack(rig, whole);
    assert.deepEqual((await rig.verify()).problems, []);
    const [row] = await rowsOf(rig, "s");
    assert.ok(row);
    await removeRows(rig, [row]);
    assert.deepEqual(kindsOf(await rig.verify()), ["removed"]);
  }));

test("a trail that is written while it is verified is whole", async () => {
  const rig = await Rig.make();
  try {
    await writeStream(rig, 3, 3);
    for (let i = 0; i < 20; i++) {
      const writers = [2, 3].map((frames) => writeStream(rig, frames, 2));
      assert.deepEqual((await rig.verify()).problems, []);
      await Promise.all(writers);
    }
    assert.deepEqual((await rig.verify()).problems, []);
  } finally {
    await rig.remove();
  }
});
