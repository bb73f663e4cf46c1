import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { type PostForm, readPostForm, withinRange } from "./post-form.ts";
import { pieces } from "./test/chunks.ts";
import { refusal } from "./test/signer.ts";

const TYPE = "multipart/form-data; boundary=XX";
const field = (name: string, value: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (data: string, name = "a.txt"): string =>
  `--XX\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n${data}\r\n`;
const END = "--XX--\r\n";

async function readAll(
  text: string | Uint8Array,
  step = Number.MAX_SAFE_INTEGER,
): Promise<[PostForm, Buffer]> {
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) parts.push(bytes.subarray(at, at + step));
  const form = await readPostForm(TYPE, pieces(...parts));
  const out: Uint8Array[] = [];
  for await (const piece of form.file) out.push(piece);
  return [form, Buffer.concat(out)];
}

test("fields, then the file; what follows the file is read over", async () => {
  const text = `${field("kEy", "user/${filename}")}${field("x-amz-meta-ü", "wert ü")}${file("hello\r\n--X", "C:\\dir\\a.txt")}${field("late", "1")}${file("second")}${END}`;
  for (const step of [1, 7, 1000]) {
    const [form, data] = await readAll(text, step);
    assert.deepEqual(
      [...form.fields],
      [
        ["key", "user/${filename}"],
        ["x-amz-meta-ü", "wert ü"],
      ],
    );
    assert.equal(data.toString(), "hello\r\n--X");
    assert.equal(form.fileName, "a.txt");
    assert.equal(form.fileContentType, "text/plain");
  }
});

test("a large file streams whole", async () => {
  const data = randomBytes(3 << 20);
  const text = Buffer.concat([
    Buffer.from(field("key", "k") + file("").slice(0, -2)),
    data,
    Buffer.from(`\r\n${END}`),
  ]);
  assert.ok((await readAll(text, 65536))[1].equals(data));
});

test("fields that trickle end with their time; a file may take longer", async () => {
  async function* slowly(text: string): AsyncGenerator<Uint8Array> {
    for (const byte of Buffer.from(text)) {
      await new Promise((done) => setTimeout(done, 5));
      yield Uint8Array.of(byte);
    }
  }
  const fields = field("key", "k".repeat(100));
  const late = await refusal(readPostForm(TYPE, slowly(fields + file("") + END), 100));
  assert.equal(late.code, "RequestTimeout");
  async function* thenSlowly(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(fields + file("").slice(0, -2));
    yield* slowly("a".repeat(150));
    yield Buffer.from(`\r\n${END}`);
  }
  const form = await readPostForm(TYPE, thenSlowly(), 500);
  let size = 0;
  for await (const piece of form.file) size += piece.length;
  assert.equal(size, 150);
});

test("hostile forms", async () => {
  const many = Array.from({ length: 300 }, (_, i) => field(`x-ignore-${i}`, "")).join("");
  for (const [text, code] of [
    ["", "MalformedPOSTRequest"],
    ["garbage", "MalformedPOSTRequest"],
    ["--XX", "MalformedPOSTRequest"],
    [field("key", "k"), "MalformedPOSTRequest"],
    [`${field("key", "k")}${END}`, "InvalidArgument"],
    [END, "InvalidArgument"],
    [`${field("key", "k")}${file("data").slice(0, -6)}`, "MalformedPOSTRequest"],
    [`${field("key", "k")}${file("data")}`, "MalformedPOSTRequest"],
    [`${field("key", "k")}${field("KEY", "other")}${file("d")}${END}`, "MalformedPOSTRequest"],
    [`--XX\r\nContent-Disposition: form-data\r\n\r\nv\r\n${file("d")}${END}`, "MalformedPOSTRequest"],
    [`${field("a", "v".repeat(70_000))}${file("d")}${END}`, "MaxPostPreDataLengthExceeded"],
    [
      `${field("a", "v".repeat(40_000))}${field("b", "v".repeat(40_000))}${file("d")}${END}`,
      "MaxPostPreDataLengthExceeded",
    ],
    [`${many}${file("d")}${END}`, "MaxPostPreDataLengthExceeded"],
  ] as const) {
    for (const step of [5, 100_000]) {
      const error = await refusal(readAll(text, step));
      assert.equal(error.code, code, text.slice(0, 90));
    }
  }
  const enclosure = await refusal(readPostForm("application/json", pieces()));
  assert.deepEqual([enclosure.status, enclosure.code], [412, "PreconditionFailed"]);
  assert.equal(
    (await refusal(readPostForm("multipart/form-data; x", pieces()))).code,
    "MalformedPOSTRequest",
  );
});

test("truncated anywhere: refused, and never hangs", async () => {
  const text = field("key", "k") + file("some data") + END;
  // The last line's CRLF is an epilogue; the closing dashes are not.
  for (let size = 0; size < text.length - 2; size++) {
    assert.ok((await refusal(readAll(text.slice(0, size)))) instanceof ServiceError);
  }
});

test("giving up lets go of the source", async () => {
  for (const how of ["discard", "break"] as const) {
    let closed = false;
    const source = (async function* () {
      try {
        yield Buffer.from(field("key", "k") + file("x").slice(0, -2));
        for (;;) yield Buffer.alloc(65536);
      } finally {
        closed = true;
      }
    })();
    const form = await readPostForm(TYPE, source);
    if (how === "discard") form.discard();
    else for await (const _ of form.file) break;
    for (let i = 0; i < 50 && !closed; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(closed, how);
  }
});

test("mutated forms never do anything but be refused or read", async () => {
  const seed = Buffer.from(field("key", "k") + field("policy", "e30=") + file("data") + END);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(seed.length), fc.nat(255)), { maxLength: 6 }),
      async (edits) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of edits) bytes[at] = value;
        await readAll(bytes, 16).catch((error: unknown) => assert.ok(error instanceof ServiceError));
      },
    ),
    { numRuns: 300 },
  );
});

test("content-length-range", async () => {
  const run = async (min: number, max: number): Promise<void> => {
    for await (const _ of withinRange(pieces(Buffer.from("12"), Buffer.from("345")), { min, max }));
  };
  await run(0, 5);
  await run(5, 5);
  assert.equal((await refusal(run(0, 4))).code, "EntityTooLarge");
  assert.equal((await refusal(run(6, 9))).code, "EntityTooSmall");
});
