/**
 * Writes testdata/sealed-format/*.json: fixed keys and salts in, exact bytes out, and what must be rejected. Run by hand
 * when the format gains something; tests never run it. Vectors that a release wrote never change: a run that would change
 * an existing file stops unless --overwrite is given.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  canonicalContext,
  type Checksum,
  completionKey,
  encodeChecksums,
  encodeEnvelope,
  encodeKekReference,
  encodeManifest,
  encodePages,
  type EnvelopeIdentity,
  importedMaterial,
  keyedHash,
  type KekReference,
  type KeyPurpose,
  type Layer,
  type Manifest,
  manifestHash,
  manifestTag,
  materialId,
  newCustomerKek,
  RecordSealer,
  SecretKey,
  sealBlob,
  sealKeyRecord,
  sealPartChecksums,
  sealSmallDsse,
  sealStream,
  sealToken,
  StreamSealer,
  storedSize,
  streamRange,
  type StreamEntry,
  wrapDek,
} from "../../packages/crypto/src/index.ts";
import { exposeKeyBytes } from "../../packages/crypto/src/expose-key-bytes.ts";
import {
  chunked,
  collect,
  type Edit,
  fixedRandom,
  hex,
  pattern,
} from "../../packages/crypto/test/fixtures.ts";

const DIRECTORY = join(import.meta.dirname, "../../testdata/sealed-format");
const bytes = (name: string, size = 32): Uint8Array =>
  new Uint8Array(createHash("sha512").update(`strongroom vector: ${name}`).digest().subarray(0, size));
const keyOf = <P extends KeyPurpose>(purpose: P, name: string): SecretKey<P> =>
  SecretKey.fromBytes(purpose, bytes(name));
const sha256 = (b: Uint8Array): string => createHash("sha256").update(b).digest("hex");

function write(name: string, content: object): void {
  const path = join(DIRECTORY, `${name}.json`);
  const text = `${JSON.stringify(content, undefined, 1)}\n`;
  if (existsSync(path) && readFileSync(path, "utf8") !== text && !process.argv.includes("--overwrite")) {
    throw new Error(
      `${name}.json exists and differs; vectors of a release never change (--overwrite before one)`,
    );
  }
  writeFileSync(path, text);
}

// --- section 2 ---------------------------------------------------------------------------------------------------------
interface Sealed {
  readonly stored: Uint8Array;
  readonly json: object;
}
async function sealCase(name: string, layer: Layer, salt: Uint8Array, size: number): Promise<Sealed> {
  const sealer = new StreamSealer(keyOf("dek", "dek"), layer, fixedRandom(salt));
  const { commitment } = sealer;
  const stored = await collect(sealStream(chunked(pattern(size), 50_000), sealer));
  const out = stored.length <= 4096 ? { stored: hex(stored) } : { storedSha256: sha256(stored) };
  return {
    stored,
    json: {
      name,
      layer,
      salt: hex(salt),
      plaintextSize: size,
      commitment: hex(commitment),
      storedSize: stored.length,
      ...out,
    },
  };
}

async function streams(): Promise<void> {
  const cases = [
    await sealCase("empty", 0, bytes("salt empty"), 0),
    await sealCase("one byte", 0, bytes("salt one"), 1),
    await sealCase("small", 0, bytes("salt small"), 100),
    await sealCase("small, another attempt", 0, bytes("salt small again"), 100),
    await sealCase("small, outer layer", 1, bytes("salt small outer"), 100),
    await sealCase("one short of a segment", 0, bytes("salt 65535"), 65_535),
    await sealCase("one segment", 0, bytes("salt 65536"), 65_536),
    await sealCase("one segment and a byte", 0, bytes("salt 65537"), 65_537),
    await sealCase("three segments", 0, bytes("salt three"), 2 * 65_536 + 1000),
  ];
  const at1 = 72 + 65_552;
  const reject = (
    name: string,
    base: string,
    error: string,
    edits: readonly Edit[],
    over: object = {},
  ): object => ({
    name,
    base,
    edits,
    ...over,
    error,
  });
  const again = cases[3]?.json as { commitment: string };
  const rejects = [
    reject("unknown magic", "small", "BadMagic", [{ op: "xor", at: 3, with: 3 }]),
    reject("unknown suite", "small", "BadSuite", [{ op: "xor", at: 4, with: 3 }]),
    reject("unknown segment size", "small", "BadSegmentSize", [{ op: "xor", at: 5, with: 1 }]),
    reject("high byte of the layer", "small", "BadLayer", [{ op: "xor", at: 6, with: 1 }]),
    reject("outer layer where the inner is expected", "small, outer layer", "BadLayer", [], { layer: 0 }),
    reject("inner layer where the outer is expected", "small", "BadLayer", [], { layer: 1 }),
    reject("layer rewritten", "small, outer layer", "CommitmentMismatch", [{ op: "xor", at: 7, with: 1 }], {
      layer: 0,
    }),
    reject("salt altered", "small", "CommitmentMismatch", [{ op: "xor", at: 8, with: 1 }]),
    reject("commitment altered", "small", "CommitmentMismatch", [{ op: "xor", at: 71, with: 0x80 }]),
    reject("another attempt in its place", "small", "CommitmentMismatch", [], {
      commitment: again.commitment,
    }),
    reject("another dek", "small", "CommitmentMismatch", [], { dek: hex(bytes("another dek")) }),
    reject("ciphertext altered", "small", "TagMismatch", [{ op: "xor", at: 100, with: 1 }]),
    reject("tag altered", "small", "TagMismatch", [{ op: "xor", at: -1, with: 1 }]),
    reject("empty stream's tag altered", "empty", "TagMismatch", [{ op: "xor", at: -1, with: 1 }]),
    reject("cut within the header", "small", "Truncated", [{ op: "cut", to: 71 }]),
    reject("cut after the header", "small", "Truncated", [{ op: "cut", to: 72 }]),
    reject("last byte missing", "small", "Truncated", [{ op: "cut", to: -1 }]),
    reject("a byte after the final segment", "small", "TrailingBytes", [{ op: "append", hex: "00" }]),
    reject("a byte after an empty stream", "empty", "TrailingBytes", [{ op: "append", hex: "00" }]),
    reject("manifest says one byte less", "small", "TagMismatch", [], { plaintextSize: 99 }),
    reject("manifest says one byte more", "small", "Truncated", [], { plaintextSize: 101 }),
    reject("cut at a segment's edge", "three segments", "Truncated", [{ op: "cut", to: at1 }]),
    reject(
      "cut at a segment's edge, manifest agrees",
      "three segments",
      "TagMismatch",
      [{ op: "cut", to: at1 }],
      {
        plaintextSize: 65_536,
      },
    ),
    reject("first segment dropped", "three segments", "TagMismatch", [{ op: "remove", from: 72, to: at1 }]),
    reject("segments swapped", "three segments", "TagMismatch", [
      { op: "swap", a: 72, b: at1, size: 65_552 },
    ]),
    reject("last segment's tag altered", "three segments", "TagMismatch", [{ op: "xor", at: -1, with: 1 }]),
  ];
  // Streams that no sealer writes: how each segment was sealed. Pieces are plaintext offsets.
  const crafted = [
    { name: "no final flag", plaintextSize: 10, segments: [{ from: 0, to: 10, index: 0, final: false }] },
    {
      name: "final flag before the end",
      plaintextSize: 65_546,
      segments: [
        { from: 0, to: 65_536, index: 0, final: true },
        { from: 65_536, to: 65_546, index: 1, final: true },
      ],
    },
    {
      name: "an empty final segment after a full one",
      plaintextSize: 65_536,
      segments: [
        { from: 0, to: 65_536, index: 0, final: false },
        { from: 65_536, to: 65_536, index: 1, final: true },
      ],
    },
    { name: "counted from one", plaintextSize: 10, segments: [{ from: 0, to: 10, index: 1, final: true }] },
  ].map((c) => ({ ...c, salt: hex(bytes(`salt crafted ${c.name}`)), error: "TagMismatch" }));
  const sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 5 * 1024 ** 3, 50 * 1000 ** 4].map((n) => [
    n,
    storedSize(n),
  ]);
  const ranges = [
    [0, 0, 0],
    [1, 0, 1],
    [65_536, 65_535, 65_536],
    [65_537, 65_535, 65_537],
    [65_537, 65_536, 65_537],
    [1_000_000, 0, 1_000_000],
    [1_000_000, 131_072, 196_608],
    [5 * 1024 ** 3, 5 * 1024 ** 3 - 1, 5 * 1024 ** 3],
  ].map(([size = 0, from = 0, to = 0]) => ({ size, from, to, ...streamRange(size, from, to) }));
  write("stream", {
    section: 2,
    pattern: "byte i = (31 i + 17 (i >> 8) + 5 (i >> 16) + 7) mod 256",
    dek: hex(bytes("dek")),
    seal: cases.map((c) => c.json),
    reject: rejects,
    crafted,
    sizes,
    noSize: [0, 71, 72, 87, 72 + 65_552 + 1, 72 + 65_552 + 16],
    ranges,
  });
}

// --- section 3 ---------------------------------------------------------------------------------------------------------
function dsse(): void {
  const deks = [keyOf("dek", "dsse inner"), keyOf("dek", "dsse outer")] as const;
  const salts = [bytes("dsse inner salt"), bytes("dsse outer salt")] as const;
  const seal = [0, 1, 100].map((plaintextSize) => {
    const sealed = sealSmallDsse(pattern(plaintextSize), deks, fixedRandom(...salts));
    return { plaintextSize, commitments: sealed.commitments.map(hex), stored: hex(sealed.stored) };
  });
  write("dsse", {
    section: 3,
    deks: [hex(bytes("dsse inner")), hex(bytes("dsse outer"))],
    salts: salts.map(hex),
    seal,
    reject: [
      { name: "inner layer alone", base: 2, edits: [{ op: "remove", from: 0, to: 72 }], error: "BadMagic" },
      { name: "deks in the wrong order", base: 2, edits: [], swapDeks: true, error: "CommitmentMismatch" },
      {
        name: "inner commitment of another stream",
        base: 2,
        edits: [],
        innerCommitmentOf: 1,
        error: "CommitmentMismatch",
      },
      { name: "outer tag altered", base: 2, edits: [{ op: "xor", at: -1, with: 1 }], error: "TagMismatch" },
    ],
    // Outer plaintext sizes that are no stored size of an inner stream, as whole stored sizes.
    noSize: [0, storedSize(0), storedSize(87), storedSize(72 + 65_552 + 1)],
  });
}

// --- section 4 ---------------------------------------------------------------------------------------------------------
const ARN = "arn:aws:kms:us-east-1:000000000000:key/6f1b1c6e-8a8b-4f6e-9d3b-2f1f6a0b7c11";
function envelopes(): void {
  const ids = {
    bucketId: bytes("bucket", 16),
    versionUid: bytes("version", 16),
    objectKey: "photos/über/\u{1F511}.jpg",
  };
  const context = canonicalContext([["aws:s3:arn", "arn:aws:s3:::bucket/key"]]);
  const checksums: readonly Checksum[] = [{ algorithm: "CRC64NVME", value: bytes("crc", 8) }];
  const references = {
    epoch: { kind: "epoch", bucketId: ids.bucketId, epoch: 7 },
    kms: { kind: "kms", keyArn: ARN, encryptedKey: bytes("blob", 48), context },
    bucketKey: {
      kind: "kms-bucket-key",
      keyArn: ARN,
      bucketKeyId: bytes("bucket key", 16),
      encryptedKey: bytes("bucket key blob", 48),
      context,
    },
    customer: {
      kind: "customer",
      algorithm: "AES256",
      checkSalt: bytes("check salt"),
      keyCheck: bytes("key check"),
    },
  } as const satisfies Record<string, KekReference>;
  const shape = (
    name: string,
    mode: EnvelopeIdentity["mode"],
    reference: keyof typeof references,
    over: Partial<EnvelopeIdentity> = {},
    inner: readonly Checksum[] = [],
  ): object => {
    const identity: EnvelopeIdentity = { kind: "version", mode, ...ids, layer: 0, form: 1, ...over };
    const encoded = encodeKekReference(references[reference]);
    const hash = bytes("manifest hash");
    const secret = inner.length === 0 ? new Uint8Array(0) : encodeChecksums(inner);
    const { wrapSalt, wrapped } = wrapDek(
      {
        dek: keyOf("dek", "dek"),
        kek: keyOf("kek", "kek"),
        identity,
        kekReference: encoded,
        manifestHash: hash,
        private: secret,
      },
      fixedRandom(bytes(`wrap salt ${name}`)),
    );
    const { kind, layer, form } = identity;
    return {
      name,
      identity: {
        ...identity,
        bucketId: hex(identity.bucketId),
        versionUid: hex(identity.versionUid),
      },
      reference,
      kekReference: hex(encoded),
      manifestHash: hex(hash),
      private: hex(secret),
      wrapSalt: hex(wrapSalt),
      wrapped: hex(wrapped),
      stored: hex(encodeEnvelope({ kind, mode, layer, form, wrapSalt, kekReference: encoded, wrapped })),
    };
  };
  const other = hex(bytes("other", 16));
  write("envelope", {
    section: 4,
    dek: hex(bytes("dek")),
    kek: hex(bytes("kek")),
    checksums: checksums.map(({ algorithm, value }) => ({ algorithm, value: hex(value) })),
    wrap: [
      shape("SSE-S3", "SSE-S3", "epoch", {}, checksums),
      shape("SSE-KMS", "SSE-KMS", "kms", {}, checksums),
      shape("SSE-KMS with a bucket key", "SSE-KMS", "bucketKey", {}, checksums),
      shape("SSE-C", "SSE-C", "customer", {}, checksums),
      shape("SSE-C upload", "SSE-C", "customer", { kind: "upload", form: 2 }),
      shape("DSSE-KMS layer 0", "DSSE-KMS", "kms", {}, checksums),
      shape("DSSE-KMS layer 1", "DSSE-KMS", "epoch", { layer: 1 }),
    ],
    reject: [
      { name: "another kind", base: "SSE-S3", identity: { kind: "upload" }, error: "TagMismatch" },
      { name: "another mode", base: "SSE-S3", identity: { mode: "DSSE-KMS" }, error: "TagMismatch" },
      { name: "another bucket", base: "SSE-S3", identity: { bucketId: other }, error: "TagMismatch" },
      { name: "another key", base: "SSE-S3", identity: { objectKey: "photos" }, error: "TagMismatch" },
      { name: "another version", base: "SSE-S3", identity: { versionUid: other }, error: "TagMismatch" },
      { name: "another layer", base: "SSE-S3", identity: { layer: 1 }, error: "TagMismatch" },
      { name: "another form", base: "SSE-S3", identity: { form: 2 }, error: "TagMismatch" },
      { name: "another kek", base: "SSE-S3", kek: hex(bytes("other kek")), error: "TagMismatch" },
      { name: "another manifest", base: "SSE-S3", manifestHash: hex(bytes("other")), error: "TagMismatch" },
      { name: "another reference", base: "SSE-KMS", referenceOf: "SSE-S3", error: "TagMismatch" },
      {
        name: "wrapped dek altered",
        base: "SSE-S3",
        edits: [{ op: "xor", at: 0, with: 1 }],
        error: "TagMismatch",
      },
      {
        name: "private part altered",
        base: "SSE-S3",
        edits: [{ op: "xor", at: 40, with: 1 }],
        error: "TagMismatch",
      },
      { name: "private part cut", base: "SSE-S3", edits: [{ op: "cut", to: -1 }], error: "TagMismatch" },
      { name: "too short", base: "SSE-S3", edits: [{ op: "cut", to: 51 }], error: "Truncated" },
    ],
    // Edits of `stored`, the envelope as the record holds it.
    rejectStored: [
      { name: "unknown version", edits: [{ op: "xor", at: 0, with: 2 }], error: "BadVersion" },
      { name: "unknown kind", edits: [{ op: "xor", at: 1, with: 8 }], error: "Malformed" },
      { name: "no mode", edits: [{ op: "xor", at: 2, with: 1 }], error: "Malformed" },
      { name: "unknown layer", edits: [{ op: "xor", at: 3, with: 2 }], error: "Malformed" },
      { name: "unknown form", edits: [{ op: "xor", at: 4, with: 2 }], error: "Malformed" },
      { name: "cut", edits: [{ op: "cut", to: -1 }], error: "Truncated" },
      { name: "longer", edits: [{ op: "append", hex: "00" }], error: "TrailingBytes" },
    ],
    rejectReference: [
      { name: "unknown kind", hex: "00", error: "BadVersion" },
      { name: "empty", hex: "", error: "Truncated" },
      { name: "epoch cut", hex: `01${hex(ids.bucketId)}000000`, error: "Truncated" },
      { name: "epoch longer", hex: `01${hex(ids.bucketId)}0000000000`, error: "TrailingBytes" },
      {
        name: "customer algorithm",
        hex: `04${"00000006"}${"414553313238"}${"00".repeat(64)}`,
        error: "Malformed",
      },
      { name: "encrypted key too long", hex: `02${"00000000"}${"00001801"}`, error: "Malformed" },
    ],
  });
}

function customers(): void {
  const checkSalt = bytes("ssec check salt");
  const { kek, reference } = newCustomerKek(keyOf("customer", "customer key"), fixedRandom(checkSalt));
  write("ssec", {
    section: 4,
    customerKey: hex(bytes("customer key")),
    checkSalt: hex(checkSalt),
    kek: hex(exposeKeyBytes(kek)),
    keyCheck: hex(reference.keyCheck),
    reject: [
      { name: "another customer's key", customerKey: hex(bytes("another customer key")), error: "WrongKey" },
      { name: "check altered", keyCheckEdits: [{ op: "xor", at: 31, with: 1 }], error: "WrongKey" },
      { name: "an all-zero key", customerKey: "00".repeat(32), error: "BadKey" },
      { name: "a short key", customerKey: "01".repeat(31), error: "BadKey" },
    ],
  });
  const hash = bytes("final manifest hash");
  const key = completionKey(keyOf("dek", "dek"));
  write("completion", {
    section: 4,
    dek: hex(bytes("dek")),
    completionKey: hex(exposeKeyBytes(key)),
    manifestHash: hex(hash),
    manifestTag: hex(manifestTag(key, hash)),
    reject: [
      {
        name: "another manifest",
        manifestHash: hex(bytes("forged manifest hash")),
        error: "ManifestMismatch",
      },
      { name: "tag altered", tagEdits: [{ op: "xor", at: 0, with: 1 }], error: "ManifestMismatch" },
      { name: "tag cut", tagEdits: [{ op: "cut", to: -1 }], error: "ManifestMismatch" },
    ],
  });
}

// --- section 5 ---------------------------------------------------------------------------------------------------------
function manifests(): void {
  const entry = (partNumber: number, plaintextSize: number, layers: 1 | 2, sealed = 0): StreamEntry => {
    const first = bytes(`commitment ${partNumber}`);
    return {
      partNumber,
      plaintextSize,
      commitments: layers === 1 ? [first] : [first, bytes(`outer commitment ${partNumber}`)],
      sealedChecksums: bytes(`sealed checksums ${partNumber}`, sealed),
    };
  };
  const base = {
    bucketId: bytes("bucket", 16),
    objectKey: "photos/über/\u{1F511}.jpg",
    versionUid: bytes("version", 16),
    contentId: bytes("content", 16),
    etag: bytes("etag", 16),
  } as const;
  const single: Manifest = {
    ...base,
    plaintextSize: 100,
    checksum: { algorithm: "CRC64NVME", type: "FULL_OBJECT" },
    shownPartCount: 0,
    contentHeaders: [["content-type", "image/jpeg"]],
    userMetadata: [
      ["owner", "zoë"],
      ["empty", ""],
    ],
    streams: { kind: "inline", entries: [entry(1, 100, 1)] },
  };
  const parts: Manifest = {
    ...base,
    plaintextSize: 15,
    checksum: { algorithm: "SHA256", type: "COMPOSITE" },
    shownPartCount: 2,
    contentHeaders: [],
    userMetadata: [],
    streams: { kind: "inline", entries: [entry(1, 10, 2, 29), entry(4, 5, 2, 29)] },
  };
  const upload: Manifest = {
    ...base,
    plaintextSize: 0,
    checksum: undefined,
    shownPartCount: 0,
    contentHeaders: [],
    userMetadata: [],
    streams: { kind: "inline", entries: [] },
  };
  const many = Array.from({ length: 300 }, (_, i) => entry(i + 1, 1000 + i, 1));
  const pages = encodePages(many);
  const paged: Manifest = {
    ...base,
    plaintextSize: many.reduce((sum, e) => sum + e.plaintextSize, 0),
    checksum: undefined,
    shownPartCount: 300,
    contentHeaders: [],
    userMetadata: [],
    streams: { kind: "paged", count: 300, pages: pages.map((p) => p.entry) },
  };
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? { hex: hex(v) } : v)));
  const one = (name: string, manifest: Manifest): object => {
    const encoded = encodeManifest(manifest);
    return { name, manifest: plain(manifest), bytes: hex(encoded), hash: hex(manifestHash(encoded)) };
  };
  const size = encodeManifest(single).length;
  write("manifest", {
    section: 5,
    encode: [
      one("single", single),
      one("two parts, two layers", parts),
      one("upload", upload),
      one("paged", paged),
    ],
    // Edits of `single`.
    reject: [
      { name: "unknown version", edits: [{ op: "xor", at: 0, with: 3 }], error: "BadVersion" },
      { name: "bucket id of another size", edits: [{ op: "xor", at: 4, with: 1 }], error: "Malformed" },
      { name: "key that is not UTF-8", edits: [{ op: "xor", at: 25, with: 0xff }], error: "Malformed" },
      { name: "cut", edits: [{ op: "cut", to: -1 }], error: "Truncated" },
      { name: "longer", edits: [{ op: "append", hex: "00" }], error: "TrailingBytes" },
      { name: "a field beyond the end", edits: [{ op: "xor", at: 1, with: 0x80 }], error: "Truncated" },
      {
        name: "stream size differs from the object's",
        edits: [{ op: "xor", at: size - 38, with: 1 }],
        error: "Malformed",
      },
      { name: "three layers", edits: [{ op: "xor", at: size - 37, with: 2 }], error: "Malformed" },
      { name: "part number 0", edits: [{ op: "xor", at: size - 46, with: 1 }], error: "Malformed" },
    ],
    pages: pages.map((p, pageIndex) => ({ pageIndex, sha256: hex(p.entry.hash), size: p.bytes.length })),
    rejectPage: [
      { name: "altered", page: 0, as: 0, edits: [{ op: "xor", at: 40, with: 1 }], error: "ManifestMismatch" },
      { name: "another page", page: 1, as: 0, edits: [], error: "ManifestMismatch" },
      { name: "cut", page: 1, as: 1, edits: [{ op: "cut", to: -1 }], error: "ManifestMismatch" },
    ],
  });
  const checksums: readonly Checksum[] = [
    { algorithm: "CRC64NVME", value: bytes("crc", 8) },
    { algorithm: "SHA256", value: bytes("sha", 32) },
  ];
  const commitment = bytes("part commitment");
  write("part-checksums", {
    section: 5,
    dek: hex(bytes("dek")),
    commitment: hex(commitment),
    checksums: checksums.map(({ algorithm, value }) => ({ algorithm, value: hex(value) })),
    encoded: hex(encodeChecksums(checksums)),
    sealed: hex(sealPartChecksums(keyOf("dek", "dek"), commitment, checksums)),
    reject: [
      {
        name: "another attempt's commitment",
        commitment: hex(bytes("other commitment")),
        error: "TagMismatch",
      },
      { name: "altered", edits: [{ op: "xor", at: 3, with: 1 }], error: "TagMismatch" },
      { name: "too short", edits: [{ op: "cut", to: 15 }], error: "Truncated" },
    ],
    rejectEncoded: [
      { name: "unknown algorithm", hex: "01630000000100", error: "Malformed" },
      { name: "empty value", hex: "010100000000", error: "Malformed" },
      { name: "value too long", hex: "010100000041", error: "Malformed" },
      { name: "count too high", hex: "02010000000100", error: "Truncated" },
      { name: "trailing", hex: "0000", error: "TrailingBytes" },
    ],
  });
}

// --- sections 6 to 8 ---------------------------------------------------------------------------------------------------
function records(): void {
  const salt = bytes("seal salt", 16);
  const nonce = bytes("nonce", 12);
  const sealer = new RecordSealer(
    new Map([[5, keyOf("metadata", "metadata key")]]),
    5,
    fixedRandom(salt, nonce),
  );
  const key = bytes("row key", 20);
  const body = pattern(60);
  write("record", {
    section: 6,
    metadataKey: hex(bytes("metadata key")),
    term: 5,
    sealSalt: hex(salt),
    nonce: hex(nonce),
    table: "head",
    key: hex(key),
    body: hex(body),
    value: hex(sealer.seal("head", key, body)),
    reject: [
      { name: "another table", table: "marker", error: "TagMismatch" },
      { name: "another row", key: hex(bytes("other row", 20)), error: "TagMismatch" },
      { name: "a term not held", edits: [{ op: "xor", at: 3, with: 1 }], error: "UnknownTerm" },
      { name: "seal salt altered", edits: [{ op: "xor", at: 4, with: 1 }], error: "TagMismatch" },
      { name: "nonce altered", edits: [{ op: "xor", at: 20, with: 1 }], error: "TagMismatch" },
      { name: "body altered", edits: [{ op: "xor", at: 32, with: 1 }], error: "TagMismatch" },
      { name: "tag altered", edits: [{ op: "xor", at: -1, with: 1 }], error: "TagMismatch" },
      { name: "longer", edits: [{ op: "append", hex: "00" }], error: "TagMismatch" },
      { name: "too short", edits: [{ op: "cut", to: 47 }], error: "Truncated" },
    ],
  });
}

function kms(): void {
  const material = keyOf("material", "material");
  const id = materialId(material, ARN);
  const keyUuid = bytes("key uuid", 16);
  const pairs = [["aws:s3:arn", "arn:aws:s3:::b1/k1"]] as const;
  const salt = bytes("kms salt");
  const blobKey = { material, keyArn: ARN, multiRegion: false, keyUuid, materialId: id.subarray(0, 16) };
  const make = (
    name: string,
    plaintext: Uint8Array,
    context: readonly (readonly [string, string])[],
    multiRegion: boolean,
  ): object => ({
    name,
    multiRegion,
    context,
    plaintext: hex(plaintext),
    blob: hex(sealBlob({ ...blobKey, multiRegion }, plaintext, canonicalContext(context), fixedRandom(salt))),
  });
  write("kms-blob", {
    section: 7,
    material: hex(bytes("material")),
    keyArn: ARN,
    keyUuid: hex(keyUuid),
    materialId: hex(id),
    salt: hex(salt),
    seal: [
      make("data key", bytes("data key"), pairs, false),
      make("one byte, no context", pattern(1), [], false),
      make("multi-Region", pattern(40), pairs, true),
    ],
    reject: [
      { name: "another magic", edits: [{ op: "xor", at: 0, with: 1 }], error: "BadVersion" },
      { name: "another format", edits: [{ op: "xor", at: 2, with: 1 }], error: "BadVersion" },
      { name: "another suite", edits: [{ op: "xor", at: 3, with: 2 }], error: "BadVersion" },
      { name: "unknown flag", edits: [{ op: "xor", at: 4, with: 2 }], error: "Malformed" },
      { name: "multi-Region flag altered", edits: [{ op: "xor", at: 4, with: 1 }], error: "WrongKey" },
      { name: "another key's id", edits: [{ op: "xor", at: 5, with: 1 }], error: "WrongKey" },
      { name: "another material's id", edits: [{ op: "xor", at: 21, with: 1 }], error: "WrongKey" },
      { name: "salt altered", edits: [{ op: "xor", at: 37, with: 1 }], error: "TagMismatch" },
      { name: "ciphertext altered", edits: [{ op: "xor", at: 69, with: 1 }], error: "TagMismatch" },
      { name: "tag altered", edits: [{ op: "xor", at: -1, with: 1 }], error: "TagMismatch" },
      { name: "longer", edits: [{ op: "append", hex: "00" }], error: "TagMismatch" },
      { name: "no plaintext", edits: [{ op: "cut", to: 85 }], error: "Truncated" },
      { name: "too long", edits: [{ op: "append", hex: "00".repeat(6144) }], error: "SizeMismatch" },
      { name: "empty context", context: [], error: "TagMismatch" },
      {
        name: "context key in another case",
        context: [["AWS:s3:arn", "arn:aws:s3:::b1/k1"]],
        error: "TagMismatch",
      },
      { name: "one pair more", context: [...pairs, ["a", ""]], error: "TagMismatch" },
      { name: "another key ARN", keyArn: `${ARN.slice(0, -1)}2`, error: "TagMismatch" },
    ],
    imported: {
      bytes: hex(bytes("imported bytes")),
      material: hex(exposeKeyBytes(importedMaterial(bytes("imported bytes")))),
    },
  });
  write("context", {
    section: 7,
    encode: [
      [],
      [["a", "bc"]],
      [["ab", "c"]],
      pairs,
      [
        ["\uff21", "1"],
        ["\u{1F511}", "2"],
      ],
    ].map((p) => ({
      pairs: p,
      hex: hex(canonicalContext(p as readonly (readonly [string, string])[])),
    })),
    reject: [
      { name: "empty key", pairs: [["", "x"]] },
      {
        name: "a key twice",
        pairs: [
          ["a", "x"],
          ["a", "y"],
        ],
      },
      { name: "lone surrogate in a key", pairs: [["\ud800", "x"]] },
      { name: "lone surrogate in a value", pairs: [["a", "\udc00"]] },
      { name: "8,193 bytes", pairs: [["a", "x".repeat(8192)]] },
    ],
    rejectEncoded: [
      {
        name: "out of order",
        hex: "00000002000000016200000000000000016100000000",
        error: "Malformed",
      },
      { name: "a key twice", hex: "00000002000000016100000000000000016100000000", error: "Malformed" },
      { name: "empty key", hex: "000000010000000000000000", error: "Malformed" },
      { name: "not UTF-8", hex: "0000000100000001ff00000000", error: "Malformed" },
      { name: "longer", hex: "0000000000", error: "TrailingBytes" },
      { name: "cut", hex: "00000001000000016100000001", error: "Truncated" },
      { name: "too many pairs", hex: "00000101", error: "Malformed" },
    ],
  });
}

function keyRecords(): void {
  const storeId = bytes("store", 16);
  const one = (kind: "keyring" | "epoch" | "material", purpose: KeyPurpose, term: number): object => {
    const id = bytes(`id of ${kind}`, 20);
    const salt = bytes(`key record salt ${kind}`);
    const sealed = { storeId, id, term };
    const random = fixedRandom(salt);
    const key = keyOf(purpose, `sealed ${kind}`);
    const record =
      kind === "keyring"
        ? sealKeyRecord({ kind, ...sealed, termKey: keyOf("root", "term key") }, key, random)
        : kind === "epoch"
          ? sealKeyRecord({ kind, ...sealed, termKey: keyOf("service", "term key") }, key, random)
          : sealKeyRecord({ kind, ...sealed, termKey: keyOf("domain", "term key") }, key, random);
    return {
      kind,
      purpose,
      term,
      id: hex(id),
      salt: hex(salt),
      key: hex(bytes(`sealed ${kind}`)),
      record: hex(record),
    };
  };
  write("key-record", {
    section: 8,
    storeId: hex(storeId),
    termKey: hex(bytes("term key")),
    seal: [one("keyring", "metadata", 1), one("epoch", "kek", 3), one("material", "material", 2)],
    // Against the epoch record.
    reject: [
      { name: "another kind", kind: "material", error: "TagMismatch" },
      { name: "another store", storeId: hex(bytes("other store", 16)), error: "TagMismatch" },
      { name: "another id", id: hex(bytes("other id", 20)), error: "TagMismatch" },
      { name: "another term key", termKey: hex(bytes("other term key")), error: "TagMismatch" },
      { name: "another term", term: 4, error: "UnknownTerm" },
      { name: "term rewritten", term: 2, edits: [{ op: "xor", at: 3, with: 1 }], error: "TagMismatch" },
      { name: "salt altered", edits: [{ op: "xor", at: 4, with: 1 }], error: "TagMismatch" },
      { name: "key altered", edits: [{ op: "xor", at: 36, with: 1 }], error: "TagMismatch" },
      { name: "tag altered", edits: [{ op: "xor", at: -1, with: 1 }], error: "TagMismatch" },
      { name: "no key", edits: [{ op: "cut", to: 52 }], error: "Truncated" },
    ],
  });
}

function tokens(): void {
  const key = keyOf("token", "token key");
  const salt = bytes("token salt");
  const body = pattern(30);
  write("token", {
    section: 9,
    key: hex(bytes("token key")),
    term: 6,
    salt: hex(salt),
    use: "continuation",
    body: hex(body),
    token: hex(sealToken(key, 6, "continuation", body, fixedRandom(salt))),
    keyedHash: hex(keyedHash(key, "fingerprint", body)),
    reject: [
      { name: "another use", use: "session", error: "TagMismatch" },
      { name: "another version", edits: [{ op: "xor", at: 0, with: 3 }], error: "BadVersion" },
      { name: "a term not held", edits: [{ op: "xor", at: 4, with: 1 }], error: "UnknownTerm" },
      { name: "salt altered", edits: [{ op: "xor", at: 5, with: 1 }], error: "TagMismatch" },
      { name: "body altered", edits: [{ op: "xor", at: 37, with: 1 }], error: "TagMismatch" },
      { name: "tag altered", edits: [{ op: "xor", at: -1, with: 1 }], error: "TagMismatch" },
      { name: "too short", edits: [{ op: "cut", to: 52 }], error: "Truncated" },
    ],
  });
}

mkdirSync(DIRECTORY, { recursive: true });
await streams();
dsse();
envelopes();
customers();
manifests();
records();
kms();
keyRecords();
tokens();
console.log(`written to ${DIRECTORY}`);
