/** The bounds of the port (base/limits), checked by every home before it touches anything: an excess is a bug above. */
import { assert } from "../base/errors.ts";
import {
  COMMIT_BYTES_MAX,
  COMMIT_CONDITIONS_MAX,
  COMMIT_WRITES_MAX,
  ROW_KEY_BYTES_MAX,
  ROW_VALUE_BYTES_MAX,
} from "../base/limits.ts";
import type { Commit, RowKey } from "./port.ts";

export function checkKey(row: RowKey): void {
  if (row.key.length === 0 || row.key.length > ROW_KEY_BYTES_MAX) {
    assert(false, `a row key of ${row.key.length} bytes in ${row.table}`);
  }
}

export function checkKeys(rows: readonly RowKey[]): void {
  for (const row of rows) checkKey(row);
}

export function checkCommit(commit: Commit): void {
  assert(commit.id.length === 16, "a commit id has 16 bytes");
  const expect = commit.expect ?? [];
  const put = commit.put ?? [];
  const remove = commit.delete ?? [];
  assert(expect.length <= COMMIT_CONDITIONS_MAX, "too many conditions in one commit");
  assert(put.length + remove.length <= COMMIT_WRITES_MAX, "too many writes in one commit");
  checkKeys(expect);
  checkKeys(put);
  checkKeys(remove);
  let size = 0;
  for (const { key, value } of put) {
    assert(value.length <= ROW_VALUE_BYTES_MAX, "a row's value is too long");
    size += key.length + value.length;
  }
  assert(size <= COMMIT_BYTES_MAX, "too many bytes in one commit");
}
