import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeMetrics } from "./metrics-merge.ts";
import { openMetrics } from "./metrics.ts";

test("of several workers: counters are summed, the oldest upload counts, and one that refuses writes shows", async () => {
  const worker = (writable: boolean, oldest: number) => {
    const metrics = openMetrics({
      oldestUploadSeconds: () => Promise.resolve(oldest),
      freeBytes: () => 1000,
      writable: () => writable,
    });
    metrics.kmsCall("Decrypt");
    return metrics.collect();
  };
  const merged = async (...states: readonly boolean[]) =>
    mergeMetrics(await Promise.all(states.map((writable, i) => worker(writable, i))));
  const text = await merged(true, false, true);
  assert.match(text, /^strongroom_writable 0$/m);
  assert.match(text, /^strongroom_oldest_upload_age_seconds 2$/m);
  assert.match(text, /^strongroom_disk_free_bytes 1000$/m);
  assert.match(text, /^strongroom_kms_calls_total\{operation="Decrypt"\} 3$/m);
  assert.match(await merged(true, true), /^strongroom_writable 1$/m);
});
