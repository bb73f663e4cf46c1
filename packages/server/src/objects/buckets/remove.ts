/**
 * Removing a bucket in steps that any process may finish (storage.md section 6): `life` goes from active to deleting, so
 * that nothing more can be published; then the bucket is looked through; then it is removed, or active again. Every commit
 * expects the life row, so that of several who finish one removal each step happens once. Who deletes looks beforehand,
 * too: writes to a bucket that stays must not meet a removal that was never to be.
 */
import { fail, IntegrityError } from "../../base/errors.ts";
import type { BucketId, BucketName } from "../../base/ids.ts";
import type { Clock } from "../../base/clock.ts";
import { COMMIT_RETRIES_MAX, EPOCH_ROWS_REMOVED_MAX, UPLOADS_ENDED_PER_COMMIT } from "../../base/limits.ts";
import type { CountedRecords } from "../../store/counted.ts";
import type { Expect, Row, RowKey, TableName } from "../../store/port.ts";
import type { Records } from "../../store/records.ts";
import { unchanged } from "../../store/records.ts";
import { commitSettled } from "../../store/retry.ts";
import { lifeCodec, type LifeState } from "../rows/codecs.ts";
import { lifeRow } from "../rows/life.ts";
import { after } from "../rows/row-keys.ts";
import { endAborted } from "../uploads/abort.ts";
import { splitUploadKey } from "../uploads/upload-keys.ts";
import { uploadCodec } from "../uploads/upload-record.ts";
import { bucketCodec, bucketRow, bucketsOf, type BucketRecord, policyRow } from "./bucket-record.ts";
import { corsRow } from "./cors-record.ts";

/** What a bucket must have none of. Open uploads end with their bucket, as on AWS; ended ones are the collector's. */
const CONTENTS: readonly TableName[] = ["head", "marker", "version"];

export interface Removal {
  readonly records: Records;
  readonly clock: Clock;
  readonly counted: CountedRecords;
  readonly name: BucketName;
  readonly record: BucketRecord;
}

/** active -> deleting. Whether this call made that step, rather than met it made; of several at once one did. */
export async function beginRemoval({ records, record }: Removal): Promise<boolean> {
  let uncertain = false;
  for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
    const life = await readLife(records, record.id);
    // Gone after a lost answer: that step may have been taken, and others have finished the removal.
    if (life === undefined) return uncertain;
    if (life.state === "deleting") return false;
    const settled = await commitSettled(records.store, {
      expect: [life.expect],
      put: [records.seal(lifeCodec, "life", record.id, "deleting")],
    });
    if (settled.kind === "ok") return true;
    uncertain ||= settled.uncertain;
  }
  fail("SlowDown");
}

/** Finishes a removal, whoever began it: "removed", or "kept" where the bucket is not empty (and is active again). */
export async function finishRemoval(removal: Removal): Promise<"removed" | "kept"> {
  const { records, record } = removal;
  for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
    const life = await readLife(records, record.id);
    if (life === undefined) return "removed";
    if (life.state === "active") return "kept";
    if (!(await isEmpty(records, record.id))) {
      const put = [records.seal(lifeCodec, "life", record.id, "active")];
      const settled = await commitSettled(records.store, { expect: [life.expect], put });
      if (settled.kind === "ok") return "kept";
    } else if ((await endUploads(removal, life.expect)) && (await removeAll(removal, life.expect))) {
      return "removed";
    }
  }
  throw new IntegrityError("a bucket's removal never settles");
}

async function readLife(
  records: Records,
  id: BucketId,
): Promise<{ readonly state: LifeState; readonly expect: Expect } | undefined> {
  const [row] = await records.store.get([lifeRow(id)]);
  if (row === undefined) return undefined;
  const { value: state } = await records.open(lifeCodec, "life", row);
  return { state, expect: { table: "life", key: id, rev: row.rev } };
}

export async function isEmpty(records: Records, id: BucketId): Promise<boolean> {
  for (const table of CONTENTS) if ((await firstRows(records, table, id, 1)).length > 0) return false;
  return true;
}

async function firstRows(
  records: Records,
  table: TableName,
  id: BucketId,
  limit: number,
): Promise<readonly Row[]> {
  const to = after(id);
  const range = to === undefined ? { from: id } : { from: id, to };
  return (await records.store.scan({ table, ...range, limit, keysOnly: true })).rows;
}

/**
 * Nothing of an upload can be published any more, so its end needs no look at its parts: the collector clears them. False
 * where somebody else is at the removal, too, or an upload changed (a Complete that is about to find the bucket going).
 */
async function endUploads({ records, clock, record }: Removal, life: Expect): Promise<boolean> {
  for (;;) {
    const rows = await firstRows(records, "upload", record.id, UPLOADS_ENDED_PER_COMMIT);
    if (rows.length === 0) return true;
    const found = await Promise.all(
      rows.map(async ({ key }) => ({
        uid: splitUploadKey(key).uid,
        entry: await records.get(uploadCodec, "upload", key),
      })),
    );
    const open = found.flatMap(({ uid, entry }) => (entry === undefined ? [] : [{ uid, entry }]));
    if ((await endAborted({ records, clock }, open, [life])).kind !== "ok") return false;
  }
}

/** Epoch keys go only now that the bucket was found empty in state deleting: in the last commit, or just before it. */
async function removeAll({ records, counted, name, record }: Removal, life: Expect): Promise<boolean> {
  for (;;) {
    const epochs = await firstRows(records, "epoch", record.id, EPOCH_ROWS_REMOVED_MAX + 1);
    const rows = epochs.slice(0, EPOCH_ROWS_REMOVED_MAX).map(({ key }): RowKey => ({ table: "epoch", key }));
    if (epochs.length <= EPOCH_ROWS_REMOVED_MAX)
      return removeRecord(records, counted, name, record, life, rows);
    const settled = await commitSettled(records.store, { expect: [life], delete: rows });
    if (settled.kind === "conflict") return false;
  }
}

async function removeRecord(
  records: Records,
  counted: CountedRecords,
  name: BucketName,
  record: BucketRecord,
  life: Expect,
  epochs: readonly RowKey[],
): Promise<boolean> {
  const row = bucketRow(name);
  const entry = await counted.get(bucketCodec, bucketsOf(record.owner), row);
  if (entry === undefined) return false;
  const list = await counted.draft(bucketsOf(record.owner), [counted.delete(row)]);
  const settled = await commitSettled(records.store, {
    expect: [life, unchanged(entry), ...(list.expect ?? [])],
    put: list.put ?? [],
    delete: [...(list.delete ?? []), lifeRow(record.id), policyRow(record.id), corsRow(record.id), ...epochs],
  });
  return settled.kind === "ok";
}
