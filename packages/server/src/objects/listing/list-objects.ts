/** ListObjects: current object versions by key, out of `head` alone. A page costs the same at ten keys and at ten million. */
import { IntegrityError } from "../../base/errors.ts";
import type { Row } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import type { Bucket, ListedObject, ListInput, ListResult } from "../api.ts";
import { etagOf } from "../facts.ts";
import { versionCodec } from "../rows/codecs.ts";
import { escapeText, keyOfPointer } from "../rows/row-keys.ts";
import type { ObjectVersion } from "../rows/version-record.ts";
import { breathe, chunkOf, fitsKeys, placeOfText } from "./list-keys.ts";

export async function listObjects(records: Records, bucket: Bucket, input: ListInput): Promise<ListResult> {
  const { prefix, delimiter, max } = input;
  const items: ListResult["items"][number][] = [];
  if (max === 0 || !fitsKeys(prefix)) return { items, more: false };
  let after = input.after === "" ? undefined : placeOfText(bucket.id, input.after);
  let { afterIsGroup } = input;
  for (;;) {
    const page = await records.store.groups({
      table: "head",
      prefix: placeOfText(bucket.id, prefix),
      delimiter: escapeText(delimiter),
      ...(after === undefined ? {} : { after, afterIsGroup }),
      limit: chunkOf(max - items.length),
    });
    for (const item of page.items) {
      if (item.kind === "row")
        items.push({ kind: "object", object: await listed(records, bucket, item.row) });
      else items.push({ kind: "group", prefix: keyOfPointer(item.prefix) });
    }
    const last = page.items.at(-1);
    if (last === undefined || !page.more || items.length >= max) return { items, more: page.more };
    afterIsGroup = last.kind === "group";
    after = last.kind === "group" ? last.prefix : last.row.key;
    await breathe();
  }
}

async function listed(records: Records, bucket: Bucket, row: Row): Promise<ListedObject> {
  const { value: version } = await records.open(versionCodec, "head", row, false);
  const key = keyOfPointer(row.key);
  if (version.kind !== "object" || version.key !== key || !sameBucket(version, bucket)) {
    throw new IntegrityError("a version stands under another key");
  }
  return { key, ...shownOf(version) };
}

export function sameBucket(version: ObjectVersion, bucket: Bucket): boolean {
  return version.bucketId.every((byte, i) => byte === bucket.id[i]);
}

export function shownOf(version: ObjectVersion): Omit<ListedObject, "key"> {
  const { checksum, plaintextSize } = version.manifest;
  return {
    etag: etagOf(version),
    size: plaintextSize,
    lastModifiedMs: version.lastModifiedMs,
    ...(checksum === undefined ? {} : { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
  };
}
