/** Group commit, failing disks, dead processes. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { test } from "node:test";
import { ServiceError } from "../base/errors.ts";
import type { TrailFile } from "./files.ts";
import { TrailFiles } from "./files.ts";
import { answer } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { recoverStreams } from "./recover.ts";
import { silentLog } from "../base/log.ts";
import { recordOf, Rig, writeStream } from "./test/rig.ts";
import { walkStream } from "./walk.ts";

/** A disk that fails when it is told to, after having written a part. */
class FaultyFiles extends TrailFiles {
  failing = false;
  writes = 0;
  /** Every frame tried at a place. */
  readonly tried = new Map<number, Set<string>>();

  override async create(stream: string, number: number, header: Uint8Array): Promise<TrailFile> {
    if (this.failing) throw new Error("ENOSPC");
    const file = await super.create(stream, number, header);
    return {
      write: async (bytes, at) => {
        this.writes++;
        const tried = this.tried.get(at) ?? new Set();
        this.tried.set(at, tried.add(Buffer.from(bytes).toString("base64")));
        if (!this.failing) return file.write(bytes, at);
        await file.write(bytes.subarray(0, bytes.length / 2), at);
        throw new Error("ENOSPC");
      },
      close: () => file.close(),
    };
  }

  override async requireSpace(): Promise<void> {
    if (this.failing) throw new Error("ENOSPC");
  }
}

async function seqsOf(rig: Rig): Promise<readonly number[]> {
  const seqs: number[] = [];
  for (const stream of await rig.files.streams()) {
    for await (const step of walkStream(rig.files, stream, rig.seedOf))
      if (step.kind === "record") seqs.push(Number(JSON.parse(Buffer.from(step.record.text).toString()).n));
  }
  return seqs;
}

test("many records share few writes, and keep their order", async () => {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    const waiting = Array.from({ length: 500 }, (_, n) => trail.durable(trail.append(recordOf(n))));
    await Promise.all(waiting);
    assert.ok(files.writes <= 3, `${files.writes} writes`);
    await trail.close();
    assert.deepEqual(
      await seqsOf(rig),
      Array.from({ length: 500 }, (_, n) => n),
    );
    assert.deepEqual((await rig.verify()).problems, []);
  } finally {
    await rig.remove();
  }
});

test("a record that nobody waits for is written soon", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    trail.append(recordOf(1));
    for (let i = 0; i < 100 && (await seqsOf(rig)).length === 0; i++)
      await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(await seqsOf(rig), [1]);
    await trail.close();
  } finally {
    await rig.remove();
  }
});

test("a full disk refuses, loses nothing, and recovers without sealing twice under one nonce", async () => {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    await trail.durable(trail.append(recordOf(0)));
    files.failing = true;
    const refused = await trail.durable(trail.append(recordOf(1))).catch((error: unknown) => error);
    assert.ok(refused instanceof ServiceError);
    assert.equal(refused.status, 503);
    assert.match(refused.message, /audit trail/);
    assert.throws(() => trail.assertWritable(), ServiceError);
    assert.equal(trail.writable, false);
    // Of requests that were under way.
    trail.append(recordOf(2));
    files.failing = false;
    for (let i = 0; i < 200 && !trail.writable; i++) await new Promise((done) => setTimeout(done, 20));
    trail.assertWritable();
    await trail.durable(trail.append(recordOf(3)));
    await trail.close();
    for (const [at, frames] of files.tried) assert.equal(frames.size, 1, `at ${at}`);
    assert.deepEqual(await seqsOf(rig), [0, 1, 2, 3]);
    assert.deepEqual((await rig.verify()).problems, []);
  } finally {
    await rig.remove();
  }
});

test("a disk that is full from the start", async () => {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    files.failing = true;
    const trail = rig.trail(files);
    await assert.rejects(trail.durable(trail.append(recordOf(0))), ServiceError);
    files.failing = false;
    for (let i = 0; i < 200 && !trail.writable; i++) await new Promise((done) => setTimeout(done, 20));
    await trail.flush();
    await trail.close();
    assert.deepEqual((await rig.verify()).problems, []);
    assert.deepEqual(await seqsOf(rig), [0]);
  } finally {
    await rig.remove();
  }
});

test("checkpoints come by count and time, and cover what is durable only", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let n = 0; n < 5; n++) {
      rig.nowMs += 1100;
      for (let i = 0; i < 1200; i++) trail.append(recordOf(n * 1200 + i));
      await trail.flush();
      await trail.checkpoint();
    }
    const open = await rig.verify();
    assert.deepEqual(open.problems, []);
    assert.equal(open.open, 1);
    assert.ok(open.checkpoints >= 6, `${open.checkpoints} checkpoints`);
    await trail.close();
    const closed = await rig.verify();
    assert.equal(closed.records, 6000);
    assert.equal(closed.unsigned, 0);
  } finally {
    await rig.remove();
  }
});

test("a stream whose process died is signed as it was found", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let n = 0; n < 10; n++) await trail.durable(trail.append(recordOf(n)));
    const [stream = ""] = await rig.files.streams();
    // The frame that it was writing when it died.
    await appendFile(rig.files.path(stream, 0, "seg"), Buffer.from([0x46, 0, 0, 0, 0, 0, 0, 10, 1, 2, 3]));
    const dead = await rig.verify();
    assert.deepEqual(dead.problems, []);
    assert.equal(dead.unsigned, 10);
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog };
    assert.equal(await recoverStreams(parts, rig.nowMs + 1000), 0);
    assert.equal(await recoverStreams(parts, rig.nowMs + 200_000), 1);
    const ended = await rig.verify();
    assert.deepEqual(ended.problems, []);
    assert.deepEqual([ended.unsigned, ended.open], [0, 0]);
    await writeStream(rig, 1, 1);
    assert.equal((await rig.verify()).streams, 2);
  } finally {
    await rig.remove();
  }
});

test("several streams at once make one chain of checkpoints", async () => {
  const rig = await Rig.make();
  try {
    const trails = [rig.trail(), rig.trail(), rig.trail()];
    await Promise.all(
      trails.map(async (trail, t) => {
        for (let n = 0; n < 20; n++) {
          await trail.durable(trail.append(recordOf(t * 100 + n)));
          if (n % 5 === 0) await trail.checkpoint();
        }
        await trail.close();
      }),
    );
    const { problems, records, streams } = await rig.verify();
    assert.deepEqual(problems, []);
    assert.deepEqual([records, streams], [60, 3]);
    const found: unknown[] = [];
    for await (const f of answer(new TrailReader(rig.files, rig.seedOf), {})) found.push(f);
    // These records are no events; they are read and left out.
    assert.equal(found.length, 0);
  } finally {
    await rig.remove();
  }
});

test("kill -9 in the middle of batches: what was said to be durable is there", async () => {
  const rig = await Rig.make();
  try {
    const child = fork(new URL("./test/crash-child.ts", import.meta.url).pathname, [rig.directory], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let acknowledged = -1;
    let term: Uint8Array | undefined;
    child.on("message", (message: { readonly seed?: string; readonly n?: number }) => {
      if (message.seed !== undefined) term = Buffer.from(message.seed, "base64");
      if (message.n !== undefined) acknowledged = Math.max(acknowledged, message.n);
    });
    while (acknowledged < 300) await new Promise((done) => setTimeout(done, 5));
    child.kill("SIGKILL");
    await once(child, "close");
    assert.ok(term);
    const { SecretKey } = await import("@strongroom/crypto");
    const seed = SecretKey.fromBytes("audit", term);
    const seqs: number[] = [];
    for (const stream of await rig.files.streams()) {
      for await (const step of walkStream(rig.files, stream, () => seed)) {
        assert.notEqual(step.kind, "problem");
        if (step.kind === "record") seqs.push(step.record.seq);
      }
    }
    assert.ok(seqs.length > acknowledged, `${seqs.length} records, ${acknowledged} acknowledged`);
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, i) => i),
    );
  } finally {
    await rig.remove();
  }
});
