/** AbortMultipartUpload. Needs no key. The ended row is the trash row of everything that was uploaded. */
import type { Expect, RowKey } from "../../store/port.ts";
import { unchanged } from "../../store/records.ts";
import { commitSettled, type Settled } from "../../store/retry.ts";
import { fail } from "../../base/errors.ts";
import { COMMIT_RETRIES_MAX } from "../../base/limits.ts";
import type { Bucket, UploadTarget } from "../api.ts";
import type { Core } from "../core.ts";
import { type Ended, endedCodec } from "./ended-record.ts";
import { findUpload, type FoundUpload } from "./find-upload.ts";
import { endedRow, noSuchUpload, parseUploadId } from "./upload-keys.ts";

export async function abortUpload(core: Core, bucket: Bucket, target: UploadTarget): Promise<void> {
  let uncertain = false;
  for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
    const found = await findUpload(core, bucket, target);
    if (found === undefined) {
      // After a lost answer that commit may be what ended it; after a conflict it was somebody else's.
      if (uncertain && (await wasAborted(core, target))) return;
      noSuchUpload(target.uploadId);
    }
    const settled = await endAborted(core, [found]);
    if (settled.kind === "ok") return;
    uncertain ||= settled.uncertain;
  }
  fail("SlowDown");
}

/** A conflict where an upload changed meanwhile, or what `more` expects is not so; then none has ended. */
export async function endAborted(
  { records, clock }: Pick<Core, "records" | "clock">,
  uploads: readonly FoundUpload[],
  more: readonly Expect[] = [],
): Promise<Settled> {
  const endedMs = clock.now();
  return commitSettled(records.store, {
    expect: [...more, ...uploads.map(({ entry }) => unchanged(entry))],
    put: uploads.map(({ uid, entry }) => {
      const { contentId, bucketId, key } = entry.value;
      const how = { kind: "aborted" } as const;
      const ended: Ended = { cleared: false, endedMs, contentId, bucketId, key, how };
      return records.seal(endedCodec, "ended", endedRow(uid).key, ended);
    }),
    delete: uploads.map(({ entry }): RowKey => ({ table: "upload", key: entry.key })),
  });
}

async function wasAborted(core: Core, target: UploadTarget): Promise<boolean> {
  const uid = parseUploadId(target.uploadId);
  if (uid === undefined) return false;
  const ended = await core.records.get(endedCodec, "ended", endedRow(uid).key);
  return ended?.value.how.kind === "aborted";
}
