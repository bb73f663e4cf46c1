/**
 * The `life` row of a bucket: active or being deleted. Every commit that publishes something in a bucket expects it, so
 * that nothing appears in a bucket that was found empty and is going away. It changes only on creation and deletion.
 */
import { fail } from "../../base/errors.ts";
import type { BucketId } from "../../base/ids.ts";
import type { Expect, Row, RowKey } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { lifeCodec } from "./codecs.ts";

export const lifeRow = (bucket: BucketId): RowKey => ({ table: "life", key: bucket });

/**
 * The condition for a publishing commit, from the row as just read. Throws NoSuchBucket where it is gone, and
 * OperationAborted while a removal is under way: that may yet find the bucket in use.
 */
export async function expectActive(
  records: Records,
  bucket: BucketId,
  row: Row | undefined,
): Promise<Expect> {
  if (row === undefined) fail("NoSuchBucket");
  const { value } = await records.open(lifeCodec, "life", row);
  if (value !== "active") fail("OperationAborted");
  return { table: "life", key: bucket, rev: row.rev };
}

export async function readExpectActive(records: Records, bucket: BucketId): Promise<Expect> {
  const [row] = await records.store.get([lifeRow(bucket)]);
  return expectActive(records, bucket, row);
}
