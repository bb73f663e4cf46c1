/**
 * Sealing a part and committing its row. Every attempt is a stream of its own, with a fresh salt, in a blob of its own
 * (pitfall 4); the commit expects the upload's open revision, so nothing is added to an upload that is being completed.
 */
import { sealPartChecksums, type SecretKey } from "@strongroom/crypto";
import type { Caller } from "../../base/caller.ts";
import type { Bucket, PartResult, UploadTarget } from "../api.ts";
import { base64, hex, newEtag } from "../content/build.ts";
import { Intent } from "../content/intent.ts";
import { sealBlob, type WrittenStream } from "../content/seal.ts";
import { shownOf } from "../encryption/keks.ts";
import { newBlobId } from "../../base/ids.ts";
import { type Entry, unchanged } from "../../store/records.ts";
import { type Draft, retrying } from "../../store/retry.ts";
import { trashRows } from "../../store/trash.ts";
import type { Core } from "../core.ts";
import { requireOpen } from "./find-upload.ts";
import type { PartDigests } from "./part-digests.ts";
import { partCodec, type PartRecord } from "./part-record.ts";
import { type OpenUpload, openUpload } from "./upload-deks.ts";
import { partRow, type UploadUid } from "./upload-keys.ts";
import type { UploadRecord } from "./upload-record.ts";

export interface PartSource {
  readonly size: number;
  readonly digests: PartDigests;
  stream(): AsyncIterable<Uint8Array>;
}

export interface PartPlace {
  readonly bucket: Bucket;
  readonly target: UploadTarget;
  readonly uid: UploadUid;
  readonly upload: UploadRecord;
  readonly partNumber: number;
  readonly customer: { readonly key: SecretKey<"customer">; readonly keyMd5: string } | undefined;
}

export async function writePart(
  core: Core,
  caller: Caller,
  place: PartPlace,
  source: PartSource,
): Promise<PartResult> {
  const { upload, customer } = place;
  using opened = await openUpload(core.sources, caller, upload, customer?.key);
  const { digests } = source;
  // Always a blob, however small: where it lies must not depend on its place in the object, which is not known yet.
  const blob = newBlobId();
  const intent = await Intent.begin(core.records, [blob]);
  let written = false;
  try {
    const { store } = core.records;
    const stream = await sealBlob(store, blob, intent.renewing(source.stream()), source.size, opened.deks);
    written = true;
    const part = recordOf(core, upload, opened, stream, digests);
    await commitPart(core, place, part, intent);
    const shown = digests.shown;
    return {
      etag: hex(part.etag),
      lastModifiedMs: part.lastModifiedMs,
      encryption: shownOf(upload, customer?.keyMd5),
      checksum: { algorithm: shown.algorithm, type: "FULL_OBJECT", value: base64(shown.value) },
    };
  } catch (error) {
    await intent.abandon(written);
    throw error;
  }
}

function recordOf(
  core: Core,
  upload: UploadRecord,
  { deks }: OpenUpload,
  stream: WrittenStream,
  digests: PartDigests,
): PartRecord {
  const { plaintextSize, commitments, location } = stream;
  return {
    plaintextSize,
    commitments,
    sealedChecksums: sealPartChecksums(deks[0], commitments[0], digests.kept),
    location,
    etag: newEtag(upload.mode, digests.md5),
    lastModifiedMs: core.clock.now(),
  };
}

/** Replaces the part's former attempt, whose blob goes to the trash in the same commit: only Complete makes readers. */
async function commitPart(core: Core, place: PartPlace, part: PartRecord, intent: Intent): Promise<void> {
  const { records } = core;
  const row = partRow(place.uid, place.partNumber);
  let tries = 0;
  await retrying<void>(records.store, async () => {
    // Tried before and its intent gone: that commit landed, and another attempt has replaced the part since.
    if (tries++ > 0 && (await intent.gone())) return { result: undefined };
    const found = await requireOpen(core, place.bucket, place.target);
    const former = await records.get(partCodec, "part", row.key);
    const draft: Draft = {
      expect: [
        unchanged(found.entry),
        former === undefined ? { ...row, rev: "absent" } : unchanged(former),
        ...intent.parts.expect,
      ],
      put: [records.seal(partCodec, "part", row.key, part), ...(await trashOf(core, former))],
      delete: intent.parts.delete,
    };
    return { draft, result: undefined };
  });
}

async function trashOf(
  core: Core,
  former: Entry<PartRecord> | undefined,
): Promise<NonNullable<Draft["put"]>> {
  const blob = former?.value.location.blob;
  if (blob === undefined) return [];
  return trashRows(core.records, { blobs: [blob] }, await core.records.store.now(), 0);
}
