/** Group commit, failing disks, dead processes. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../base/errors.ts";
import { answer } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { recoverStreams, StreamWatch } from "./recover.ts";
import { silentLog } from "../base/log.ts";
import { Records } from "../store/records.ts";
import type { Store } from "../store/port.ts";
import { StreamEnded } from "./ledger.ts";
import { FaultyFiles } from "./test/faulty-files.ts";
import { recordOf, Rig, seqsOf, writeStream } from "./test/rig.ts";
import { walkStream } from "./walk.ts";

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

test("who asks while a frame is written that holds all there is waits for it, and the next one for its own", async () => {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    const stop = (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      files.stopped = promise;
      return resolve;
    };
    const goOn = stop();
    const first = trail.durable(trail.append(recordOf(1)));
    for (let i = 0; i < 200 && files.writes === 0; i++) await new Promise((done) => setTimeout(done, 5));
    assert.equal(files.writes, 1);
    const flushed = trail.flush();
    goOn();
    await Promise.all([first, flushed]);
    const goOnAgain = stop();
    let isDurable = false;
    const second = trail.durable(trail.append(recordOf(2))).then(() => (isDurable = true));
    for (let i = 0; i < 200 && files.writes === 1; i++) await new Promise((done) => setTimeout(done, 5));
    assert.equal(isDurable, false, "its frame is not written yet");
    goOnAgain();
    await second;
    await trail.close();
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

test("a segment whose last frame was never written gets no index that names its records", async () => {
  const rig = await Rig.make();
  try {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    for (const n of [0, 1]) await trail.durable(trail.append(recordOf(n)));
    files.failing = true;
    await assert.rejects(trail.durable(trail.append(recordOf(2))), ServiceError);
    await trail.close();
    const watch = new StreamWatch();
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
    await recoverStreams(parts, rig.nowMs, 0);
    assert.equal(await recoverStreams(parts, rig.nowMs, 200_000), 1);
    const [times] = await new TrailReader(rig.files, rig.seedOf).segments(0, Infinity);
    assert.equal(times?.records, 2);
    assert.deepEqual((await rig.verify()).problems, []);
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
    const watch = new StreamWatch();
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
    assert.equal(await recoverStreams(parts, rig.nowMs, 0), 0);
    // The system's clock jumps forward, and back: only the watch tells how long nobody was heard.
    assert.equal(await recoverStreams(parts, rig.nowMs + 1e9, 60_000), 0);
    assert.equal(await recoverStreams(parts, rig.nowMs - 1e9, 200_000), 1);
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
    const closed = once(child, "close");
    try {
      for (const untilMs = Date.now() + 60_000; acknowledged < 300; await sleep(5)) {
        assert.deepEqual([child.exitCode, child.signalCode], [null, null], "it writes until it is killed");
        assert.ok(Date.now() < untilMs, `${acknowledged} acknowledged`);
      }
    } finally {
      child.kill("SIGKILL");
      await closed;
    }
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

test("a process that stood still and was taken for dead writes nothing more", async () => {
  const rig = await Rig.make();
  try {
    let watchMs = 0;
    let fatal: Error | undefined;
    const trail = rig.trail(rig.files, { watch: () => watchMs, onFatal: (cause) => (fatal = cause) });
    await trail.durable(trail.append(recordOf(0)));
    watchMs += 100_000;
    // It lives: it asks, and goes on.
    await trail.durable(trail.append(recordOf(1)));
    const watch = new StreamWatch();
    const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
    await recoverStreams(parts, rig.nowMs, 0);
    assert.equal(await recoverStreams(parts, rig.nowMs, 200_000), 1);
    watchMs += 300_000;
    await assert.rejects(trail.durable(trail.append(recordOf(2))), ServiceError);
    assert.ok(fatal instanceof StreamEnded);
    await trail.close();
    const { problems, records } = await rig.verify();
    assert.deepEqual([problems, records], [[], 2]);
  } finally {
    await rig.remove();
  }
});

test("clock jumps: records of any order, checkpoints go on, and pages are in order of time", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (const [n, jump] of [0, 86_400_000, -172_800_000, 5, 1e10, -1e10].entries()) {
      rig.nowMs += jump;
      trail.append({ ...recordOf(n), timeMs: rig.nowMs });
      await trail.flush();
      await trail.checkpoint();
    }
    await trail.close();
    const { problems, records, unsigned } = await rig.verify();
    assert.deepEqual([problems, records, unsigned], [[], 6, 0]);
  } finally {
    await rig.remove();
  }
});

/** A process that dies with the k-th commit: before it is applied, or after and before anybody hears of it. */
for (const applied of [false, true]) {
  test(`death in the middle of a checkpoint, ${applied ? "committed" : "not committed"}`, async () => {
    for (let k = 1; k <= 4; k++) {
      const rig = await Rig.make();
      try {
        const { store } = rig;
        let commits = 0;
        const { promise: death, resolve: die } = Promise.withResolvers<void>();
        const dying: Store = {
          ...store,
          commit: async (commit) => {
            if (++commits < k) return store.commit(commit);
            if (commits === k && applied) await store.commit(commit);
            die();
            return new Promise(() => {});
          },
        };
        const trail = rig.trail(rig.files, { ledger: rig.ledgerOver(new Records(dying, rig.keyring)) });
        const acknowledged: number[] = [];
        for (let n = 0; n < 6 && commits < k; n++) {
          const written = trail.durable(trail.append(recordOf(n))).then(() => {
            acknowledged.push(n);
            return trail.checkpoint();
          });
          // No frame is being written when it dies: this process stands for the dead one, and would go on with it.
          await Promise.race([written, death]);
        }
        assert.equal(commits, k, "it died");
        // Another process finds what is there, ends the stream, and begins its own.
        const watch = new StreamWatch();
        const parts = { files: rig.files, ledger: rig.ledger, seedOf: rig.seedOf, log: silentLog, watch };
        await recoverStreams(parts, rig.nowMs, 0);
        await recoverStreams(parts, rig.nowMs, 200_000);
        await writeStream(rig, 1, 1);
        const { problems, open, unsigned } = await rig.verify();
        assert.deepEqual([problems, open, unsigned], [[], 0, 0], `commit ${k}`);
        const seqs = new Set(await seqsOf(rig));
        for (const n of acknowledged) assert.ok(seqs.has(n));
      } finally {
        await rig.remove();
      }
    }
  });
}
