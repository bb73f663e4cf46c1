import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeMetrics } from "./metrics-merge.ts";
import { openMetrics } from "./metrics.ts";

const SAMPLED = { oldestUploadSeconds: () => Promise.resolve(0), freeBytes: () => 1, writable: () => true };

test("every request is in what is collected, however many there were since", async () => {
  const metrics = openMetrics(SAMPLED);
  const { meter } = metrics;
  const request = { service: "s3", status: 200, errorCode: undefined };
  let sum = 0;
  for (const count of [1, 63, 64, 130]) {
    for (let i = 0; i < count; i++) {
      meter.request({ ...request, operation: "GetObject", milliseconds: 2 });
      meter.request({ ...request, operation: "PutObject", milliseconds: 200 });
    }
    sum += count;
    const text = await mergeMetrics([await metrics.collect()]);
    const of = (operation: string) => `service="s3",operation="${operation}"`;
    for (const line of [
      `strongroom_requests_total{${of("GetObject")},status="200"} ${sum}`,
      `strongroom_request_seconds_count{${of("GetObject")}} ${sum}`,
      `strongroom_request_seconds_bucket{le="0.001",${of("GetObject")}} 0`,
      `strongroom_request_seconds_bucket{le="0.0025",${of("GetObject")}} ${sum}`,
      `strongroom_request_seconds_bucket{le="0.1",${of("PutObject")}} 0`,
      `strongroom_request_seconds_bucket{le="0.25",${of("PutObject")}} ${sum}`,
    ])
      assert.ok(text.split("\n").includes(line), `${line} in ${text}`);
  }
});

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
