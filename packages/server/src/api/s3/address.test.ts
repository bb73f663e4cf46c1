import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "./address.ts";

const DOMAINS = ["s3.example.org", "eu.s3.example.org"];
const at = (host: string | undefined, path: string): string => {
  const { target, bucket = "", key = "" } = addressOf(path, host, DOMAINS);
  return `${target} ${bucket} ${key}`.trim();
};

test("path style", () => {
  assert.equal(at("s3.example.org", "/"), "service");
  assert.equal(at("localhost:9000", "/bucket"), "bucket bucket");
  assert.equal(at("localhost:9000", "/bucket/"), "bucket bucket");
  assert.equal(at(undefined, "/bucket//a/../b/"), "object bucket /a/../b/");
  assert.equal(at("[::1]:9000", "/bucket/k"), "object bucket k");
});

test("virtual-hosted", () => {
  assert.equal(at("bucket.s3.example.org", "/"), "bucket bucket");
  assert.equal(at("BUCKET.S3.example.org:9000", "/k"), "object bucket k");
  assert.equal(at("my.bucket.s3.example.org", "//k"), "object my.bucket /k");
  assert.equal(at("bucket.eu.s3.example.org", "/k"), "object bucket k");
  assert.equal(at("eu.s3.example.org", "/"), "service");
  assert.equal(at("notours3.example.org", "/bucket"), "bucket bucket");
});
