/**
 * Golden vectors of the version, content and location bodies, format 1 (testdata/objects). They were written by the
 * release that made the format and never change; a new shape gets a new version and keeps reading these.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeKekReference, encodeManifest, type Manifest, type StoredEnvelope } from "@strongroom/crypto";
import { asId, type BlobId, type VersionUid } from "../../base/ids.ts";
import { IntegrityError } from "../../base/errors.ts";
import { decodeLocations, encodeLocations } from "../content/location.ts";
import { lifeCodec, versionCodec } from "./codecs.ts";
import { contentCodec } from "./content-record.ts";
import {
  decodeVersion,
  type Draft,
  draftOf,
  encodeVersion,
  type ObjectDraft,
  type Place,
  placeOf,
  repointed,
} from "./version-record.ts";

const FILE = join(import.meta.dirname, "../../../../../testdata/objects/rows-v1.json");
const fill = (n: number, byte: number): Uint8Array => new Uint8Array(n).fill(byte);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const manifest = (change: Partial<Manifest> = {}): Uint8Array =>
  encodeManifest({
    bucketId: fill(16, 1),
    objectKey: "photos/über/🔑.jpg",
    versionUid: fill(16, 2),
    contentId: fill(16, 3),
    plaintextSize: 100,
    etag: fill(16, 4),
    checksum: { algorithm: "CRC64NVME", type: "FULL_OBJECT" },
    shownPartCount: 0,
    contentHeaders: [["content-type", "image/jpeg"]],
    userMetadata: [["owner", "zoë"]],
    streams: {
      kind: "inline",
      entries: [
        { partNumber: 1, plaintextSize: 100, commitments: [fill(32, 5)], sealedChecksums: fill(0, 0) },
      ],
    },
    ...change,
  });
const envelope = (change: Partial<StoredEnvelope> = {}): StoredEnvelope => ({
  kind: "version",
  mode: "SSE-S3",
  layer: 0,
  form: 1,
  wrapSalt: fill(32, 6),
  kekReference: encodeKekReference({ kind: "epoch", bucketId: fill(16, 1), epoch: 1 }),
  wrapped: fill(60, 7),
  ...change,
});
const object = (change: Partial<ObjectDraft> = {}): ObjectDraft => ({
  kind: "object",
  uid: asId<VersionUid>(fill(16, 2)),
  lastModifiedMs: 1_790_000_000_123,
  shared: false,
  manifestBytes: manifest(),
  envelopes: [envelope()],
  tags: [],
  openedBy: [],
  locations: [{ storedSize: 188, crc32c: 0xdeadbeef }],
  ...change,
});
const dsse = (): ObjectDraft => {
  const entry = {
    partNumber: 1,
    plaintextSize: 100,
    commitments: [fill(32, 5), fill(32, 8)],
    sealedChecksums: fill(0, 0),
  } as const;
  const kms = encodeKekReference({
    kind: "kms",
    keyArn: "arn:aws:kms:us-east-1:000000000000:key/k",
    encryptedKey: fill(117, 9),
    context: fill(4, 0),
  });
  return object({
    manifestBytes: manifest({ streams: { kind: "inline", entries: [entry] } }),
    envelopes: [envelope({ mode: "DSSE-KMS", kekReference: kms }), envelope({ mode: "DSSE-KMS", layer: 1 })],
    shared: true,
    tags: [{ key: "team", value: "blue ✓" }],
    openedBy: [encodeKekReference({ kind: "epoch", bucketId: fill(16, 1), epoch: 1 })],
    locations: [{ blob: asId<BlobId>(fill(16, 10)), storedSize: 2 ** 40, crc32c: 1 }],
  });
};
const form2 = (): ObjectDraft =>
  object({
    envelopes: [
      envelope({
        kind: "upload",
        mode: "SSE-C",
        form: 2,
        kekReference: encodeKekReference({
          kind: "customer",
          algorithm: "AES256",
          checkSalt: fill(32, 11),
          keyCheck: fill(32, 12),
        }),
        completion: { creationManifestHash: fill(32, 13), manifestTag: fill(32, 14) },
      }),
    ],
  });

const CASES: Readonly<Record<string, readonly [Draft, Place]>> = {
  "SSE-S3, null version, inline": [object(), { sequence: 1, highest: 1, nullSequence: 1, isNull: true }],
  "DSSE-KMS, shared, tags, history, blob": [
    dsse(),
    { sequence: 2 ** 40 + 7, highest: 2 ** 40 + 9, nullSequence: 3, isNull: false },
  ],
  "SSE-C upload completed in form 2": [form2(), { sequence: 5, highest: 5, nullSequence: 0, isNull: false }],
  "delete marker": [
    { kind: "marker", uid: asId<VersionUid>(fill(16, 2)), lastModifiedMs: 1 },
    { sequence: 4, highest: 6, nullSequence: 4, isNull: true },
  ],
};

interface Vectors {
  readonly versions: Readonly<Record<string, string>>;
  readonly content: string;
  readonly locations: string;
}

const present = (): Vectors => ({
  versions: Object.fromEntries(
    Object.entries(CASES).map(([name, [draft, place]]) => [name, hex(encodeVersion(draft, place))]),
  ),
  content: hex(
    contentCodec.encode({
      references: [asId<VersionUid>(fill(16, 1)), asId<VersionUid>(fill(16, 2))],
      openedBy: [fill(21, 3)],
    }),
  ),
  locations: hex(
    encodeLocations([
      { storedSize: 188, crc32c: 7 },
      { blob: asId<BlobId>(fill(16, 10)), storedSize: 2 ** 40, crc32c: 0xffffffff },
    ]),
  ),
});

const vectors = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;
const bytesOf = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? "", "hex"));

test("what is written now is what the release wrote", () => {
  assert.deepEqual(present(), vectors);
});

for (const [name, [draft, place]] of Object.entries(CASES)) {
  test(`vector reads back: ${name}`, () => {
    const version = decodeVersion(bytesOf(vectors.versions[name]));
    assert.deepEqual(placeOf(version), place);
    assert.equal(version.kind, draft.kind);
    if (version.kind === "object" && draft.kind === "object") assert.deepEqual(draftOf(version), draft);
  });

  test(`vector cut, lengthened or of another format is refused: ${name}`, () => {
    const body = bytesOf(vectors.versions[name]);
    for (let size = 0; size < body.length; size++) {
      assert.throws(() => versionCodec.decode(body.subarray(0, size)), IntegrityError, String(size));
    }
    assert.throws(() => versionCodec.decode(new Uint8Array([...body, 0])), IntegrityError);
    for (const [at, byte] of [
      [0, 0],
      [0, 2],
      [1, 0],
      [1, 3],
    ] as const) {
      const changed = new Uint8Array(body);
      changed[at] = byte;
      assert.throws(() => versionCodec.decode(changed), IntegrityError);
    }
  });
}

test("an envelope of an upload that was not completed is no version's, and each layer has its kind of key", () => {
  const place: Place = { sequence: 1, highest: 1, nullSequence: 0, isNull: false };
  const [done] = form2().envelopes;
  const { completion, ...open } = done;
  const [inner, outer] = dsse().envelopes;
  assert.ok(outer !== undefined && completion !== undefined);
  const wrong: ObjectDraft["envelopes"][] = [
    [envelope({ kind: "upload" })],
    [open],
    [{ ...done, kind: "version" }],
    [{ ...done, mode: "SSE-KMS" }],
    [{ ...inner, kind: "upload" }, outer],
    [inner, { ...outer, kind: "upload" }],
    [inner, { ...outer, kekReference: inner.kekReference }],
    [{ ...inner, kekReference: outer.kekReference }, outer],
  ];
  for (const [i, envelopes] of wrong.entries()) {
    const draft = { ...(envelopes.length === 2 ? dsse() : object()), envelopes };
    assert.throws(() => versionCodec.decode(encodeVersion(draft, place)), IntegrityError, `case ${i}`);
  }
});

test("a record whose parts contradict each other is refused", () => {
  const place: Place = { sequence: 1, highest: 1, nullSequence: 0, isNull: false };
  const contradictions: ObjectDraft[] = [
    object({ uid: asId<VersionUid>(fill(16, 99)) }),
    object({ locations: [] }),
    object({ envelopes: [envelope({ layer: 1 })] }),
    object({ envelopes: [envelope({ mode: "DSSE-KMS" })] }),
    object({ envelopes: [envelope(), envelope({ layer: 1 })] }),
  ];
  for (const draft of contradictions) {
    assert.throws(() => versionCodec.decode(encodeVersion(draft, place)), IntegrityError);
  }
});

test("a version moves between tables with its facts changed and nothing else", () => {
  const [draft, place] = CASES["SSE-S3, null version, inline"] ?? [
    object(),
    { sequence: 1, highest: 1, nullSequence: 0, isNull: false },
  ];
  const version = decodeVersion(encodeVersion(draft, place));
  const moved = decodeVersion(repointed(version, { highest: 9, nullSequence: 0, shared: true }));
  assert.deepEqual(placeOf(moved), { ...place, highest: 9, nullSequence: 0 });
  assert.ok(moved.kind === "object" && moved.shared);
  assert.deepEqual({ ...draftOf(moved), shared: false }, draft);
});

test("content, locations and life read back", () => {
  assert.equal(contentCodec.decode(bytesOf(vectors.content)).references.length, 2);
  assert.equal(decodeLocations(bytesOf(vectors.locations))[1]?.storedSize, 2 ** 40);
  for (const state of ["active", "deleting"] as const) {
    assert.equal(lifeCodec.decode(lifeCodec.encode(state)), state);
  }
  assert.throws(() => lifeCodec.decode(Uint8Array.of(1, 3)), IntegrityError);
  assert.throws(() => contentCodec.decode(bytesOf(vectors.content).subarray(0, 30)), IntegrityError);
});

test("a typical record stays under a kibibyte", () => {
  for (const [draft, place] of Object.values(CASES)) {
    assert.ok(encodeVersion(draft, place).length < 1024);
  }
});
