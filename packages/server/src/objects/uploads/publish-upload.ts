/** The last steps of a Complete: the pages of many parts, then the one commit that publishes and ends the upload. */
import {
  encodeChecksums,
  encodeManifest,
  encodePages,
  MANIFEST_STREAMS_MAX,
  manifestHash,
  manifestTag,
  type PageEntry,
  type Streams,
} from "@strongroom/crypto";
import { assert, fail } from "../../base/errors.ts";
import { STREAM_PAGE_ENTRIES } from "../../base/limits.ts";
import { type Entry, unchanged } from "../../store/records.ts";
import { commitSettled } from "../../store/retry.ts";
import type { Bucket, CompleteUploadInput } from "../api.ts";
import type { Core } from "../core.ts";
import { type Envelopes, wrapVersion } from "../encryption/envelopes.ts";
import { shownOf } from "../encryption/keks.ts";
import { type KeyState, targetOf } from "../publish.ts";
import { currentEtag } from "../put.ts";
import { decideWrite, isConditional } from "../read-conditions.ts";
import { locationPageCodec, streamPageCodec } from "../rows/codecs.ts";
import type { CommitParts } from "../rows/commit-parts.ts";
import { sameBytes } from "../rows/content-record.ts";
import { pageKey } from "../rows/row-keys.ts";
import type { ObjectDraft, Version } from "../rows/version-record.ts";
import { type Completion, type Ended, endedCodec, usedBitmap } from "./ended-record.ts";
import { type GatheredParts, shownChecksumOf } from "./gather-parts.ts";
import type { OpenUpload } from "./upload-deks.ts";
import { endedRow, type UploadUid } from "./upload-keys.ts";
import type { UploadRecord } from "./upload-record.ts";

export interface Completing {
  readonly bucket: Bucket;
  readonly input: CompleteUploadInput;
  readonly uid: UploadUid;
  /** In state completing: every commit expects it. */
  readonly entry: Entry<UploadRecord>;
  readonly digest: Uint8Array;
  /** Absent in form 2 without the customer's key. */
  readonly opened: OpenUpload | undefined;
}

/** Leaves the loop that commits: the upload is no longer what was read. */
class UploadMoved extends Error {}

export async function publishUpload(
  core: Core,
  completing: Completing,
  parts: GatheredParts,
): Promise<Completion | "again"> {
  const streams = await writeStreams(core, completing, parts);
  if (streams === "again") return "again";
  const draft = draftOf(core, completing, parts, streams);
  try {
    return await publish(core, completing, parts, draft);
  } catch (error) {
    if (error instanceof UploadMoved) return "again";
    throw error;
  }
}

/** Pages are rows of their own, one commit each; the same list always makes the same pages. */
async function writeStreams(
  core: Core,
  { entry }: Completing,
  { entries, locations }: GatheredParts,
): Promise<Streams | "again"> {
  if (entries.length <= MANIFEST_STREAMS_MAX) return { kind: "inline", entries };
  const { records } = core;
  const content = entry.value.contentId;
  const directory: PageEntry[] = [];
  for (const [index, page] of encodePages(entries).entries()) {
    directory.push(page.entry);
    const from = index * STREAM_PAGE_ENTRIES;
    const lie = locations.slice(from, from + STREAM_PAGE_ENTRIES);
    const settled = await commitSettled(records.store, {
      expect: [unchanged(entry)],
      put: [
        records.seal(streamPageCodec, "page", pageKey(content, "streams", index), page.bytes),
        records.seal(locationPageCodec, "page", pageKey(content, "locations", index), lie),
      ],
    });
    if (settled.kind === "conflict") return "again";
  }
  return { kind: "paged", count: entries.length, pages: directory };
}

function draftOf(core: Core, completing: Completing, parts: GatheredParts, streams: Streams): ObjectDraft {
  const upload = completing.entry.value;
  const manifestBytes = encodeManifest({
    ...upload.manifest,
    plaintextSize: parts.size,
    etag: parts.etag,
    checksum: shownChecksumOf(upload),
    shownPartCount: parts.entries.length,
    streams,
  });
  return {
    kind: "object",
    uid: upload.uid,
    lastModifiedMs: core.clock.now(),
    shared: false,
    manifestBytes,
    envelopes: finalEnvelopes(completing, parts, manifestBytes),
    tags: upload.tags,
    openedBy: [],
    locations: streams.kind === "paged" ? undefined : parts.locations,
  };
}

/** Form 1 wraps the dek anew, under the same kek, for the final manifest; form 2 binds it with the completion key. */
function finalEnvelopes(completing: Completing, parts: GatheredParts, manifestBytes: Uint8Array): Envelopes {
  const upload = completing.entry.value;
  const { mode, bucketId, key, uid, completionKey } = upload;
  if (completionKey !== undefined) {
    const [first] = upload.envelopes;
    const tag = manifestTag(completionKey, manifestHash(manifestBytes));
    const creationManifestHash = manifestHash(upload.manifestBytes);
    return [{ ...first, completion: { creationManifestHash, manifestTag: tag } }];
  }
  const { opened } = completing;
  assert(opened !== undefined && parts.checksum !== undefined, "form 1 completes with its keys open");
  const { algorithm, value } = parts.checksum;
  const inner = encodeChecksums([{ algorithm, value }]);
  return wrapVersion({ mode, bucketId, key, uid }, opened.keks, opened.deks, manifestBytes, inner, true);
}

async function publish(
  core: Core,
  completing: Completing,
  parts: GatheredParts,
  draft: ObjectDraft,
): Promise<Completion> {
  const { records } = core;
  const { bucket, input, uid, entry } = completing;
  let answer: Completion | undefined;
  let landed: Completion | undefined;
  await core.publisher.insert(targetOf(bucket, input.key), {
    draft,
    decide: (current) => {
      decideWrite(input.conditions, input.key, currentEtag(current));
      requireUntouched(input, entry.value, current);
    },
    conditional: isConditional(input.conditions),
    extra: async (state) => {
      const [row] = await records.store.get([{ table: "upload", key: entry.key }]);
      if (row === undefined || !sameBytes(row.rev, entry.rev)) throw new UploadMoved();
      answer = completionOf(completing, parts, draft, state);
      return endingParts(core, completing, answer);
    },
    landed: async () => {
      const ended = await records.get(endedCodec, "ended", endedRow(uid).key);
      if (ended?.value.how.kind === "completed") landed = ended.value.how;
      return landed !== undefined;
    },
  });
  const done = landed ?? answer;
  assert(done !== undefined, "a published upload has its answer");
  return done;
}

/**
 * A condition that holds is not enough: S3 refuses it where the key was written or deleted since Create. Tags and
 * encryption may have changed: the version is still the one that was found.
 */
function requireUntouched(
  { conditions, key }: CompleteUploadInput,
  { found }: UploadRecord,
  current: Version | undefined,
): void {
  if (!isConditional(conditions) || found === undefined) return;
  const now = current?.uid ?? "nothing";
  if (found === "nothing" || now === "nothing" ? found === now : sameBytes(found, now)) return;
  const Condition = conditions.ifNoneMatch === undefined ? "If-Match" : "If-None-Match";
  fail("ConditionalRequestConflict", { elements: { Condition, Key: key } });
}

/** The version's place is decided in the same attempt from the same state, so the answer can stand in its commit. */
function completionOf(
  { bucket, digest, entry }: Completing,
  parts: GatheredParts,
  draft: ObjectDraft,
  { current }: KeyState,
): Completion {
  const numbers = parts.entries.map(({ partNumber }) => partNumber);
  return {
    kind: "completed",
    digest,
    used: usedBitmap(numbers, numbers.at(-1) ?? 0),
    pagesUsed: draft.locations === undefined ? Math.ceil(parts.entries.length / STREAM_PAGE_ENTRIES) : 0,
    versionUid: draft.uid,
    isNull: bucket.versioning !== "enabled",
    sequence: (current?.version.highest ?? 0) + 1,
    etag: parts.etag,
    partCount: parts.entries.length,
    size: parts.size,
    lastModifiedMs: draft.lastModifiedMs,
    encryption: shownOf(entry.value, ""),
    access: entry.value.access,
  };
}

function endingParts(core: Core, { uid, entry }: Completing, how: Completion): CommitParts {
  const { contentId, bucketId, key } = entry.value;
  const ended: Ended = { cleared: false, endedMs: core.clock.now(), contentId, bucketId, key, how };
  return {
    expect: [unchanged(entry)],
    put: [core.records.seal(endedCodec, "ended", endedRow(uid).key, ended)],
    delete: [{ table: "upload", key: entry.key }],
  };
}
