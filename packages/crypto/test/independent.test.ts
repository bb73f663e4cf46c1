/** The golden vectors against the naive second implementation: the package's code has no part in these checks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, type Json, loadVectors as load, pattern, unhex } from "./fixtures.ts";
import * as n from "./naive.ts";

test("streams", () => {
  const v = load("stream");
  for (const c of v.seal) {
    const stored = n.stream(unhex(v.dek), c.layer, unhex(c.salt), n.recipesOf(pattern(c.plaintextSize)));
    assert.equal(stored.length, c.storedSize, c.name);
    assert.equal(hex(stored.subarray(40, 72)), c.commitment, c.name);
    if (c.stored !== undefined) assert.equal(hex(stored), c.stored, c.name);
    else assert.equal(hex(n.sha256(stored)), c.storedSha256, c.name);
  }
});

test("DSSE: a stream in a stream", () => {
  const v = load("dsse");
  for (const c of v.seal) {
    const inner = n.stream(unhex(v.deks[0]), 0, unhex(v.salts[0]), n.recipesOf(pattern(c.plaintextSize)));
    const outer = n.stream(unhex(v.deks[1]), 1, unhex(v.salts[1]), n.recipesOf(inner));
    assert.equal(hex(outer), c.stored);
    assert.deepEqual([hex(inner.subarray(40, 72)), hex(outer.subarray(40, 72))], c.commitments);
  }
});

test("envelopes", () => {
  const v = load("envelope");
  for (const c of v.wrap) {
    const id = {
      ...c.identity,
      bucketId: unhex(c.identity.bucketId),
      versionUid: unhex(c.identity.versionUid),
    };
    const wrapped = n.envelope(
      unhex(v.kek),
      id,
      unhex(c.wrapSalt),
      unhex(v.dek),
      unhex(c.private),
      unhex(c.kekReference),
      unhex(c.manifestHash),
    );
    assert.equal(hex(wrapped), c.wrapped, c.name);
    const codes = [
      1,
      ["version", "upload"].indexOf(id.kind) + 1,
      ["SSE-S3", "SSE-KMS", "SSE-C", "DSSE-KMS"].indexOf(id.mode) + 1,
      id.layer,
      id.form,
    ];
    const stored = n.cat(
      new Uint8Array(codes),
      unhex(c.wrapSalt),
      n.LP(unhex(c.kekReference)),
      n.LP(unhex(c.wrapped)),
    );
    assert.equal(hex(stored), c.stored, c.name);
  }
});

test("kek references", () => {
  const v = load("envelope");
  const bytes = (name: string, size: number) => n.hash512(`strongroom vector: ${name}`).subarray(0, size);
  const arn = "arn:aws:kms:us-east-1:000000000000:key/6f1b1c6e-8a8b-4f6e-9d3b-2f1f6a0b7c11";
  const context = n.context([["aws:s3:arn", "arn:aws:s3:::bucket/key"]]);
  const expected: Record<string, Uint8Array> = {
    epoch: n.cat(n.u8(1), bytes("bucket", 16), n.u32(7)),
    kms: n.cat(n.u8(2), n.LPt(arn), n.LP(bytes("blob", 48)), n.LP(context)),
    bucketKey: n.cat(
      n.u8(3),
      n.LPt(arn),
      bytes("bucket key", 16),
      n.LP(bytes("bucket key blob", 48)),
      n.LP(context),
    ),
    customer: n.cat(n.u8(4), n.LPt("AES256"), bytes("check salt", 32), bytes("key check", 32)),
  };
  for (const c of v.wrap) assert.equal(c.kekReference, hex(expected[c.reference] ?? assert.fail()), c.name);
});

test("SSE-C and completion", () => {
  const s = load("ssec");
  const x = n.ssec(unhex(s.checkSalt), unhex(s.customerKey));
  assert.equal(hex(x.subarray(0, 32)), s.kek);
  assert.equal(hex(x.subarray(32)), s.keyCheck);
  const c = load("completion");
  assert.equal(hex(n.completionKey(unhex(c.dek))), c.completionKey);
  assert.equal(hex(n.manifestTag(unhex(c.dek), unhex(c.manifestHash))), c.manifestTag);
});

test("manifests", () => {
  const { encode } = load("manifest");
  const algorithms = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];
  const pairs = (list: [string, string][]) => n.cat(...list.map(([k, w]) => n.cat(n.LPt(k), n.LPt(w))));
  for (const { name, manifest: m, bytes, hash } of encode) {
    const streams =
      m.streams.kind === "inline"
        ? m.streams.entries.map((e: Json) =>
            n.cat(
              n.u32(e.partNumber),
              n.u64(e.plaintextSize),
              n.u8(e.commitments.length),
              ...e.commitments.map((x: Json) => unhex(x.hex)),
              n.LP(unhex(e.sealedChecksums.hex)),
            ),
          )
        : m.streams.pages.map((p: Json) =>
            n.cat(n.u64(p.firstOffset), n.u32(p.firstPartNumber), unhex(p.hash.hex)),
          );
    const checksum =
      m.checksum === undefined
        ? n.cat()
        : n.cat(
            n.u8(algorithms.indexOf(m.checksum.algorithm) + 1),
            n.u8(["FULL_OBJECT", "COMPOSITE"].indexOf(m.checksum.type) + 1),
          );
    const expected = n.cat(
      n.u8(1),
      n.LP(unhex(m.bucketId.hex)),
      n.LPt(m.objectKey),
      n.LP(unhex(m.versionUid.hex)),
      n.LP(unhex(m.contentId.hex)),
      n.LP(n.u64(m.plaintextSize)),
      n.LP(unhex(m.etag.hex)),
      n.LP(checksum),
      n.LP(n.u32(m.shownPartCount)),
      n.LP(pairs(m.contentHeaders)),
      n.LP(pairs(m.userMetadata)),
      n.LP(n.u32(m.streams.count ?? m.streams.entries.length)),
      n.LP(n.cat(...streams)),
    );
    assert.equal(hex(expected), bytes, name);
    assert.equal(hex(n.sha256(expected)), hash, name);
  }
});

test("stream pages", () => {
  const v = load("manifest");
  const entry = (i: number) =>
    n.cat(
      n.u32(i + 1),
      n.u64(1000 + i),
      n.u8(1),
      n.hash512(`strongroom vector: commitment ${i + 1}`).subarray(0, 32),
      n.u32(0),
    );
  for (const { pageIndex, sha256 } of v.pages) {
    const from = pageIndex * 256;
    const count = Math.min(256, 300 - from);
    const entries = Array.from({ length: count }, (_, i) => entry(from + i));
    assert.equal(hex(n.sha256(n.cat(n.u8(1), n.u32(pageIndex), n.u32(count), ...entries))), sha256);
  }
});

test("part checksums", () => {
  const v = load("part-checksums");
  const encoded = n.cat(
    n.u8(2),
    n.u8(3),
    n.LP(unhex(v.checksums[0].value)),
    n.u8(5),
    n.LP(unhex(v.checksums[1].value)),
  );
  assert.equal(hex(encoded), v.encoded);
  assert.equal(hex(n.partChecksums(unhex(v.dek), unhex(v.commitment), encoded)), v.sealed);
});

test("sealed records", () => {
  const v = load("record");
  const value = n.record(
    unhex(v.metadataKey),
    v.term,
    unhex(v.sealSalt),
    unhex(v.nonce),
    v.table,
    unhex(v.key),
    unhex(v.body),
  );
  assert.equal(hex(value), v.value);
});

test("KMS blobs, contexts, material", () => {
  const v = load("kms-blob");
  for (const c of v.seal) {
    const blob = n.kmsBlob(
      unhex(v.material),
      c.multiRegion,
      unhex(v.keyUuid),
      unhex(v.materialId).subarray(0, 16),
      unhex(v.salt),
      v.keyArn,
      n.context(c.context),
      unhex(c.plaintext),
    );
    assert.equal(hex(blob), c.blob, c.name);
    assert.equal(blob.length, 85 + unhex(c.plaintext).length);
  }
  assert.equal(hex(n.materialId(unhex(v.material), v.keyArn)), v.materialId);
  assert.equal(hex(n.hmac256(n.ascii("strongroom/v1/import"), unhex(v.imported.bytes))), v.imported.material);
  // The encodings that the key service's contract prints.
  const printed = [
    "00000000",
    "000000010000000161000000026263",
    "000000010000000261620000000163",
    "000000010000000a6177733a73333a61726e0000001261726e3a6177733a73333a3a3a62312f6b31",
    "0000000200000003efbca1000000013100000004f09f94910000000132",
  ];
  const { encode } = load("context");
  assert.deepEqual(
    encode.map((c: Json) => c.hex),
    printed,
  );
  for (const c of encode) assert.equal(hex(n.context(c.pairs)), c.hex);
});

test("key records", () => {
  const v = load("key-record");
  for (const c of v.seal) {
    const record = n.keyRecord(
      unhex(v.termKey),
      c.term,
      unhex(c.salt),
      c.kind,
      unhex(v.storeId),
      unhex(c.id),
      unhex(c.key),
    );
    assert.equal(hex(record), c.record, c.kind);
  }
});

test("tokens and keyed hashes", () => {
  const v = load("token");
  const key = n.E256(unhex(v.key), n.cat(n.ascii("strongroom/v1/token"), unhex(v.salt)));
  const sealed = n.gcm(key, Buffer.alloc(12), unhex(v.body), n.LPt(v.use));
  assert.equal(hex(n.cat(n.u8(1), n.u32(v.term), unhex(v.salt), sealed)), v.token);
  const hash = n.E256(
    unhex(v.key),
    n.cat(n.ascii("strongroom/v1/hash"), n.LPt("fingerprint"), unhex(v.body)),
  );
  assert.equal(hex(hash), v.keyedHash);
});
