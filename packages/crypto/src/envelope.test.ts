import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyEdits } from "../test/fixtures.ts";
import {
  CryptoError,
  decodeKekReference,
  encodeEnvelope,
  encodeKekReference,
  encodeManifest,
  type EnvelopeIdentity,
  type KekReference,
  type Manifest,
  SecretKey,
  unwrapDek,
  verifyWrap,
  wrapDek,
} from "./index.ts";

const code = (expected: string) => (error: unknown) =>
  error instanceof CryptoError && error.code === expected;
const id = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const dek = SecretKey.generate("dek");
const kek = SecretKey.generate("kek");
const identity: EnvelopeIdentity = {
  kind: "version",
  mode: "SSE-S3",
  bucketId: id(1),
  objectKey: "a/b",
  versionUid: id(2),
  layer: 0,
  form: 1,
};
const base = { dek, kek, identity, kekReference: new Uint8Array(21), manifestHash: new Uint8Array(32) };

test("any altered byte of a wrapped dek, its salt, reference or manifest hash fails", () => {
  const wrapped = wrapDek({ ...base, private: new Uint8Array(9).fill(3) });
  const input = { ...base, ...wrapped };
  for (const field of ["wrapped", "wrapSalt", "kekReference", "manifestHash"] as const) {
    for (let at = 0; at < input[field].length; at++) {
      const bad = { ...input, [field]: applyEdits(input[field], [{ op: "xor", at, with: 1 }]) };
      assert.throws(() => unwrapDek(bad), code("TagMismatch"), `${field} ${at}`);
    }
  }
  assert.ok(unwrapDek(input).dek.equals(dek));
});

test("what was unwrapped outlives the memory that the next one is opened in", () => {
  for (const size of [0, 9, 300]) {
    const [mine, other] = [new Uint8Array(size).fill(3), new Uint8Array(size).fill(4)];
    const first = unwrapDek({ ...base, ...wrapDek({ ...base, private: mine }) });
    unwrapDek({ ...base, ...wrapDek({ ...base, dek: SecretKey.generate("dek"), private: other }) });
    assert.deepEqual(first.private, mine);
    assert.ok(first.dek.equals(dek));
  }
});

test("the same wrap twice shares nothing", () => {
  const [a, b] = [wrapDek(base), wrapDek(base)];
  assert.notDeepEqual(a.wrapSalt, b.wrapSalt);
  assert.notDeepEqual(a.wrapped, b.wrapped);
});

test("verifyWrap tells another dek", () => {
  const input = { ...base, ...wrapDek(base) };
  verifyWrap(input, dek);
  assert.throws(() => verifyWrap(input, SecretKey.generate("dek")), code("WrongKey"));
});

test("a private part belongs to layer 0 in form 1", () => {
  const secret = new Uint8Array([0]);
  assert.throws(
    () => wrapDek({ ...base, identity: { ...identity, layer: 1 }, private: secret }),
    code("Malformed"),
  );
  assert.throws(
    () => wrapDek({ ...base, identity: { ...identity, form: 2 }, private: secret }),
    code("Malformed"),
  );
});

test("ids and hashes have their size", () => {
  assert.throws(
    () => wrapDek({ ...base, identity: { ...identity, bucketId: new Uint8Array(15) } }),
    code("Malformed"),
  );
  assert.throws(() => wrapDek({ ...base, manifestHash: new Uint8Array(31) }), code("Malformed"));
  assert.throws(
    () => wrapDek({ ...base, identity: { ...identity, objectKey: "\ud800" } }),
    code("Malformed"),
  );
});

test("kek references decode to what was encoded", () => {
  const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
  const reference: fc.Arbitrary<KekReference> = fc.oneof(
    fc.record({ kind: fc.constant("epoch" as const), bucketId: bytes(16), epoch: fc.nat() }),
    fc.record({
      kind: fc.constant("kms" as const),
      keyArn: fc.string(),
      encryptedKey: fc.uint8Array(),
      context: fc.uint8Array(),
    }),
    fc.record({
      kind: fc.constant("kms-bucket-key" as const),
      keyArn: fc.string(),
      bucketKeyId: bytes(16),
      encryptedKey: fc.uint8Array(),
      context: fc.uint8Array(),
    }),
    fc.record({
      kind: fc.constant("customer" as const),
      algorithm: fc.constant("AES256" as const),
      checkSalt: bytes(32),
      keyCheck: bytes(32),
    }),
  );
  fc.assert(
    fc.property(reference, (ref) =>
      assert.deepEqual({ ...decodeKekReference(encodeKekReference(ref)) }, { ...ref }),
    ),
  );
});

test("a manifest tag belongs to form 2", () => {
  const completion = { creationManifestHash: new Uint8Array(32), manifestTag: new Uint8Array(32) };
  const stored = {
    ...wrapDek(base),
    kekReference: base.kekReference,
    kind: "upload",
    mode: "SSE-C",
    layer: 0,
  } as const;
  assert.throws(() => encodeEnvelope({ ...stored, form: 1, completion }), code("Malformed"));
  encodeEnvelope({ ...stored, form: 2, completion });
});

test("a manifest that contradicts itself is never written", () => {
  const entry = {
    partNumber: 1,
    plaintextSize: 5,
    commitments: [new Uint8Array(32)],
    sealedChecksums: id(0),
  } as const;
  const good: Manifest = {
    bucketId: id(1),
    objectKey: "k",
    versionUid: id(2),
    contentId: id(3),
    plaintextSize: 5,
    etag: id(4),
    checksum: undefined,
    shownPartCount: 0,
    contentHeaders: [],
    userMetadata: [],
    streams: { kind: "inline", entries: [entry] },
  };
  encodeManifest(good);
  const many = Array.from({ length: 17 }, (_, i) => ({ ...entry, partNumber: i + 1 }));
  for (const bad of [
    { ...good, plaintextSize: 6 },
    { ...good, etag: new Uint8Array(15) },
    { ...good, shownPartCount: 10_001 },
    { ...good, streams: { kind: "inline", entries: [entry, entry] } },
    { ...good, plaintextSize: 85, streams: { kind: "inline", entries: many } },
    { ...good, streams: { kind: "paged", count: 16, pages: [] } },
    {
      ...good,
      streams: {
        kind: "paged",
        count: 300,
        pages: [{ firstOffset: 0, firstPartNumber: 1, hash: new Uint8Array(32) }],
      },
    },
  ] as const satisfies readonly Manifest[]) {
    assert.throws(() => encodeManifest(bad), code("Malformed"));
  }
});
