/**
 * PutObject and POST Object. Order (spec B.6): header syntax, block and transport; key service; only then the body, its
 * digests, and the conditions, which the publishing commit decides.
 */
import { release } from "@strongroom/crypto";
import { assert, fail } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import { type ContentId, newBlobId, newContentId, newVersionUid } from "../base/ids.ts";
import { PUT_BYTES_MAX } from "../base/limits.ts";
import type { Body, Bucket, Integrity, PutObjectInput, WriteResult } from "./api.ts";
import { base64, draftOfOne, hex, newEtag } from "./content/build.ts";
import { type Digests, digestWhole, StreamDigests } from "./content/digests.ts";
import { Intent } from "./content/intent.ts";
import { fitsInline, newDeks, sealBlob, sealInline, type WrittenStream } from "./content/seal.ts";
import { type Core, requireWritable } from "./core.ts";
import { type Deks, disposeDeks } from "./encryption/envelopes.ts";
import { disposeKeks, keksForWrite } from "./encryption/keks.ts";
import { resolveWrite } from "./encryption/resolve-write.ts";
import { type Inserted, targetOf } from "./publish.ts";
import { checkWriteConditions, decideWrite, isConditional } from "./read-conditions.ts";
import type { CommitParts } from "./rows/commit-parts.ts";
import { etagOf } from "./facts.ts";
import type { Version } from "./rows/version-record.ts";

/** A body that has been sealed, and what the publishing commit owes it. */
export interface Stored {
  readonly stream: WrittenStream;
  readonly digests: Digests;
  readonly parts: CommitParts;
  /** Absent for inline content. */
  readonly intent: Intent | undefined;
}

export async function putObject(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: PutObjectInput,
  body: Body,
): Promise<WriteResult> {
  const target = targetOf(bucket, input.key);
  checkWriteConditions(input.conditions);
  const encryption = resolveWrite({
    caller,
    bucket,
    key: input.key,
    headers: input.encryption,
    action: "s3:PutObject",
  });
  requireWritable(core);
  if (body.size > PUT_BYTES_MAX) {
    fail("EntityTooLarge", {
      elements: { ProposedSize: String(body.size), MaxSizeAllowed: String(PUT_BYTES_MAX) },
    });
  }
  const ready = keksForWrite(core.sources, caller, bucket.id, encryption, body.size);
  const { keks, shown } = ready instanceof Promise ? await ready : ready;
  const deks = newDeks(encryption.mode === "DSSE-KMS" ? 2 : 1);
  const contentId = newContentId();
  let stored: Stored | undefined;
  try {
    const wantMd5 = encryption.mode === "SSE-S3";
    if (fitsInline(body.size, deks.length)) {
      const collected = body.collect();
      const bytes = collected instanceof Promise ? await collected : collected;
      stored = storeSmall(contentId, deks, bytes, body, input.integrity, wantMd5);
    } else {
      stored = await storeLarge(core, contentId, deks, body, input.integrity, wantMd5);
    }
    const { digests, stream, parts, intent } = stored;
    const etag = newEtag(encryption.mode, digests.md5);
    const lastModifiedMs = core.clock.now();
    const checksum = { ...digests.checksum, type: "FULL_OBJECT" as const };
    const draft = draftOfOne(
      {
        target,
        mode: encryption.mode,
        uid: newVersionUid(),
        contentId,
        etag,
        checksum,
        headers: input.headers,
        metadata: input.metadata,
        tags: input.tags,
        lastModifiedMs,
        stream,
      },
      keks,
      deks,
    );
    const inserted = await core.publisher.insert(target, {
      draft,
      decide: (current) => decideWrite(input.conditions, input.key, currentEtag(current)),
      conditional: isConditional(input.conditions),
      extra: () => parts,
      ...(intent === undefined ? {} : { landed: () => intent.gone() }),
    });
    // The store has them: left to the collector they would count as old memory, and bring on its longest runs.
    for (const { value } of parts.put) release(value);
    return {
      ...shownVersionId(bucket, inserted),
      etag: hex(etag),
      lastModifiedMs,
      size: stream.plaintextSize,
      encryption: shown,
      checksum: {
        algorithm: checksum.algorithm,
        type: checksum.type,
        value: base64(checksum.value),
      },
    };
  } catch (error) {
    await stored?.intent?.abandon(true);
    throw error;
  } finally {
    disposeDeks(deks);
    disposeKeks(keks);
  }
}

const trailersOf = (body: Body) => (): ReadonlyMap<string, string> => body.trailers();

/** Seals a body that has come, as a row of the publishing commit. Throws BadDigest. */
function storeSmall(
  contentId: ContentId,
  deks: Deks,
  bytes: Uint8Array,
  body: Body,
  integrity: Integrity,
  wantMd5: boolean,
): Stored {
  const digests = digestWhole(bytes, integrity, wantMd5, trailersOf(body));
  return { ...inlineStream(contentId, deks, bytes), digests };
}

/** Seals the body into a blob of its own; digests are checked before this returns. */
function storeLarge(
  core: Core,
  contentId: ContentId,
  deks: Deks,
  body: Body,
  integrity: Integrity,
  wantMd5: boolean,
): Promise<Stored> {
  const digests = new StreamDigests(integrity, wantMd5);
  const source = digests.observe(body.stream(), trailersOf(body));
  return storeStream(core, contentId, source, body.size, deks, () => digests.result);
}

function inlineStream(contentId: ContentId, deks: Deks, bytes: Uint8Array): Omit<Stored, "digests"> {
  const { stream, row } = sealInline(contentId, 0, bytes, deks);
  return { stream, parts: { expect: [], put: [row], delete: [] }, intent: undefined };
}

/** A stream of known size, inline if it is small, else into a blob under an intent. Leaves nothing if it fails. */
export async function storeStream(
  core: Core,
  contentId: ContentId,
  source: AsyncIterable<Uint8Array>,
  size: number,
  deks: Deks,
  digests: () => Digests,
): Promise<Stored> {
  if (fitsInline(size, deks.length)) {
    const bytes = await gather(source, size);
    const sealed = inlineStream(contentId, deks, bytes);
    bytes.fill(0);
    return { ...sealed, digests: digests() };
  }
  const blob = newBlobId();
  const intent = await Intent.begin(core.records, [blob]);
  try {
    const stream = await sealBlob(core.records.store, blob, intent.renewing(source), size, deks);
    return { stream, digests: digests(), parts: intent.parts, intent };
  } catch (error) {
    await intent.abandon(false);
    throw error;
  }
}

async function gather(source: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let at = 0;
  for await (const chunk of source) {
    out.set(chunk, at);
    at += chunk.length;
  }
  assert(at === size, "a source has its announced size");
  return out;
}

/** What a write's conditions compare with: the current object's ETag; a delete marker has none. */
export function currentEtag(current: Version | undefined): string | undefined {
  return current?.kind === "object" ? etagOf(current) : undefined;
}

/** S3 names the version that a write made only where versioning is enabled; reads name "null" where it is suspended. */
export function shownVersionId(bucket: Bucket, inserted: Inserted): { readonly versionId?: string } {
  return bucket.versioning === "enabled" ? { versionId: inserted.versionId } : {};
}
