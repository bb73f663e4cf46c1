/** multipart/form-data bodies. The first byte chooses the cuts. */
import { ServiceError } from "../../packages/server/src/base/errors.ts";
import { readPostForm } from "../../packages/server/src/auth/post-form.ts";
import { type FuzzTarget, invariant, seeds } from "./target.ts";

async function* cut(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

export async function fuzzPostForm(bytes: Uint8Array): Promise<void> {
  const body = bytes.subarray(1);
  try {
    const form = await readPostForm("multipart/form-data; boundary=XX", cut(body, 1 + (bytes[0] ?? 0)));
    let size = 0;
    for await (const piece of form.file) size += piece.length;
    invariant(size <= body.length, "no more file than form");
    for (const name of form.fields.keys()) invariant(name === name.toLowerCase(), "names in lower case");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}

const FIELD = '--XX\r\nContent-Disposition: form-data; name="key"\r\n\r\nuser/${filename}\r\n';
const FILE =
  '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n';

export const target: FuzzTarget = {
  seeds: seeds(`\x20${FIELD}${FILE}--XX--\r\n`, `\x01${FIELD}${FILE}${FIELD.replace("key", "x")}--XX--`),
  words: [
    "--XX",
    "\r\n",
    "--XX--\r\n",
    "Content-Disposition: form-data; ",
    'name="file"',
    "filename*=utf-8''a",
    '"',
    ";",
  ],
  run: fuzzPostForm,
};
