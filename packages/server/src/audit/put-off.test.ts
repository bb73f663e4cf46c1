/** Records that are put off: they are put together with others, and whoever waits for one hears when it stands. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { FaultyFiles } from "./test/faulty-files.ts";
import { recordOf, seqsOf, withRig } from "./test/rig.ts";

test("records that were put off stand before the next one, and are written soon, by a flush and by the end", async () => {
  await withRig(async (rig) => {
    const trail = rig.trail();
    const putOff = (n: number): void => trail.later(() => void trail.append(recordOf(n)));
    putOff(0);
    putOff(1);
    trail.append(recordOf(2));
    putOff(3);
    await trail.flush();
    assert.deepEqual(await seqsOf(rig), [0, 1, 2, 3]);
    putOff(4);
    for (let i = 0; i < 200 && (await seqsOf(rig)).length < 5; i++) await sleep(10);
    assert.deepEqual(await seqsOf(rig), [0, 1, 2, 3, 4], "nobody asked");
    putOff(5);
    await trail.durable(trail.append(recordOf(6)));
    putOff(7);
    await trail.close();
    assert.deepEqual(await seqsOf(rig), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual((await rig.verify()).problems, []);
  });
});

test("records that were put off and fill a frame are written once, in their order", async () => {
  for (let before = 480; before < 500; before++) {
    await withRig(async (rig) => {
      const trail = rig.trail();
      await trail.durable(trail.append(recordOf(0)));
      // A kibibyte each: a frame has 512 of them.
      const large = (n: number) => ({
        ...recordOf(n),
        text: JSON.stringify({ n, filler: "x".repeat(1024) }),
      });
      let n = 1;
      while (n < before) trail.append(large(n++));
      trail.later(() => {
        for (let i = 0; i < 16; i++) trail.append(large(n++));
      });
      for (let i = 0; i < 200 && (await seqsOf(rig)).length < before + 16; i++) await sleep(10);
      await trail.close();
      assert.deepEqual(
        await seqsOf(rig),
        Array.from({ length: before + 16 }, (_, i) => i),
      );
      assert.deepEqual((await rig.verify()).problems, []);
    });
  }
});

test("records that are put off while the trail ends are written", async () => {
  await withRig(async (rig) => {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    await trail.durable(trail.append(recordOf(0)));
    const { promise, resolve } = Promise.withResolvers<void>();
    files.stopped = promise;
    trail.append(recordOf(1));
    const closed = trail.close();
    for (let i = 0; i < 200 && files.writes < 2; i++) await sleep(5);
    trail.later(() => void trail.append(recordOf(2)));
    resolve();
    await closed;
    assert.deepEqual(await seqsOf(rig), [0, 1, 2]);
    assert.deepEqual((await rig.verify()).problems, []);
  });
});

test("who waits for a record that was put off hears once it stands, whatever comes between", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("wait", "wait", "put off", "append", "durable", "large", "turn", "sleep"), {
        minLength: 1,
        maxLength: 60,
      }),
      async (steps) => {
        await withRig(async (rig) => {
          const trail = rig.trail();
          let pending: number[] = [];
          const putOff = (n: number): void => {
            if (pending.push(n) > 1) return;
            trail.later(() => {
              const all = pending;
              pending = [];
              for (const each of all) trail.append(recordOf(each));
            });
          };
          const standing = async (n: number): Promise<void> => {
            assert.ok((await seqsOf(rig)).includes(n), `${n} of ${steps.join()}`);
          };
          const waiting: Promise<void>[] = [];
          for (const [n, step] of steps.entries()) {
            if (step === "wait" || step === "put off") putOff(n);
            if (step === "wait") waiting.push(trail.durableLater().then(() => standing(n)));
            if (step === "append" || step === "turn" || step === "sleep") trail.append(recordOf(n));
            if (step === "large")
              trail.append({ ...recordOf(n), text: JSON.stringify({ n, filler: "x".repeat(300_000) }) });
            if (step === "durable")
              waiting.push(trail.durable(trail.append(recordOf(n))).then(() => standing(n)));
            if (step === "turn") await new Promise(setImmediate);
            if (step === "sleep") await sleep(2);
          }
          await Promise.all(waiting);
          await trail.close();
          assert.deepEqual(await seqsOf(rig), [...steps.keys()]);
          assert.deepEqual((await rig.verify()).problems, []);
        });
      },
    ),
    { numRuns: 40 },
  );
});

test("a record that was put off while a frame is written is in the next one, and so is who waits for it", async () => {
  await withRig(async (rig) => {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    await trail.durable(trail.append(recordOf(0)));
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    files.stopped = first.promise;
    const before = files.writes;
    const earlier = trail.durable(trail.append(recordOf(1)));
    for (let i = 0; i < 200 && files.writes === before; i++) await sleep(5);
    trail.later(() => void trail.append(recordOf(2)));
    let heard = false;
    const later = trail.durableLater().then(() => (heard = true));
    files.stopped = second.promise;
    first.resolve();
    await earlier;
    for (let i = 0; i < 200 && files.writes === before + 1; i++) await sleep(5);
    assert.equal(heard, false);
    second.resolve();
    await later;
    assert.deepEqual(await seqsOf(rig), [0, 1, 2]);
    await trail.close();
  });
});

test("a trail whose only record cannot be put together goes on", async () => {
  await withRig(async (rig) => {
    const trail = rig.trail();
    for (let i = 0; i < 2; i++) {
      trail.later(() => {
        throw new Error("a slot too many");
      });
      await assert.rejects(trail.durableLater(), ServiceError);
    }
    await sleep(100);
    await trail.durable(trail.append(recordOf(0)));
    await trail.close();
    assert.deepEqual(await seqsOf(rig), [0]);
  });
});

test("a record that cannot be put together refuses who waits, and nobody else", async () => {
  await withRig(async (rig) => {
    const trail = rig.trail();
    trail.later(() => {
      trail.append(recordOf(0));
      throw new Error("a slot too many");
    });
    await assert.rejects(trail.durableLater(), ServiceError);
    trail.later(() => void trail.append(recordOf(1)));
    await trail.durableLater();
    assert.deepEqual(await seqsOf(rig), [0, 1]);
    await trail.close();
    assert.deepEqual((await rig.verify()).problems, []);
  });
});

test("who waits for a record that was put off is refused while it cannot be written; it is once it can be", async () => {
  await withRig(async (rig) => {
    const files = new FaultyFiles(rig.files.directory);
    const trail = rig.trail(files);
    await trail.durable(trail.append(recordOf(0)));
    files.failing = true;
    trail.later(() => void trail.append(recordOf(1)));
    await assert.rejects(trail.durableLater(), ServiceError);
    assert.equal(trail.takesLater, false);
    trail.later(() => void trail.append(recordOf(2)));
    await assert.rejects(trail.durableLater(), ServiceError);
    files.failing = false;
    for (let i = 0; i < 200 && !trail.writable; i++) await sleep(20);
    trail.later(() => void trail.append(recordOf(3)));
    await trail.durableLater();
    assert.deepEqual(await seqsOf(rig), [0, 1, 2, 3]);
    await trail.close();
    assert.deepEqual((await rig.verify()).problems, []);
  });
});
