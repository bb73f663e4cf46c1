/** Copies whose bytes go through the process: however many ask, so many are at work, and small ones wait for nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { COPIES_AT_ONCE } from "../base/limits.ts";
import { MemoryModel } from "../store/memory/model.ts";
import type { Store } from "../store/port.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { bodyOf, pattern, PLAIN, putInput, readInput, refused, ssec, testCaller } from "./test-world.ts";
import { alice, Client, listed, makeUploads } from "./uploads/test-uploads.ts";

const SIZE = 100_000;
const OTHER = { ssec: ssec(32) };

/** Reads of blobs stand still until they are let go. */
function slowHome(): { store: Store; reading: () => number; mostReading: () => number; letGo: () => void } {
  const store = new MemoryModel().open();
  let reading = 0;
  let most = 0;
  let letGo = (): void => undefined;
  const going = new Promise<void>((resolve) => (letGo = resolve));
  async function* get(...args: Parameters<Store["blobs"]["get"]>): AsyncGenerator<Uint8Array> {
    most = Math.max(most, ++reading);
    try {
      await going;
      yield* store.blobs.get(...args);
    } finally {
      reading--;
    }
  }
  return {
    store: { ...store, blobs: { ...store.blobs, get } },
    reading: () => reading,
    mostReading: () => most,
    letGo,
  };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await turn();
}

test("so many copies of objects and parts move bytes at once; who leaves is not waited for", async () => {
  const home = slowHome();
  const world = await makeUploads(home.store);
  const bucket = await world.bucket();
  await world.objects.put(alice, bucket, putInput("s"), bodyOf(pattern(SIZE)));
  await world.objects.put(alice, bucket, putInput("small"), bodyOf(pattern(1000)));
  const source = (key: string) => ({ bucket, key: putInput(key).key, ssec: NO_SSEC, conditions: {} });
  const copy = (from: string, to: string, caller = alice) =>
    world.objects.copy(caller, bucket, {
      source: source(from),
      key: putInput(to).key,
      encryption: OTHER,
      conditions: {},
      changesPlacement: true,
    });
  const client = await Client.begin(world, bucket, "u", { encryption: PLAIN });
  const part = (partNumber: number) =>
    world.uploads.copyPart(alice, bucket, {
      ...client.target,
      partNumber,
      ssec: NO_SSEC,
      source: source("s"),
    });
  const copies = Array.from({ length: COPIES_AT_ONCE }, (_, i) => copy("s", `c${i}`));
  await settled();
  const parts = Promise.all([part(1), part(2)]);
  const leaving = new AbortController();
  const left = copy("s", "never", testCaller("alice", { signal: leaving.signal }));
  await settled();
  assert.equal(home.reading(), COPIES_AT_ONCE);
  leaving.abort();
  await assert.rejects(left, refused("RequestTimeout"));
  await copy("small", "copy of small");

  home.letGo();
  await Promise.all(copies);
  const [one, two] = await parts;
  assert.equal(home.mostReading(), COPIES_AT_ONCE);
  await client.complete([listed(1, one), listed(2, two)]);
  const whole = await world.objects.head(alice, bucket, readInput("u"));
  assert.equal(whole.facts.size, 2 * SIZE);
  await assert.rejects(
    async () => world.objects.head(alice, bucket, readInput("never")),
    refused("NoSuchKey"),
  );
});
