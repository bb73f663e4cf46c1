/**
 * CopyObject. The target is resolved like a PUT and inherits nothing of the source's encryption (B.3); the source is read
 * under the rules of a GET. copy-plan.ts says which copies move bytes and which only keys.
 */
import { encodeChecksums, encodeManifest } from "@strongroom/crypto";
import { fail, IntegrityError } from "../base/errors.ts";
import type { Caller } from "../base/caller.ts";
import { newContentId, newVersionUid, type VersionUid } from "../base/ids.ts";
import { CONTENT_HEADERS_BYTES_MAX, PUT_BYTES_MAX } from "../base/limits.ts";
import type { Bucket, ContentHeaders, CopyObjectInput, CopyResult, EncryptionShown } from "./api.ts";
import { isLinear } from "./checksum/algorithms.ts";
import { base64, draftOfOne, hex, type KeptChecksum, newEtag } from "./content/build.ts";
import { checksumOfVersion, combinedFullObject } from "./content/checksum-of.ts";
import { StreamDigests } from "./content/digests.ts";
import type { Intent } from "./content/intent.ts";
import { openContent } from "./content/open.ts";
import { newDeks } from "./content/seal.ts";
import { addReference, changeReference, mayBeRewrapped } from "./content/share.ts";
import {
  explained,
  findCopySource,
  shownSourceId,
  SourceChanged,
  stands,
  untilSourceStands,
} from "./copy-source.ts";
import { ontoItself, planCopy } from "./copy-plan.ts";
import { type Core, inCopyTurn, requireWritable } from "./core.ts";
import { disposeDeks, type OpenedVersion, wrapVersion } from "./encryption/envelopes.ts";
import { disposeKeks, type Keks, keksForWrite } from "./encryption/keks.ts";
import { formerOpeners } from "./encryption/opened-by.ts";
import { resolveWrite, type WriteEncryption } from "./encryption/resolve-write.ts";
import { type Extra, type Inserted, type KeyState, type Target, targetOf } from "./publish.ts";
import { currentEtag, storeStream } from "./put.ts";
import { checkWriteConditions, decideWrite, isConditional } from "./read-conditions.ts";
import { disposeReadable, openReadable, type Readable } from "./read-open.ts";
import type { Gathering } from "./rows/commit-parts.ts";
import { sameBytes } from "./rows/content-record.ts";
import { repointed, type ObjectDraft } from "./rows/version-record.ts";
import { bodyCodec } from "./rows/codecs.ts";

interface Copy {
  readonly core: Core;
  readonly caller: Caller;
  readonly target: Target;
  readonly input: CopyObjectInput;
  readonly readable: Readable;
  readonly keks: Keks;
  readonly mode: WriteEncryption["mode"];
  readonly lastModifiedMs: number;
  readonly uid: VersionUid;
  readonly headers: ContentHeaders;
}

interface Made {
  readonly inserted: Inserted;
  readonly etag: Uint8Array;
  readonly checksum: KeptChecksum;
}

export async function copyObject(
  core: Core,
  caller: Caller,
  bucket: Bucket,
  input: CopyObjectInput,
): Promise<CopyResult> {
  const target = targetOf(bucket, input.key);
  checkWriteConditions(input.conditions);
  const { key, encryption: headers } = input;
  const encryption = resolveWrite({ caller, bucket, key, headers, action: "s3:CopyObject" });
  requireWritable(core);
  return untilSourceStands(() => copyOnce(core, caller, target, input, encryption));
}

async function copyOnce(
  core: Core,
  caller: Caller,
  target: Target,
  input: CopyObjectInput,
  encryption: WriteEncryption,
): Promise<CopyResult> {
  const readable = await findCopySource(core, caller, input.source);
  const { version } = readable;
  let keks: Keks | undefined;
  try {
    checkCopy(target, input, readable, encryption);
    const headers = headersOf(input, readable);
    using opened = await openReadable(core, caller, readable);
    const size = version.manifest.plaintextSize;
    const written = await keksForWrite(core.sources, caller, target.bucket.id, encryption, size);
    keks = written.keks;
    const lastModifiedMs = core.clock.now();
    const uid = newVersionUid();
    const { mode } = encryption;
    const copy = { core, caller, target, input, readable, keks, mode, lastModifiedMs, uid, headers };
    const { inserted, etag, checksum } = await make(copy, opened, written.shown);
    return {
      // Unlike a PUT's, S3's answer to a copy names the null version where versioning is suspended.
      ...(target.bucket.versioning === "unversioned" ? {} : { versionId: inserted.versionId }),
      ...shownSourceId(input.source, readable),
      etag: hex(etag),
      lastModifiedMs,
      size,
      encryption: written.shown,
      checksum: { algorithm: checksum.algorithm, type: checksum.type, value: base64(checksum.value) },
    };
  } finally {
    disposeReadable(readable);
    if (keks !== undefined) disposeKeks(keks);
  }
}

async function make(copy: Copy, opened: OpenedVersion, shown: EncryptionShown): Promise<Made> {
  const plan = planCopy(copy.target, copy.input, copy.readable.standing, shown);
  if (plan === "re-encrypt") return reencrypt(copy, opened);
  const made = await rewrap(copy, opened, plan);
  return made ?? reencrypt(copy, opened);
}

/** B.3: a copy onto itself must change something, or say how it is to be encrypted. */
function checkCopy(
  target: Target,
  input: CopyObjectInput,
  { standing, version }: Readable,
  encryption: WriteEncryption,
): void {
  if (version.manifest.plaintextSize > PUT_BYTES_MAX) {
    fail(
      "InvalidRequest",
      `The specified copy source is larger than the maximum allowable size for a copy source: ${PUT_BYTES_MAX}`,
    );
  }
  const changes =
    input.replace !== undefined ||
    input.changesPlacement ||
    input.encryption.sse !== undefined ||
    !input.encryption.ssec.absent ||
    target.bucket.encryption.rule !== undefined ||
    encryption.mode !== version.mode;
  if (!changes && ontoItself(target, input, standing)) {
    fail(
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
}

const REDIRECT = "x-amz-website-redirect-location";

/**
 * The headers of the copy: a redirect is a property of the place, not of the object, and is never copied. Throws
 * MetadataTooLarge where the source's headers leave no room for it.
 */
function headersOf({ replace, redirect }: CopyObjectInput, { version }: Readable): ContentHeaders {
  if (replace !== undefined) return replace.headers;
  const kept = version.manifest.contentHeaders.filter(([name]) => name !== REDIRECT);
  if (redirect === undefined) return kept;
  const headers = [...kept, [REDIRECT, redirect] as const];
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > CONTENT_HEADERS_BYTES_MAX) {
    const elements = { Size: String(bytes), MaxSizeAllowed: String(CONTENT_HEADERS_BYTES_MAX) };
    fail("MetadataTooLarge", { elements });
  }
  return headers;
}

/** Bytes through, under a dek of the target's own. */
async function reencrypt(copy: Copy, opened: OpenedVersion): Promise<Made> {
  const { core, target, input, readable, keks, mode, uid } = copy;
  const { version } = readable;
  const size = version.manifest.plaintextSize;
  const deks = newDeks(mode === "DSSE-KMS" ? 2 : 1);
  const contentId = newContentId();
  const algorithm = input.checksumAlgorithm ?? version.manifest.checksum?.algorithm ?? "CRC64NVME";
  const digests = new StreamDigests({ algorithm }, mode === "SSE-S3");
  const plaintext = digests.observe(
    explained(core, copy.caller, readable, openContent(core.records, version, opened.deks, 0, size)),
    () => new Map(),
  );
  let intent: Intent | undefined;
  try {
    const stored = await inCopyTurn(core, copy.caller, size, () =>
      storeStream(core, contentId, plaintext, size, deks, () => digests.result),
    );
    intent = stored.intent;
    const etag = newEtag(mode, stored.digests.md5);
    const checksum = { ...stored.digests.checksum, type: "FULL_OBJECT" as const };
    const draft = draftOfOne(
      {
        target,
        mode,
        uid,
        contentId,
        etag,
        checksum,
        headers: copy.headers,
        metadata: input.replace?.metadata ?? version.manifest.userMetadata,
        tags: input.replaceTags ?? version.tags,
        lastModifiedMs: copy.lastModifiedMs,
        stream: stored.stream,
      },
      keks,
      deks,
    );
    const inserted = await core.publisher.insert(target, {
      draft,
      decide: (current) => decideWrite(input.conditions, input.key, currentEtag(current)),
      conditional: isConditional(input.conditions),
      extra: () => stored.parts,
      ...(stored.intent === undefined
        ? {}
        : { landed: () => stored.intent?.gone() ?? Promise.resolve(false) }),
    });
    return { inserted, etag, checksum };
  } catch (error) {
    await intent?.abandon(true);
    throw error;
  } finally {
    disposeDeks(deks);
  }
}

/** Envelope and manifest anew, the content stays where it is. Undefined: too many share it, or have opened it. */
async function rewrap(copy: Copy, opened: OpenedVersion, plan: "move" | "share"): Promise<Made | undefined> {
  const { core, target, input, readable, keks, mode, uid } = copy;
  const { version } = readable;
  const checksum = await wholeChecksum(core, readable, opened);
  const etag = newEtag(mode, new Uint8Array(version.manifest.etag));
  const manifestBytes = encodeManifest({
    ...version.manifest,
    objectKey: target.key,
    versionUid: uid,
    etag,
    checksum: { algorithm: checksum.algorithm, type: checksum.type },
    shownPartCount: 0,
    contentHeaders: copy.headers,
    userMetadata: input.replace?.metadata ?? version.manifest.userMetadata,
  });
  const identity = { mode, bucketId: target.bucket.id, key: target.key, uid };
  const inner = encodeChecksums([{ algorithm: checksum.algorithm, value: checksum.value }]);
  const references = keks.map(({ reference }) => reference);
  const draft: ObjectDraft = {
    kind: "object",
    uid,
    lastModifiedMs: copy.lastModifiedMs,
    shared: plan === "share" || version.shared,
    manifestBytes,
    envelopes: wrapVersion(identity, keks, opened.deks, manifestBytes, inner, true),
    tags: input.replaceTags ?? version.tags,
    openedBy: plan === "move" ? formerOpeners(version, references) : [],
    locations: version.locations,
  };
  let tooMany = false;
  const inserted = await core.publisher
    .insert(target, {
      draft,
      decide: (current) => decideWrite(input.conditions, input.key, currentEtag(current)),
      conditional: isConditional(input.conditions),
      extra: async (state) => {
        const extra =
          plan === "move" ? await moving(copy, state, references) : await sharing(copy, state, references);
        if (extra !== undefined) return extra;
        tooMany = true;
        throw new SourceChanged("too many references or openers");
      },
    })
    .catch((error: unknown) => {
      if (tooMany && error instanceof SourceChanged) return undefined;
      throw error;
    });
  return inserted === undefined ? undefined : { inserted, etag, checksum };
}

async function wholeChecksum(
  core: Core,
  { version }: Readable,
  opened: OpenedVersion,
): Promise<KeptChecksum> {
  const shown = version.manifest.checksum;
  const checksum =
    shown?.type === "COMPOSITE" && isLinear(shown.algorithm)
      ? await combinedFullObject(core.records, version, opened, shown.algorithm)
      : await checksumOfVersion(core.records, version, opened);
  if (checksum === undefined) throw new IntegrityError("a version without the checksum it shows");
  return checksum;
}

/** The source is the key's current version, and goes in this commit. */
async function moving(
  { core, readable, uid }: Copy,
  { current }: KeyState,
  references: readonly Uint8Array[],
): Promise<Extra | undefined> {
  if (current === undefined || !current.rev.every((byte, i) => byte === readable.standing.rev[i])) {
    throw new SourceChanged("the source was replaced");
  }
  if (!(await mayBeRewrapped(core.records, readable.version))) return undefined;
  const parts = await changeReference(core.records, readable.version, uid, references);
  return { ...parts.parts, keepsContent: true };
}

/** The source stays, marked as shared; the content row gets the new reference. */
async function sharing(
  copy: Copy,
  { current }: KeyState,
  references: readonly Uint8Array[],
): Promise<Extra | undefined> {
  const { core, readable, uid } = copy;
  const { standing, version } = readable;
  if (!(await stands(core, readable))) throw new SourceChanged("the source was replaced");
  const suspended = copy.target.bucket.versioning !== "enabled";
  const replaced = current?.version;
  // A null version that is not current goes in the same commit, and may be the source or refer to its content: too rare
  // a case for rules of its own.
  if (suspended && replaced !== undefined && !replaced.isNull && replaced.nullSequence !== 0)
    return undefined;
  // A copy made again over itself: the reference passes from the version replaced to the new one.
  const displaced =
    suspended &&
    replaced?.kind === "object" &&
    replaced.isNull &&
    sameBytes(replaced.contentId, version.contentId)
      ? replaced.uid
      : undefined;
  const parts = await addReference(core.records, version, uid, references, displaced);
  if (parts === undefined) return undefined;
  if (displaced !== undefined) return { ...marked(copy, parts).parts, keepsContent: true };
  if (current !== undefined && sameBytes(current.key, standing.key) && current.table === standing.table) {
    return { ...parts.parts, sharesCurrent: true };
  }
  return marked(copy, parts).parts;
}

function marked({ core, readable }: Copy, parts: Gathering): Gathering {
  const { table, key, rev, version } = readable.standing;
  parts.expect.push({ table, key, rev });
  if (!version.shared) {
    const body = repointed(version, { shared: true });
    parts.put.push(core.records.seal(bodyCodec, table, key, body));
  }
  return parts;
}
