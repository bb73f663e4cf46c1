import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readPostForm } from "../../auth/post-form.ts";
import { ServiceError } from "../../base/errors.ts";
import { FORM_FILE_HELD_BYTES_MAX } from "../../base/limits.ts";
import { FormBody, FormSource } from "./form-body.ts";

const BOUNDARY = "----boundary";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

function form(fields: Record<string, string>, file: Buffer, tail = `\r\n--${BOUNDARY}--\r\n`): Buffer {
  let head = "";
  for (const [name, value] of Object.entries(fields)) {
    head += `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  }
  head += `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: text/plain\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), file, Buffer.from(tail)]);
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function read(bytes: Buffer, size: number): Promise<{ readonly size: number; readonly data: Buffer }> {
  const source = new FormSource(cut(bytes, size), TYPE);
  const { file } = await readPostForm(TYPE, source);
  const body = await FormBody.open(file, () => source.fileSize(bytes.length));
  const pieces: Uint8Array[] = [];
  for await (const piece of body.stream()) pieces.push(piece);
  return { size: body.size, data: Buffer.concat(pieces) };
}

test("a small file has its size whatever surrounds it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 64 }),
      async (bytes, size) => {
        const file = Buffer.from(bytes);
        for (const tail of [
          `\r\n--${BOUNDARY}--\r\n`,
          `\r\n--${BOUNDARY}--`,
          `\r\n--${BOUNDARY}--\r\nepilogue`,
        ]) {
          const got = await read(form({ key: "k" }, file, tail), size);
          assert.equal(got.size, file.length);
          assert.deepEqual(got.data, file);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("a large file's size follows from Content-Length", async () => {
  const file = Buffer.alloc(FORM_FILE_HELD_BYTES_MAX + 12_345, "x\r\n--not-the-boundary");
  for (const size of [65_536, 100_003]) {
    const got = await read(form({ key: "k", note: 'name="file"' }, file), size);
    assert.equal(got.size, file.length);
    assert.ok(got.data.equals(file));
  }
});

test("a large file must be the last part", async () => {
  const file = Buffer.alloc(FORM_FILE_HELD_BYTES_MAX + 1);
  const more = `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="late"\r\n\r\nx\r\n--${BOUNDARY}--\r\n`;
  await assert.rejects(
    read(form({ key: "k" }, file, more), 65_536),
    (error) => error instanceof ServiceError && error.code === "MalformedPOSTRequest",
  );
});

test("a small file that comes in pieces is kept as one", async () => {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 1000; i++) yield Uint8Array.of(i & 255);
  }
  const body = await FormBody.open(bytes(), () => undefined);
  const pieces: Uint8Array[] = [];
  for await (const piece of body.stream()) pieces.push(piece);
  assert.equal(pieces.length, 1);
  assert.equal(pieces[0]?.length, 1000);
});
