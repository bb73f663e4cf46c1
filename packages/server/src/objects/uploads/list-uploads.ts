/** ListMultipartUploads: by key, then by initiation, with delimiter groups. Ended uploads stand elsewhere and cost nothing here. */
import { failArgument } from "../../base/errors.ts";
import { UPLOAD_MARKER_ROWS_MAX } from "../../base/limits.ts";
import type { Bucket, ListedUpload, ListUploadsInput, UploadsService } from "../api.ts";
import { breathe, chunkOf, fitsKeys, placeOfText, SEPARATOR } from "../listing/list-keys.ts";
import type { Position } from "../listing/cursor.ts";
import { positionOf } from "../listing/cursor.ts";
import type { Row } from "../../store/port.ts";
import { sameBytes } from "../rows/content-record.ts";
import { escapeText, keyOfPointer } from "../rows/row-keys.ts";
import type { UploadsCore } from "./find-upload.ts";
import { openUploads } from "./jobs.ts";
import { initiatorOf } from "./list-parts.ts";
import {
  initiatedMs,
  parseUploadId,
  splitUploadKey,
  uploadIdOf,
  uploadKey,
  type UploadUid,
} from "./upload-keys.ts";
import { uploadCodec } from "./upload-record.ts";
import { concat } from "../../store/key-bytes.ts";

type Result = Awaited<ReturnType<UploadsService["listUploads"]>>;

export async function listUploads(
  uploads: UploadsCore,
  bucket: Bucket,
  input: ListUploadsInput,
): Promise<Result> {
  const { prefix, delimiter, max } = input;
  const items: Result["items"][number][] = [];
  if (max === 0 || !fitsKeys(prefix)) return { items, more: false };
  let position = await startOf(uploads, bucket, input);
  for (;;) {
    const page = await uploads.core.records.store.groups({
      table: "upload",
      prefix: placeOfText(bucket.id, prefix),
      delimiter: escapeText(delimiter),
      terminator: SEPARATOR,
      ...(position === undefined ? {} : position),
      limit: chunkOf(max - items.length),
    });
    for (const item of page.items) {
      if (item.kind === "row")
        items.push({ kind: "upload", upload: await listed(uploads, bucket, item.row) });
      else items.push({ kind: "group", prefix: keyOfPointer(item.prefix) });
    }
    const last = page.items.at(-1);
    if (last === undefined || !page.more || items.length >= max) return { items, more: page.more };
    position = positionOf(last);
    await breathe();
  }
}

async function startOf(
  uploads: UploadsCore,
  bucket: Bucket,
  { after, afterIsGroup, uploadIdMarker }: ListUploadsInput,
): Promise<Position | undefined> {
  if (after === "") return undefined;
  const place = placeOfText(bucket.id, after);
  if (afterIsGroup) return { after: place, afterIsGroup };
  if (uploadIdMarker === undefined || uploadIdMarker === "") {
    // All uploads of the marker's key are behind.
    return { after: concat(place, SEPARATOR), afterIsGroup: true };
  }
  const uid = parseUploadId(uploadIdMarker);
  if (uid === undefined || (await isOfAnotherKey(uploads, bucket, place, uid)))
    failArgument("Invalid uploadId marker", "upload-id-marker", uploadIdMarker);
  return { after: uploadKey(place, uid), afterIsGroup: false };
}

/** An upload that has ended since the last page is nobody's, and keeps its place: clients abort what they list. */
async function isOfAnotherKey(
  { core }: UploadsCore,
  bucket: Bucket,
  place: Uint8Array,
  uid: UploadUid,
): Promise<boolean> {
  const [own] = await core.records.store.get([{ table: "upload", key: uploadKey(place, uid) }]);
  if (own !== undefined) return false;
  let looked = 0;
  for await (const open of openUploads(core, bucket.id)) {
    if (sameBytes(open.uid, uid)) return true;
    if (++looked === UPLOAD_MARKER_ROWS_MAX) break;
  }
  return false;
}

async function listed(uploads: UploadsCore, bucket: Bucket, row: Row): Promise<ListedUpload> {
  const { value: upload } = await uploads.core.records.open(uploadCodec, "upload", row, false);
  const { pointer, uid } = splitUploadKey(row.key);
  const { checksum } = upload;
  return {
    key: keyOfPointer(pointer),
    uploadId: uploadIdOf(uid),
    initiatedMs: initiatedMs(uid),
    initiator: initiatorOf(uploads, bucket, upload),
    ...(checksum === undefined ? {} : { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
  };
}
