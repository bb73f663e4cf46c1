/**
 * The record of one object version or delete marker: the body of a sealed `head`, `marker` or `version` row. The row of
 * the current version *is* the pointer of its key, so a read opens exactly one sealed record.
 *
 *     format(1) = 1 || kind(1: 1 object, 2 delete marker) || sequence(8) || highest(8) || nullSequence(8) || flags(1)
 *     || versionUid(16) || lastModifiedMs(8)                                                      a marker ends here
 *     || LP(manifest) || layers(1) || LP(envelope) per layer || tags(1) || LP(name) LP(value) per tag
 *     || openedBy(4) || LP(kek reference) each || streams located(4) || locations
 *
 * flags: 1 the null version, 2 its content is shared, 4 its locations are in pages of their own. `highest` and
 * `nullSequence` are facts of the key, kept in `head` and `marker` and zero in `version` rows: the highest sequence ever
 * given out, and that of the null version (0 = none). Sizes: about 400 bytes for SSE-S3, 650 for SSE-KMS.
 */
import {
  decodeEnvelope,
  decodeKekReference,
  decodeManifest,
  encodeEnvelope,
  type EncryptionMode,
  type Manifest,
  Reader,
  type StoredEnvelope,
  Writer,
} from "@strongroom/crypto";
import { assert } from "../../base/errors.ts";
import { asId, type BucketId, type ContentId, type ObjectKey, type VersionUid } from "../../base/ids.ts";
import type { ObjectFacts, Tag } from "../api.ts";
import { type Location, readLocation, writeLocation } from "../content/location.ts";
import type { OpenedVersion } from "../encryption/envelopes.ts";
import type { StoredKek } from "../encryption/keks.ts";

export type { EncryptionMode } from "@strongroom/crypto";

/** The facts of a key that its pointer row carries. */
export interface PointerFacts {
  readonly highest: number;
  /** 0 = the key has no null version. */
  readonly nullSequence: number;
}

interface Common extends PointerFacts {
  readonly sequence: number;
  readonly isNull: boolean;
  readonly uid: VersionUid;
  readonly lastModifiedMs: number;
  /** As stored, opened: what moves between tables without being parsed and written anew. */
  readonly body: Uint8Array;
}

export interface DeleteMarker extends Common {
  readonly kind: "marker";
}

/**
 * What readers have derived from a version and keep with it, since it holds as long as the version does: the one part of a
 * shared decoded value that changes.
 */
export interface Derived {
  manifestHash?: Uint8Array;
  opened?: OpenedVersion;
  /** Of layer 0, of versions that the key service opens. */
  kek?: StoredKek;
  facts?: ObjectFacts;
}

export interface ObjectVersion extends Common {
  readonly kind: "object";
  readonly derived: Derived;
  readonly mode: EncryptionMode;
  readonly shared: boolean;
  /** As they were hashed. */
  readonly manifestBytes: Uint8Array;
  readonly manifest: Manifest;
  readonly bucketId: BucketId;
  readonly key: ObjectKey;
  readonly contentId: ContentId;
  /** One a layer. */
  readonly envelopes: readonly [StoredEnvelope] | readonly [StoredEnvelope, StoredEnvelope];
  readonly tags: readonly Tag[];
  /** Encoded kek references under which the dek could once be opened, other than the present ones (erasure receipts). */
  readonly openedBy: readonly Uint8Array[];
  /** One a stream; undefined = in pages. */
  readonly locations: readonly Location[] | undefined;
}

export type Version = ObjectVersion | DeleteMarker;

/** What a new version says before its place among the key's versions is known. */
export interface ObjectDraft {
  readonly kind: "object";
  readonly uid: VersionUid;
  readonly lastModifiedMs: number;
  readonly shared: boolean;
  readonly manifestBytes: Uint8Array;
  readonly envelopes: readonly [StoredEnvelope] | readonly [StoredEnvelope, StoredEnvelope];
  readonly tags: readonly Tag[];
  readonly openedBy: readonly Uint8Array[];
  readonly locations: readonly Location[] | undefined;
}
export interface MarkerDraft {
  readonly kind: "marker";
  readonly uid: VersionUid;
  readonly lastModifiedMs: number;
}
export type Draft = ObjectDraft | MarkerDraft;

export interface Place extends PointerFacts {
  readonly sequence: number;
  readonly isNull: boolean;
}

const FORMAT = 1;
const OBJECT = 1;
const MARKER = 2;
const HIGHEST_AT = 10;
const NULL_AT = 18;
const FLAGS_AT = 26;
const IS_NULL = 1;
const SHARED = 2;
const PAGED = 4;

export function encodeVersion(draft: Draft, place: Place): Uint8Array {
  const object = draft.kind === "object" ? draft : undefined;
  const flags =
    (place.isNull ? IS_NULL : 0) |
    (object?.shared === true ? SHARED : 0) |
    (object !== undefined && object.locations === undefined ? PAGED : 0);
  const out = Writer.scratch(512 + (object?.manifestBytes.length ?? 0))
    .u8(FORMAT)
    .u8(object === undefined ? MARKER : OBJECT)
    .u64(place.sequence)
    .u64(place.highest)
    .u64(place.nullSequence)
    .u8(flags)
    .fixed(draft.uid, 16)
    .u64(draft.lastModifiedMs);
  if (object !== undefined) writeObject(out, object);
  return out.done();
}

function writeObject(out: Writer, object: ObjectDraft): void {
  out.lp(object.manifestBytes).u8(object.envelopes.length);
  for (const envelope of object.envelopes) out.lp(encodeEnvelope(envelope));
  out.u8(object.tags.length);
  for (const { key, value } of object.tags) out.lpText(key).lpText(value);
  out.u32(object.openedBy.length);
  for (const reference of object.openedBy) out.lp(reference);
  const locations = object.locations ?? [];
  out.u32(locations.length);
  for (const location of locations) writeLocation(out, location);
}

/** Throws CryptoError for bytes that no release wrote. Byte fields are views of `body`. */
export function decodeVersion(body: Uint8Array): Version {
  const reader: Reader = new Reader(body, "version record");
  if (reader.u8() !== FORMAT) reader.fail("unknown format");
  const kind = reader.u8();
  const sequence = reader.u64();
  const highest = reader.u64();
  const nullSequence = reader.u64();
  const flags = reader.u8();
  const uid = asId<VersionUid>(reader.take(16));
  const lastModifiedMs = reader.u64();
  const isNull = (flags & IS_NULL) !== 0;
  const common = { sequence, highest, nullSequence, isNull, uid, lastModifiedMs, body };
  if (kind === MARKER) {
    reader.end();
    return { kind: "marker", ...common };
  }
  if (kind !== OBJECT) reader.fail("unknown kind");
  const manifestBytes = reader.lp();
  const manifest = decodeManifest(manifestBytes);
  const envelopes = readEnvelopes(reader);
  const tags: Tag[] = [];
  for (let n = reader.u8(); n > 0; n--) tags.push({ key: reader.lpText(), value: reader.lpText() });
  const openedBy: Uint8Array[] = [];
  for (let n = reader.u32(); n > 0; n--) openedBy.push(reader.lp());
  const located: Location[] = [];
  for (let n = reader.u32(); n > 0; n--) located.push(readLocation(reader));
  reader.end();
  const locations = (flags & PAGED) === 0 ? located : undefined;
  if (!sameId(manifest.versionUid, uid)) reader.fail("the manifest is another version's");
  const count = manifest.streams.kind === "inline" ? manifest.streams.entries.length : 0;
  if (located.length !== count) reader.fail("streams and locations differ in number");
  return {
    kind: "object",
    ...common,
    mode: envelopes[0].mode,
    shared: (flags & SHARED) !== 0,
    manifestBytes,
    manifest,
    bucketId: asId<BucketId>(manifest.bucketId),
    key: manifest.objectKey as ObjectKey,
    contentId: asId<ContentId>(manifest.contentId),
    envelopes,
    tags,
    openedBy,
    locations,
    derived: {},
  };
}

function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (a[i] !== b[i]) return false;
  return true;
}

function readEnvelopes(reader: Reader): ObjectVersion["envelopes"] {
  const layers = reader.u8();
  const first = decodeEnvelope(reader.lp());
  if (!isFinal(first)) reader.fail("an envelope of an upload that is not completed");
  if (layers === 1 && first.mode !== "DSSE-KMS" && first.layer === 0) return [first];
  if (layers !== 2) reader.fail("envelopes");
  const second = decodeEnvelope(reader.lp());
  const fits =
    first.mode === "DSSE-KMS" && second.mode === "DSSE-KMS" && first.layer === 0 && second.layer === 1;
  if (!fits || !isFinal(second)) reader.fail("envelopes");
  const kinds = [first, second].map(({ kekReference }) => decodeKekReference(kekReference).kind);
  if (kinds[0] !== "kms" || kinds[1] !== "epoch") reader.fail("keys of two layers");
  return [first, second];
}

/** Bound to a version's final manifest: what wraps the dek of an open upload would pass for an empty object's. */
function isFinal({ form, kind, mode, completion }: StoredEnvelope): boolean {
  if (form === 1) return kind === "version";
  return kind === "upload" && mode === "SSE-C" && completion !== undefined;
}

/** The same version in another row: other facts of the key, or its content now shared. Nothing else changes. */
export function repointed(version: Version, change: Partial<PointerFacts> & { shared?: true }): Uint8Array {
  // A copy in a buffer of its own: what was opened may be a Buffer, whose slice is a view.
  const body = new Uint8Array(version.body);
  const view = new DataView(body.buffer);
  putU64(view, HIGHEST_AT, change.highest ?? version.highest);
  putU64(view, NULL_AT, change.nullSequence ?? version.nullSequence);
  if (change.shared === true) {
    assert(version.kind === "object", "a delete marker has no content");
    body[FLAGS_AT] = (body[FLAGS_AT] ?? 0) | SHARED;
  }
  return body;
}

function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value % 0x1_0000_0000);
}

/** A stored version as a draft, for changes that keep the version (tags, re-wrap). */
export function draftOf(version: ObjectVersion): ObjectDraft {
  const { uid, lastModifiedMs, shared, manifestBytes, envelopes, tags, openedBy, locations } = version;
  return {
    kind: "object",
    uid,
    lastModifiedMs,
    shared,
    manifestBytes,
    envelopes,
    tags,
    openedBy,
    locations,
  };
}

export const placeOf = (version: Version): Place => ({
  sequence: version.sequence,
  highest: version.highest,
  nullSequence: version.nullSequence,
  isNull: version.isNull,
});
