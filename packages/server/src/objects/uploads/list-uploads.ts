/** ListMultipartUploads: by key, then by initiation, with delimiter groups. Ended uploads stand elsewhere and cost nothing here. */
import { failArgument } from "../../base/errors.ts";
import type { Bucket, ListedUpload, ListUploadsInput, UploadsService } from "../api.ts";
import { breathe, chunkOf, fitsKeys, placeOfText, SEPARATOR } from "../listing/list-keys.ts";
import type { Position } from "../listing/cursor.ts";
import { positionOf } from "../listing/cursor.ts";
import type { Row } from "../../store/port.ts";
import { escapeText, keyOfPointer } from "../rows/row-keys.ts";
import type { UploadsCore } from "./find-upload.ts";
import { initiatorOf } from "./list-parts.ts";
import { initiatedMs, parseUploadId, splitUploadKey, uploadIdOf, uploadKey } from "./upload-keys.ts";
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
  let position = startOf(bucket, input);
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

function startOf(bucket: Bucket, input: ListUploadsInput): Position | undefined {
  const { keyMarker, uploadIdMarker } = input;
  if (keyMarker === "") return undefined;
  const place = placeOfText(bucket.id, keyMarker);
  if (isGroup(input)) return { after: place, afterIsGroup: true };
  if (uploadIdMarker === undefined || uploadIdMarker === "") {
    // All uploads of the marker's key are behind.
    return { after: concat(place, SEPARATOR), afterIsGroup: true };
  }
  const uid = parseUploadId(uploadIdMarker);
  if (uid === undefined) failArgument("Invalid uploadId marker", "upload-id-marker", uploadIdMarker);
  return { after: uploadKey(place, uid), afterIsGroup: false };
}

/** A page that ended with a common prefix names it as its next key marker. */
function isGroup({ prefix, delimiter, keyMarker }: ListUploadsInput): boolean {
  if (delimiter === "" || !keyMarker.startsWith(prefix)) return false;
  const at = keyMarker.indexOf(delimiter, prefix.length);
  return at >= 0 && at + delimiter.length === keyMarker.length;
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
