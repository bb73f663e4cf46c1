/** Finding an upload by its target. An id of another key or bucket finds nothing, because both stand in the row's key. */
import { fail } from "../../base/errors.ts";
import { COMPLETING_POLL_MS, COMPLETING_POLLS_MAX } from "../../base/limits.ts";
import type { Entry } from "../../store/records.ts";
import type { Bucket, Owner, UploadTarget } from "../api.ts";
import type { Core } from "../core.ts";
import { pointerKey } from "../rows/row-keys.ts";
import { sameBytes } from "../rows/content-record.ts";
import { type Completion, endedCodec } from "./ended-record.ts";
import { endedRow, noSuchUpload, parseUploadId, type UploadUid, uploadKey } from "./upload-keys.ts";
import { uploadCodec, type UploadRecord } from "./upload-record.ts";

/** What the operations on uploads work with. */
export interface UploadsCore {
  readonly core: Core;
  readonly ownerOf: (account: Owner["account"]) => Owner;
  readonly limits: UploadLimits;
}
export interface UploadLimits {
  /** Plaintext bytes of every part but the last. */
  readonly partBytesMin: number;
}

export interface FoundUpload {
  readonly uid: UploadUid;
  readonly entry: Entry<UploadRecord>;
}

export async function findUpload(
  core: Core,
  bucket: Bucket,
  target: UploadTarget,
): Promise<FoundUpload | undefined> {
  const uid = parseUploadId(target.uploadId);
  if (uid === undefined) return undefined;
  const key = uploadKey(pointerKey(bucket.id, target.key), uid);
  const entry = await core.records.get(uploadCodec, "upload", key);
  return entry === undefined ? undefined : { uid, entry };
}

/** A completed upload while its answer is kept. */
export async function findCompletion(
  core: Core,
  bucket: Bucket,
  target: UploadTarget,
): Promise<Completion | undefined> {
  const uid = parseUploadId(target.uploadId);
  if (uid === undefined) return undefined;
  const { table, key } = endedRow(uid);
  const ended = (await core.records.get(endedCodec, table, key))?.value;
  if (ended?.how.kind !== "completed" || ended.key !== target.key) return undefined;
  return sameBytes(ended.bucketId, bucket.id) ? ended.how : undefined;
}

export async function requireUpload(core: Core, bucket: Bucket, target: UploadTarget): Promise<FoundUpload> {
  return (await findUpload(core, bucket, target)) ?? noSuchUpload(target.uploadId);
}

/** For a part: waits a little for a Complete that is under way, which may yet fail and leave the upload open. */
export async function requireOpen(core: Core, bucket: Bucket, target: UploadTarget): Promise<FoundUpload> {
  for (let polls = 0; ; polls++) {
    const found = await requireUpload(core, bucket, target);
    if (found.entry.value.state.kind === "open") return found;
    if (polls === COMPLETING_POLLS_MAX) fail("OperationAborted");
    await new Promise((done) => setTimeout(done, COMPLETING_POLL_MS));
  }
}
