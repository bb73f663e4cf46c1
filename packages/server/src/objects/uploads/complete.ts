/**
 * CompleteMultipartUpload (sealed format sections 4 and 9). Its steps are commits that any process may repeat:
 *
 *     open -> completing(digest of the list) -> pages, if there are many parts -> published, and the upload ended
 *
 * A list that fails swaps back to open. The same list joins in, also after a crash; another one conflicts while the first
 * is under way. The publishing commit expects the completing row, puts the ended row and makes the version current: so a
 * repeated Complete finds either the row to go on with, or the answer.
 */
import type { SecretKey } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import type { Caller } from "../../base/caller.ts";
import { COMMIT_RETRIES_MAX, COMPLETING_AGE_MAX_MS } from "../../base/limits.ts";
import { type Entry, unchanged } from "../../store/records.ts";
import { commitSettled } from "../../store/retry.ts";
import type { Bucket, CompleteUploadInput, WriteResult } from "../api.ts";
import type { KeptChecksum } from "../content/build.ts";
import { checksumOfVersion, shownChecksum } from "../content/checksum-of.ts";
import { type Core, requireWritable } from "../core.ts";
import { openVersion } from "../encryption/envelopes.ts";
import { shownOf } from "../encryption/keks.ts";
import { checkSsecWrite } from "../encryption/resolve-write.ts";
import { targetOf } from "../publish.ts";
import { checkWriteConditions } from "../read-conditions.ts";
import { sameBytes } from "../rows/content-record.ts";
import { NULL_VERSION, versionIdOf } from "../rows/version-id.ts";
import { type Completion, etagOfCompletion } from "./ended-record.ts";
import { findCompletion, findUpload, type UploadsCore } from "./find-upload.ts";
import { gatherParts } from "./gather-parts.ts";
import { checkOrder, listDigest } from "./part-list.ts";
import { type Completing, publishUpload } from "./publish-upload.ts";
import { checkOptionalKey, type CustomerCheck, openUpload } from "./upload-deks.ts";
import { noSuchUpload } from "./upload-keys.ts";
import { uploadCodec, type UploadRecord } from "./upload-record.ts";

export async function completeUpload(
  uploads: UploadsCore,
  caller: Caller,
  bucket: Bucket,
  input: CompleteUploadInput,
): Promise<WriteResult> {
  checkWriteConditions(input.conditions);
  checkOrder(input);
  const digest = listDigest(input);
  for (let tries = 0; tries < COMMIT_RETRIES_MAX; tries++) {
    const found = await findUpload(uploads.core, bucket, input);
    if (found === undefined) return repeated(uploads.core, caller, bucket, input, digest);
    if (input.parts.length === 0) fail("InvalidRequest", "You must specify at least one part");
    const customer = checkOptionalKey(caller, bucket, found.entry.value, input.ssec, true);
    requireWritable(uploads.core);
    checkType(found.entry.value, input);
    const answer = await attempt(uploads, caller, bucket, input, found, digest, customer);
    if (answer !== "again") return answer;
  }
  return fail("SlowDown");
}

function checkType(upload: UploadRecord, input: CompleteUploadInput): void {
  const type = upload.checksum?.type ?? "FULL_OBJECT";
  if (input.checksumType === undefined || input.checksumType === type) return;
  fail(
    "InvalidRequest",
    `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
  );
}

/** "again": somebody else changed the upload meanwhile. The key service is asked before anything changes. */
async function attempt(
  uploads: UploadsCore,
  caller: Caller,
  bucket: Bucket,
  input: CompleteUploadInput,
  found: NonNullable<Awaited<ReturnType<typeof findUpload>>>,
  digest: Uint8Array,
  customer: CustomerCheck | undefined,
): Promise<WriteResult | "again"> {
  const { core } = uploads;
  const upload = found.entry.value;
  const keyless = upload.mode === "SSE-C" && customer === undefined;
  using opened = keyless ? undefined : await openUpload(core.sources, caller, upload, customer?.key);
  const entry = await begin(core, found.entry, digest);
  if (entry === "again") return "again";
  try {
    const parts = await gatherParts(uploads, found.uid, upload, opened, input);
    const completing: Completing = { bucket, input, uid: found.uid, entry, digest, opened };
    const done = await publishUpload(core, completing, parts);
    if (done === "again") return "again";
    return answerOf(bucket, done, parts.checksum, shownOf(upload, customer?.keyMd5));
  } catch (error) {
    // Not ours any more: another Complete, or an Abort, has the word.
    if ((await reopen(core, entry)) === "moved") return "again";
    throw error;
  }
}

/** open -> completing, or joins a Complete of the same list. */
async function begin(
  core: Core,
  entry: Entry<UploadRecord>,
  digest: Uint8Array,
): Promise<Entry<UploadRecord> | "again"> {
  const { state } = entry.value;
  const nowMs = core.clock.now();
  if (state.kind === "completing") {
    if (sameBytes(state.digest, digest)) return entry;
    if (nowMs - state.sinceMs < COMPLETING_AGE_MAX_MS) fail("OperationAborted");
  }
  const value: UploadRecord = { ...entry.value, state: { kind: "completing", digest, sinceMs: nowMs } };
  const settled = await commitSettled(core.records.store, {
    expect: [unchanged(entry)],
    put: [core.records.seal(uploadCodec, "upload", entry.key, value)],
  });
  return settled.kind === "ok" ? { ...entry, value, rev: settled.rev } : "again";
}

/** Never throws: the first failure is the one to tell, and a row left completing is joined or taken over later. */
async function reopen(core: Core, entry: Entry<UploadRecord>): Promise<"open" | "moved" | "failed"> {
  const value: UploadRecord = { ...entry.value, state: { kind: "open" } };
  const draft = {
    expect: [unchanged(entry)],
    put: [core.records.seal(uploadCodec, "upload", entry.key, value)],
  };
  return commitSettled(core.records.store, draft).then(
    ({ kind }) => (kind === "ok" ? "open" : "moved"),
    () => "failed",
  );
}

/** Idempotent: the same list gets the same answer for a day. Checksums are opened from the version, as the caller. */
async function repeated(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: CompleteUploadInput,
  digest: Uint8Array,
): Promise<WriteResult> {
  const how = await findCompletion(core, bucket, input);
  if (how === undefined || !sameBytes(how.digest, digest)) noSuchUpload(input.uploadId);
  const encryption = how.encryption;
  if (encryption.mode !== "SSE-C") {
    return answerOf(
      bucket,
      how,
      await storedChecksum(core, caller, bucket, input, how, undefined),
      encryption,
    );
  }
  if (input.ssec.absent) return answerOf(bucket, how, undefined, encryption);
  const { key, keyMd5 } = checkSsecWrite(input.ssec, undefined);
  const checksum = await storedChecksum(core, caller, bucket, input, how, key);
  return answerOf(bucket, how, checksum, { mode: "SSE-C", keyMd5 });
}

async function storedChecksum(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: CompleteUploadInput,
  how: Completion,
  customer: SecretKey<"customer"> | undefined,
): Promise<KeptChecksum | undefined> {
  const standing = await core.publisher.find(targetOf(bucket, input.key), versionIdOfCompletion(how));
  const version = standing?.version;
  if (version?.kind !== "object" || !sameBytes(version.uid, how.versionUid)) return undefined;
  using opened = await openVersion(core.sources, caller, version, customer);
  return await checksumOfVersion(core.records, version, opened);
}

const versionIdOfCompletion = (how: Completion): string =>
  how.isNull ? NULL_VERSION : versionIdOf({ isNull: false, uid: how.versionUid, sequence: how.sequence });

function answerOf(
  bucket: Bucket,
  how: Completion,
  checksum: KeptChecksum | undefined,
  encryption: WriteResult["encryption"],
): WriteResult {
  return {
    ...(bucket.versioning === "enabled" ? { versionId: versionIdOfCompletion(how) } : {}),
    etag: etagOfCompletion(how),
    lastModifiedMs: how.lastModifiedMs,
    size: how.size,
    encryption,
    ...(checksum === undefined ? {} : { checksum: shownChecksum(checksum, how.partCount) }),
  };
}
