/** Multipart uploads in the rows' terms: create, parts, completion, and reads at the seams. */
import assert from "node:assert/strict";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { type Answer, call, type Headers } from "../call.ts";
import { ok } from "../expect.ts";
import { type Case, etagOf, pattern } from "./row.ts";

export class Upload {
  readonly c: Case;
  readonly id: string;
  readonly etags: string[] = [];

  constructor(c: Case, id: string) {
    this.c = c;
    this.id = id;
  }
  static async begin(c: Case, headers: Headers = {}): Promise<Upload> {
    const created = ok(await c.create(headers));
    return new Upload(c, created.output?.UploadId ?? "");
  }
  get #target() {
    return { ...this.c.at, UploadId: this.id };
  }

  async part(PartNumber: number, body: string | Uint8Array, headers: Headers = {}): Promise<Answer> {
    const command = new UploadPartCommand({ ...this.#target, PartNumber, Body: body });
    const answer = await call(this.c.s3, command, headers);
    if (answer.status === 200) this.etags[PartNumber - 1] = etagOf(answer);
    return answer;
  }
  async partCopy(PartNumber: number, source: Case, headers: Headers = {}, CopySourceRange?: string) {
    const CopySource = `${source.bucket}/${source.key}`;
    const range = CopySourceRange === undefined ? {} : { CopySourceRange };
    const command = new UploadPartCopyCommand({ ...this.#target, PartNumber, CopySource, ...range });
    const answer = await call(this.c.s3, command, headers);
    if (answer.status === 200) {
      this.etags[PartNumber - 1] = (answer.output?.CopyPartResult?.ETag ?? "").replaceAll('"', "");
    }
    return answer;
  }
  complete(headers: Headers = {}) {
    const Parts = this.etags.map((ETag, i) => ({ ETag, PartNumber: i + 1 }));
    const command = new CompleteMultipartUploadCommand({ ...this.#target, MultipartUpload: { Parts } });
    return call(this.c.s3, command, headers);
  }
  list(headers: Headers = {}) {
    return call(this.c.s3, new ListPartsCommand(this.#target), headers);
  }
  abort() {
    return call(this.c.s3, new AbortMultipartUploadCommand(this.#target));
  }
}

/** Uploads `size` bytes in parts of `partSize`; `check` sees every answer on the way. */
export async function uploadInParts(
  c: Case,
  size: number,
  partSize: number,
  headers: Headers,
  check: (answer: Answer, step: "create" | "part" | "complete") => void,
  partHeaders: Headers = {},
): Promise<{ readonly body: Buffer; readonly upload: Upload; readonly etag: string }> {
  const body = pattern(size);
  const created = ok(await c.create(headers));
  check(created, "create");
  const upload = new Upload(c, created.output?.UploadId ?? "");
  for (let at = 0, n = 1; at < size; at += partSize, n++) {
    check(await upload.part(n, body.subarray(at, at + partSize), partHeaders), "part");
  }
  const completed = await upload.complete();
  check(completed, "complete");
  return { body, upload, etag: (completed.output?.ETag ?? "").replaceAll('"', "") };
}

/** Reads the whole in ranges of one width, and a last one past the end. */
export async function readRanges(
  c: Case,
  whole: Buffer,
  width: number,
  headers: Headers = {},
): Promise<void> {
  for (let at = 0; at < whole.length; at += width) {
    const command = new GetObjectCommand({ ...c.at, Range: `bytes=${at}-${at + width - 1}` });
    const got = ok(await call(c.s3, command, headers), 206);
    const piece = whole.subarray(at, at + width);
    assert.equal(got.headers["content-range"], `bytes ${at}-${at + piece.length - 1}/${whole.length}`);
    assert.ok(got.body.equals(piece), `range of ${width} at ${at}`);
  }
}
