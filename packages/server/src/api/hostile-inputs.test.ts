/**
 * Texts that anybody may send, made to be read again and again. Each is as large as its door takes; the bounds are far above
 * what reading once needs (a few milliseconds) and far below what reading for every character again would take.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticatePost, postKey } from "../auth/authenticate-post.ts";
import { isBase64 } from "../auth/post-policy.ts";
import { redactCanonical } from "../auth/redact.ts";
import { deps, refusal } from "../auth/test/signer.ts";
import { FORM_FIELDS_BYTES_MAX, HEADER_SECTION_BYTES_MAX } from "../base/limits.ts";
import { cpuMs } from "../policy/testing.ts";
import { FormSource } from "./s3/form-body.ts";
import { announcedAlgorithm } from "./s3/read/integrity.ts";

const CPU_MS_MAX = 300;
const HEAD_BYTES = 240_000;

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, "latin1");
}
async function* byteByByte(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}
async function readForm(source: AsyncIterable<Uint8Array>): Promise<number | undefined> {
  const form = new FormSource(source, "multipart/form-data; boundary=b");
  for await (const piece of form) assert.ok(piece.length > 0);
  return form.fileSize(0);
}

const KEPT = FORM_FIELDS_BYTES_MAX - 100;
const headers = (text: string): string => `--b\r\n${text}\r\n\r\n`;
const WORK: Readonly<Record<string, () => unknown>> = {
  "a form's policy of spaces": () => isBase64(`${" ".repeat(KEPT)}!`),
  "a form's policy of padding": () => isBase64(`${"=".repeat(KEPT)}`),
  "a form's policy, spaces after the padding": () => isBase64(`==${" ".repeat(KEPT)}!`),
  "a form's header line of header names": () =>
    readForm(once(headers("content-disposition:".repeat(HEAD_BYTES / 20)))),
  "a form's header lines without a name": () =>
    readForm(once(headers("content-disposition:\r\n".repeat(HEAD_BYTES / 22)))),
  "a form's header line of names": () =>
    readForm(once(headers(`content-disposition:${";name=".repeat(HEAD_BYTES / 6)}`))),
  "a form of parts, byte by byte": () =>
    readForm(byteByByte(headers("content-disposition: form-data").repeat(300))),
  "a canonical request of header names": () =>
    redactCanonical("x-amz-server-side-encryption-customer-".repeat(HEADER_SECTION_BYTES_MAX / 38)),
  "a canonical request of parameters": () =>
    redactCanonical(`&x-amz-${"server-side-encryption-customer-key".repeat(HEADER_SECTION_BYTES_MAX / 35)}`),
  "a trailer's announcement of commas": () =>
    assert.throws(() => announcedAlgorithm(`${",".repeat(HEADER_SECTION_BYTES_MAX)}x`)),
};

for (const [what, work] of Object.entries(WORK))
  test(`reading is linear: ${what}`, async () => {
    const started = cpuMs();
    await work();
    const took = cpuMs() - started;
    assert.ok(took < CPU_MS_MAX, `${took.toFixed(0)} ms`);
  });

test("a policy is base64 as before: padding, and white space within and after it", () => {
  const yes = ["", "YQ==", "YWI=", "Y W\r\nI= \n", "YQ==\r\n", "   ", "YWJj  "];
  const no = ["=a", "YQ= =", "YQ===", "YQ==!", " !", "Y_-a"];
  for (const text of yes) assert.equal(isBase64(text), true, JSON.stringify(text));
  for (const text of no) assert.equal(isBase64(text), false, JSON.stringify(text));
});

test("a form's key is put together only if it is a key's length", async () => {
  const name = "n".repeat(8000);
  const key = "${filename}".repeat(5900);
  const started = cpuMs();
  const error = await refusal(() => postKey(new Map([["key", key]]), name));
  assert.equal(error.code, "KeyTooLongError");
  assert.ok(cpuMs() - started < CPU_MS_MAX);
  // What counts is the key that comes of it, in bytes.
  assert.equal(postKey(new Map([["key", "${filename}".repeat(1024)]]), "n").length, 1024);
  assert.equal(
    (await refusal(() => postKey(new Map([["key", "é${filename}"]]), "n".repeat(1023)))).code,
    error.code,
  );
});

test("a form of spaces is refused before its credential is looked for", async () => {
  const fields = new Map([
    ["key", "k"],
    ["policy", `${" ".repeat(KEPT)}!`],
    ["x-amz-algorithm", "AWS4-HMAC-SHA256"],
    ["x-amz-credential", "AKIANOBODY/20130524/us-east-1/s3/aws4_request"],
    ["x-amz-date", "20130524T000000Z"],
    ["x-amz-signature", "0".repeat(64)],
  ]);
  const started = cpuMs();
  assert.equal((await refusal(authenticatePost(fields, "b", deps()))).code, "InvalidArgument");
  assert.ok(cpuMs() - started < CPU_MS_MAX);
});
