/**
 * The golden vectors of testdata/sealed-format: this package writes exactly these bytes from these inputs, reads them back,
 * and rejects what must be rejected with the named failure.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  canonicalContext,
  type Checksum,
  completionKey,
  CryptoError,
  customerKek,
  decodeChecksums,
  decodeContext,
  decodeEnvelope,
  decodeKekReference,
  decodeManifest,
  dssePlaintextSize,
  encodeChecksums,
  encodeEnvelope,
  encodeKekReference,
  encodeManifest,
  encodePages,
  etagText,
  expectedPage,
  importedMaterial,
  keyedHash,
  type KeyPurpose,
  type Layer,
  manifestHash,
  manifestTag,
  materialId,
  newCustomerKek,
  openBlob,
  openDsse,
  openDsseRange,
  openKeyRecord,
  openPage,
  openPartChecksums,
  openRange,
  openSmall,
  openSmallDsse,
  openStream,
  openToken,
  plaintextSize,
  RecordSealer,
  SecretKey,
  sealBlob,
  sealKeyRecord,
  sealPartChecksums,
  sealSmall,
  sealSmallDsse,
  sealStream,
  sealToken,
  StreamSealer,
  storedSize,
  streamRange,
  type StreamEntry,
  unwrapDek,
  verifyManifestTag,
  wrapDek,
} from "../src/index.ts";
import { exposeKeyBytes } from "../src/expose-key-bytes.ts";
import {
  applyEdits,
  chunked,
  collect,
  fixedRandom,
  hex,
  type Json,
  loadVectors as load,
  pattern,
  unhex,
} from "./fixtures.ts";
import * as naive from "./naive.ts";

const key = <P extends KeyPurpose>(purpose: P, text: string): SecretKey<P> =>
  SecretKey.fromBytes(purpose, unhex(text));
const fails =
  (code: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof CryptoError, String(error));
    assert.equal(error.code, code);
    return true;
  };
const same = (actual: Uint8Array, expectedHex: string): void => assert.equal(hex(actual), expectedHex);

describe("section 2: sealed stream", () => {
  const v = load("stream");
  const dek = key("dek", v.dek);
  const stored = new Map<string, Uint8Array>();

  for (const c of v.seal) {
    test(`seals: ${c.name}`, async () => {
      const plaintext = pattern(c.plaintextSize);
      for (const size of [undefined, plaintext.length]) {
        const sealer = new StreamSealer(dek, c.layer, fixedRandom(unhex(c.salt)));
        same(sealer.commitment, c.commitment);
        const bytes = await collect(sealStream(chunked(plaintext, 40_000), sealer, size));
        assert.equal(bytes.length, c.storedSize);
        if (c.stored !== undefined) same(bytes, c.stored);
        else same(naive.sha256(bytes), c.storedSha256);
        stored.set(c.name, bytes);
      }
      if (plaintext.length <= 65_536) {
        const small = sealSmall(plaintext, dek, c.layer, fixedRandom(unhex(c.salt)));
        assert.deepEqual(small.stored, stored.get(c.name));
        same(small.commitment, c.commitment);
      }
    });
    test(`opens: ${c.name}`, async () => {
      const bytes = stored.get(c.name) ?? assert.fail("sealed above");
      const spec = { dek, layer: c.layer, commitment: unhex(c.commitment), plaintextSize: c.plaintextSize };
      const expected = pattern(c.plaintextSize);
      assert.deepEqual(await collect(openStream([bytes], spec)), expected);
      if (bytes.length < 1000) assert.deepEqual(await collect(openStream(chunked(bytes, 1), spec)), expected);
    });
  }

  for (const c of v.reject) {
    test(`rejects: ${c.name}`, async () => {
      const base = v.seal.find((s: { name: string }) => s.name === c.base);
      const bytes = applyEdits(stored.get(c.base) ?? assert.fail("sealed above"), c.edits);
      const spec = {
        dek: key("dek", c.dek ?? v.dek),
        layer: (c.layer ?? base.layer) as Layer,
        commitment: unhex(c.commitment ?? base.commitment),
        plaintextSize: (c.plaintextSize ?? base.plaintextSize) as number,
      };
      await assert.rejects(collect(openStream([bytes], spec)), fails(c.error));
      await assert.rejects(collect(openStream(chunked(bytes, 333), spec)), fails(c.error));
      if (spec.plaintextSize <= 65_536) {
        const small = bytes.length === storedSize(spec.plaintextSize) ? c.error : "SizeMismatch";
        assert.throws(
          () => openSmall(bytes, spec.dek, spec.layer, spec.commitment, spec.plaintextSize),
          fails(small),
        );
      }
      if (bytes.length !== storedSize(spec.plaintextSize)) {
        const read = (from: number, to: number) => chunked(bytes.subarray(from, to), 333);
        const range = openRange(read, bytes.length, spec, 0, Math.min(1, spec.plaintextSize));
        await assert.rejects(collect(range), fails("SizeMismatch"));
      }
    });
  }

  for (const c of v.crafted) {
    test(`rejects a stream that no sealer writes: ${c.name}`, async () => {
      const plaintext = pattern(c.plaintextSize);
      const recipes = c.segments.map((s: { from: number; to: number; index: number; final: boolean }) => ({
        piece: plaintext.subarray(s.from, s.to),
        index: s.index,
        final: s.final,
      }));
      const bytes = naive.stream(unhex(v.dek), 0, unhex(c.salt), recipes);
      const spec = {
        dek,
        layer: 0,
        commitment: bytes.subarray(40, 72),
        plaintextSize: c.plaintextSize,
      } as const;
      await assert.rejects(collect(openStream([bytes], spec)), fails(c.error));
    });
  }

  test("sizes and ranges", () => {
    for (const [plain, stored] of v.sizes) {
      assert.equal(storedSize(plain), stored);
      assert.equal(plaintextSize(stored), plain);
    }
    for (const stored of v.noSize) assert.equal(plaintextSize(stored), undefined);
    for (const { size, from, to, ...range } of v.ranges) assert.deepEqual(streamRange(size, from, to), range);
  });
});

describe("section 3: DSSE", () => {
  const v = load("dsse");
  const deks = [key("dek", v.deks[0]), key("dek", v.deks[1])] as const;
  for (const c of v.seal) {
    test(`seals and opens ${c.plaintextSize} bytes`, async () => {
      const plaintext = pattern(c.plaintextSize);
      const sealed = sealSmallDsse(plaintext, deks, fixedRandom(unhex(v.salts[0]), unhex(v.salts[1])));
      same(sealed.stored, c.stored);
      assert.deepEqual(sealed.commitments.map(hex), c.commitments);
      const spec = { deks, commitments: sealed.commitments, plaintextSize: c.plaintextSize };
      assert.equal(hex(openSmallDsse(sealed.stored, spec)), hex(plaintext));
      assert.deepEqual(await collect(openDsse([sealed.stored], spec)), plaintext);
    });
  }
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, async () => {
      const base = v.seal[c.base];
      const bytes = applyEdits(unhex(base.stored), c.edits);
      const inner = c.innerCommitmentOf === undefined ? base.commitments[0] : v.salts[c.innerCommitmentOf];
      const spec = {
        deks: c.swapDeks === true ? ([deks[1], deks[0]] as const) : deks,
        commitments: [unhex(inner), unhex(base.commitments[1])] as const,
        plaintextSize: base.plaintextSize,
      };
      await assert.rejects(collect(openDsse([bytes], spec)), fails(c.error));
    });
  }
  test("rejects outer sizes that hold no inner stream", async () => {
    const spec = { deks, commitments: v.seal[2].commitments.map(unhex), plaintextSize: 100 };
    for (const stored of v.noSize) {
      assert.equal(dssePlaintextSize(stored), undefined);
      const read = (): AsyncIterable<Uint8Array> => assert.fail("nothing may be read");
      await assert.rejects(
        async () => collect(openDsseRange(read, stored, spec, 0, 1)),
        fails("SizeMismatch"),
      );
    }
  });
});

describe("section 4: envelope", () => {
  const v = load("envelope");
  const dek = key("dek", v.dek);
  const identityOf = (c: Json) => ({ ...c, bucketId: unhex(c.bucketId), versionUid: unhex(c.versionUid) });
  const find = (name: string) => v.wrap.find((w: { name: string }) => w.name === name);
  for (const c of v.wrap) {
    test(`wraps and unwraps: ${c.name}`, () => {
      const input = {
        dek,
        kek: key("kek", v.kek),
        identity: identityOf(c.identity),
        kekReference: unhex(c.kekReference),
        manifestHash: unhex(c.manifestHash),
      };
      const out = wrapDek({ ...input, private: unhex(c.private) }, fixedRandom(unhex(c.wrapSalt)));
      same(out.wrapped, c.wrapped);
      const back = unwrapDek({ ...input, ...out });
      assert.ok(back.dek.equals(dek));
      same(back.private, c.private);
      const stored = decodeEnvelope(unhex(c.stored));
      same(encodeEnvelope(stored), c.stored);
      same(stored.wrapped, c.wrapped);
      assert.equal(stored.mode, c.identity.mode);
      same(encodeKekReference(decodeKekReference(stored.kekReference)), c.kekReference);
    });
  }
  test("the private part holds the checksums", () => {
    const [checksum] = decodeChecksums(unhex(find("SSE-S3").private));
    assert.deepEqual(checksum, { algorithm: "CRC64NVME", value: unhex(v.checksums[0].value) });
  });
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const base = find(c.base);
      const input = {
        kek: key("kek", c.kek ?? v.kek),
        identity: identityOf({ ...base.identity, ...c.identity }),
        kekReference: unhex(
          c.referenceOf === undefined ? base.kekReference : find(c.referenceOf).kekReference,
        ),
        manifestHash: unhex(c.manifestHash ?? base.manifestHash),
        wrapSalt: unhex(base.wrapSalt),
        wrapped: applyEdits(unhex(base.wrapped), c.edits ?? []),
      };
      assert.throws(() => unwrapDek(input), fails(c.error));
    });
  }
  for (const c of v.rejectStored) {
    test(`rejects a stored envelope: ${c.name}`, () => {
      assert.throws(() => decodeEnvelope(applyEdits(unhex(find("SSE-S3").stored), c.edits)), fails(c.error));
    });
  }
  for (const c of v.rejectReference) {
    test(`rejects a kek reference: ${c.name}`, () => {
      assert.throws(() => decodeKekReference(unhex(c.hex)), fails(c.error));
    });
  }
});

describe("section 4: SSE-C and completion", () => {
  const s = load("ssec");
  test("derives kek and key check of a customer's key", () => {
    const made = newCustomerKek(key("customer", s.customerKey), fixedRandom(unhex(s.checkSalt)));
    same(exposeKeyBytes(made.kek), s.kek);
    same(made.reference.keyCheck, s.keyCheck);
    assert.ok(customerKek(key("customer", s.customerKey), made.reference).equals(made.kek));
  });
  for (const c of s.reject) {
    test(`rejects: ${c.name}`, () => {
      const reference = {
        kind: "customer",
        algorithm: "AES256",
        checkSalt: unhex(s.checkSalt),
        keyCheck: applyEdits(unhex(s.keyCheck), c.keyCheckEdits ?? []),
      } as const;
      assert.throws(
        () => customerKek(key("customer", c.customerKey ?? s.customerKey), reference),
        fails(c.error),
      );
    });
  }
  const v = load("completion");
  test("binds the final manifest", () => {
    const made = completionKey(key("dek", v.dek));
    same(exposeKeyBytes(made), v.completionKey);
    same(manifestTag(made, unhex(v.manifestHash)), v.manifestTag);
    verifyManifestTag(key("dek", v.dek), unhex(v.manifestHash), unhex(v.manifestTag));
  });
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const tag = applyEdits(unhex(v.manifestTag), c.tagEdits ?? []);
      const hash = unhex(c.manifestHash ?? v.manifestHash);
      assert.throws(() => verifyManifestTag(key("dek", v.dek), hash, tag), fails(c.error));
    });
  }
});

describe("section 5: manifest", () => {
  const v = load("manifest");
  for (const c of v.encode) {
    test(`encodes and decodes: ${c.name}`, () => {
      const decoded = decodeManifest(unhex(c.bytes));
      same(encodeManifest(decoded), c.bytes);
      same(manifestHash(unhex(c.bytes)), c.hash);
      const plain = JSON.parse(
        JSON.stringify(decoded, (_, x) => (x instanceof Uint8Array ? { hex: hex(x) } : x)),
      );
      assert.deepEqual(plain, c.manifest);
    });
  }
  const single = v.encode[0];
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      assert.throws(() => decodeManifest(applyEdits(unhex(single.bytes), c.edits)), fails(c.error));
    });
  }
  test("shows ETags with and without a count of parts", () => {
    const etag = unhex("00112233445566778899aabbccddeeff");
    assert.equal(etagText({ etag, shownPartCount: 0 }), "00112233445566778899aabbccddeeff");
    assert.equal(etagText({ etag, shownPartCount: 3 }), "00112233445566778899aabbccddeeff-3");
  });

  const paged = decodeManifest(unhex(v.encode[3].bytes));
  const commitmentOf = (n: number): Uint8Array =>
    naive.cat(naive.hash512(`strongroom vector: commitment ${n}`)).subarray(0, 32);
  const entries: readonly StreamEntry[] = Array.from({ length: 300 }, (_, i) => ({
    partNumber: i + 1,
    plaintextSize: 1000 + i,
    commitments: [new Uint8Array(commitmentOf(i + 1))],
    sealedChecksums: new Uint8Array(0),
  }));
  const pages = encodePages(entries);
  test("pages of 300 streams", () => {
    assert.equal(pages.length, v.pages.length);
    for (const [i, page] of pages.entries()) {
      same(page.entry.hash, v.pages[i].sha256);
      assert.equal(page.bytes.length, v.pages[i].size);
      assert.deepEqual(openPage(page.bytes, expectedPage(paged, i)), entries.slice(i * 256, i * 256 + 256));
    }
    assert.throws(() => expectedPage(paged, 2), fails("BadRange"));
  });
  for (const c of v.rejectPage) {
    test(`rejects a page: ${c.name}`, () => {
      const bytes = applyEdits(pages[c.page]?.bytes ?? assert.fail("no such page"), c.edits);
      assert.throws(() => openPage(bytes, expectedPage(paged, c.as)), fails(c.error));
    });
  }

  const p = load("part-checksums");
  const dek = key("dek", p.dek);
  const list: readonly Checksum[] = p.checksums.map((x: Json) => ({
    algorithm: x.algorithm,
    value: unhex(x.value),
  }));
  test("part checksums", () => {
    same(encodeChecksums(list), p.encoded);
    same(sealPartChecksums(dek, unhex(p.commitment), list), p.sealed);
    const opened = openPartChecksums(dek, unhex(p.commitment), unhex(p.sealed));
    assert.deepEqual(
      opened.map((x) => ({ algorithm: x.algorithm, value: hex(x.value) })),
      p.checksums,
    );
  });
  for (const c of p.reject) {
    test(`rejects part checksums: ${c.name}`, () => {
      const sealed = applyEdits(unhex(p.sealed), c.edits ?? []);
      assert.throws(
        () => openPartChecksums(dek, unhex(c.commitment ?? p.commitment), sealed),
        fails(c.error),
      );
    });
  }
  for (const c of p.rejectEncoded) {
    test(`rejects encoded checksums: ${c.name}`, () => {
      assert.throws(() => decodeChecksums(unhex(c.hex)), fails(c.error));
    });
  }
});

describe("section 6: sealed record", () => {
  const v = load("record");
  const sealer = (): RecordSealer =>
    new RecordSealer(
      new Map([[v.term, key("metadata", v.metadataKey)]]),
      v.term,
      fixedRandom(unhex(v.sealSalt), unhex(v.nonce)),
    );
  test("seals and opens", () => {
    same(sealer().seal(v.table, unhex(v.key), unhex(v.body)), v.value);
    same(sealer().open(v.table, unhex(v.key), unhex(v.value)), v.body);
  });
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const value = applyEdits(unhex(v.value), c.edits ?? []);
      assert.throws(() => sealer().open(c.table ?? v.table, unhex(c.key ?? v.key), value), fails(c.error));
    });
  }
});

describe("section 7: KMS blob", () => {
  const v = load("kms-blob");
  const blobKey = (multiRegion: boolean, keyArn: string = v.keyArn) => ({
    material: key("material", v.material),
    keyArn,
    multiRegion,
    keyUuid: unhex(v.keyUuid),
    materialId: unhex(v.materialId).subarray(0, 16),
  });
  for (const c of v.seal) {
    test(`seals and opens: ${c.name}`, () => {
      const context = canonicalContext(c.context);
      same(sealBlob(blobKey(c.multiRegion), unhex(c.plaintext), context, fixedRandom(unhex(v.salt))), c.blob);
      same(openBlob(blobKey(c.multiRegion), unhex(c.blob), context), c.plaintext);
    });
  }
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const [base] = v.seal;
      const blob = applyEdits(unhex(base.blob), c.edits ?? []);
      const context = canonicalContext(c.context ?? base.context);
      assert.throws(() => openBlob(blobKey(false, c.keyArn), blob, context), fails(c.error));
    });
  }
  test("material ids and imported material", () => {
    same(materialId(key("material", v.material), v.keyArn), v.materialId);
    same(exposeKeyBytes(importedMaterial(unhex(v.imported.bytes))), v.imported.material);
    assert.throws(() => importedMaterial(new Uint8Array(31)), fails("BadKey"));
  });

  const x = load("context");
  test("canonical contexts", () => {
    for (const c of x.encode) {
      same(canonicalContext(c.pairs), c.hex);
      same(canonicalContext(new Map(c.pairs.toReversed())), c.hex);
      same(canonicalContext(decodeContext(unhex(c.hex))), c.hex);
    }
    same(canonicalContext(), "00000000");
  });
  for (const c of x.reject) {
    test(`rejects a context: ${c.name}`, () => {
      assert.throws(() => canonicalContext(c.pairs), fails("BadContext"));
    });
  }
  test("rejects a context: 257 pairs", () => {
    const pairs = Array.from({ length: 257 }, (_, i) => [`k${i}`, ""] as const);
    assert.throws(() => canonicalContext(pairs), fails("BadContext"));
    canonicalContext(pairs.slice(1));
  });
  for (const c of x.rejectEncoded) {
    test(`rejects an encoded context: ${c.name}`, () => {
      assert.throws(() => decodeContext(unhex(c.hex)), fails(c.error));
    });
  }
});

describe("section 8: key record", () => {
  const v = load("key-record");
  const place = (c: Json) => {
    const common = { storeId: unhex(c.storeId ?? v.storeId), id: unhex(c.id), term: c.term as number };
    const termKey = c.termKey ?? v.termKey;
    if (c.kind === "keyring") return { kind: "keyring", ...common, termKey: key("root", termKey) } as const;
    if (c.kind === "epoch") return { kind: "epoch", ...common, termKey: key("service", termKey) } as const;
    return { kind: "material", ...common, termKey: key("domain", termKey) } as const;
  };
  for (const c of v.seal) {
    test(`seals and opens: ${c.kind}`, () => {
      same(sealKeyRecord(place(c), key(c.purpose, c.key), fixedRandom(unhex(c.salt))), c.record);
      same(exposeKeyBytes(openKeyRecord(place(c), unhex(c.record), c.purpose)), c.key);
    });
  }
  const epoch = v.seal[1];
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const record = applyEdits(unhex(epoch.record), c.edits ?? []);
      assert.throws(() => openKeyRecord(place({ ...epoch, ...c }), record, "kek"), fails(c.error));
    });
  }
});

describe("section 9: tokens and keyed hashes", () => {
  const v = load("token");
  const tokenKey = key("token", v.key);
  const keys = new Map([[v.term, tokenKey]]);
  test("seals and opens", () => {
    same(sealToken(tokenKey, v.term, v.use, unhex(v.body), fixedRandom(unhex(v.salt))), v.token);
    same(openToken(keys, v.use, unhex(v.token)), v.body);
    same(keyedHash(tokenKey, "fingerprint", unhex(v.body)), v.keyedHash);
  });
  for (const c of v.reject) {
    test(`rejects: ${c.name}`, () => {
      const token = applyEdits(unhex(v.token), c.edits ?? []);
      assert.throws(() => openToken(keys, c.use ?? v.use, token), fails(c.error));
    });
  }
});
