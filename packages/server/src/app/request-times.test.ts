import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestTimes } from "./request-times.ts";

const measure = (operation: string, status: number, milliseconds: number) => ({
  service: "s3",
  operation,
  status,
  errorCode: undefined,
  milliseconds,
});

test("requests are counted by status, and in each bucket that holds them", () => {
  const times = new RequestTimes();
  times.note(measure("GetObject", 200, 0.5));
  times.note(measure("GetObject", 200, 0.6));
  times.note(measure("GetObject", 404, 40_000));
  times.note(measure("PutObject", 200, 3));
  const [requests, seconds] = times.collect();
  assert.deepEqual(requests?.values, [
    { labels: { service: "s3", operation: "GetObject", status: "200" }, value: 2 },
    { labels: { service: "s3", operation: "GetObject", status: "404" }, value: 1 },
    { labels: { service: "s3", operation: "PutObject", status: "200" }, value: 1 },
  ]);
  const gets = (seconds?.values ?? []).filter(({ labels }) => labels["operation"] === "GetObject");
  const bucket = (le: number | string) =>
    gets.find(({ labels, metricName }) => metricName?.endsWith("_bucket") === true && labels["le"] === le)
      ?.value;
  // A time that is a bound belongs to it; what exceeds all bounds is in the last one alone.
  assert.deepEqual([bucket(0.0005), bucket(0.001), bucket(30), bucket("+Inf")], [1, 2, 2, 3]);
  const value = (name: string) => gets.find(({ metricName }) => metricName?.endsWith(name))?.value;
  assert.equal(value("_count"), 3);
  assert.ok(Math.abs((value("_sum") ?? 0) - 40.0011) < 1e-9);
});

test("nobody has asked for anything: no values", () => {
  assert.deepEqual(
    new RequestTimes().collect().map(({ values }) => values),
    [[], []],
  );
});
