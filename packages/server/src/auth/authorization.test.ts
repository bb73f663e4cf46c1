import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthFailure } from "./auth-failure.ts";
import { parseAuthorization } from "./authorization.ts";

const HEAD =
  "AWS4-HMAC-SHA256 Credential=AKIAKNOWN/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=";
const hex = (digit: string): string => digit.repeat(64);

test("a head that is known parses as one that is not", () => {
  const first = parseAuthorization(HEAD + hex("a"));
  const second = parseAuthorization(HEAD + hex("b"));
  assert.deepEqual(second, { ...first, signature: hex("b") });
  assert.deepEqual(second.signedHeaders, ["host", "x-amz-date"]);
});

test("what ends in 64 characters after a known head and is no signature is read in full", () => {
  parseAuthorization(HEAD + hex("a"));
  const malformed = (tail: string) =>
    assert.throws(() => parseAuthorization(HEAD + tail.padEnd(64, "0")), AuthFailure);
  malformed("abc,Unknown=");
  malformed("abc, Signature");
  malformed("abc,Signature=");
  // Blanks at the end are none of it.
  assert.equal(parseAuthorization(`${HEAD}${"a".repeat(63)}\u00a0`).signature, "a".repeat(63));
});

test("a long head is not kept: callers without a key must not fill memory", () => {
  const parsed = (head: string) => parseAuthorization(head + hex("a")).signedHeaders;
  assert.equal(parsed(HEAD), parsed(HEAD));
  const names = Array.from({ length: 4000 }, (_, i) => `z${i}`).join(";");
  const long = HEAD.replace("x-amz-date", `x-amz-date;${names}`);
  assert.notEqual(parsed(long), parsed(long));
  assert.deepEqual(parsed(long), parsed(long));
});
