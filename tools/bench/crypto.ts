/**
 * What sealing costs beside raw AES-256-GCM over the same bytes, and what the small calls of a request cost.
 * `npx node tools/bench/crypto.ts [--json]`. Best of several rounds, because the machine is shared.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import {
  canonicalContext,
  encodeKekReference,
  encodeManifest,
  manifestHash,
  openSmall,
  openStream,
  type ReadStored,
  openRange,
  RecordSealer,
  randomBytes,
  SecretKey,
  sealBlob,
  sealSmall,
  sealStream,
  StreamSealer,
  unwrapDek,
  wrapDek,
} from "../../packages/crypto/src/index.ts";

const ROUNDS = 7;
const MIB = 1024 * 1024;
const dek = SecretKey.generate("dek");
const rows: { name: string; value: number; unit: string }[] = [];
const note = (name: string, value: number, unit: string): void => {
  rows.push({ name, value: Math.round(value * 100) / 100, unit });
};

function perCall(run: () => unknown, calls: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls / 1000);
  }
  return best;
}

/** Least milliseconds of each, the rounds of all interleaved so that a busy moment does not hit one alone. */
async function best(runs: readonly (() => Promise<void> | void)[]): Promise<number[]> {
  const least = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, run] of runs.entries()) {
      const start = process.hrtime.bigint();
      await run();
      least[i] = Math.min(least[i] ?? 0, Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return least;
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of source) all.push(chunk);
  return all;
}

async function discard(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

const key = randomBytes(32);
const nonce = new Uint8Array(12);
const rawSeal = (piece: Uint8Array): readonly [Uint8Array, Uint8Array] => {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const ciphertext = cipher.update(piece);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
};

async function large(): Promise<void> {
  const body = randomBytes(64 * MIB);
  const shapes = [
    ["64 KiB chunks, size known", 65_536, true],
    ["65,000 byte chunks, size known", 65_000, true],
    ["64 KiB chunks, size unknown", 65_536, false],
    ["16 KiB chunks, size known", 16_384, true],
  ] as const;
  const [raw = 0, ...sealing] = await best([
    () => {
      for (let at = 0; at < body.length; at += 65_536) rawSeal(body.subarray(at, at + 65_536));
    },
    ...shapes.map(([, size, known]) => () => {
      const sealer = new StreamSealer(dek, 0);
      return discard(sealStream(chunks(body, size), sealer, known ? body.length : undefined));
    }),
  ]);
  note("raw AES-256-GCM in 64 KiB calls, 64 MiB", (64 * 1000) / raw, "MiB/s");
  for (const [i, [name]] of shapes.entries()) note(`sealStream / raw, ${name}`, (sealing[i] ?? 0) / raw, "x");

  const sealer = new StreamSealer(dek, 0);
  const { commitment } = sealer;
  const stored = Buffer.concat(await drain(sealStream(chunks(body, 65_536), sealer, body.length)));
  const spec = { dek, layer: 0, commitment, plaintextSize: body.length } as const;
  // As many different bytes as the stream has: one segment again and again would never leave the cache.
  const pieces: (readonly [Uint8Array, Uint8Array])[] = [];
  for (let at = 0; at < body.length; at += 65_536) pieces.push(rawSeal(body.subarray(at, at + 65_536)));
  const sizes = [65_536, MIB];
  const [rawOpen = 0, ...opening] = await best([
    () => {
      for (const [ciphertext, tag] of pieces) {
        const decipher = createDecipheriv("aes-256-gcm", key, nonce);
        decipher.setAuthTag(tag);
        decipher.update(ciphertext);
        decipher.final();
      }
    },
    ...sizes.map((size) => () => discard(openStream(chunks(stored, size), spec))),
  ]);
  for (const [i, size] of sizes.entries()) {
    note(`openStream / raw, ${size / 1024} KiB chunks`, (opening[i] ?? 0) / rawOpen, "x");
  }
  const read: ReadStored = (from, to) => chunks(stored.subarray(from, to), MIB);
  const at = 32 * MIB;
  const [range = 0] = await best([() => discard(openRange(read, stored.length, spec, at, at + 1024))]);
  note("openRange of 1 KiB in 64 MiB", range * 1000, "us");
}

function small(): void {
  for (const size of [0, 1024, 4096, 32_768]) {
    const body = randomBytes(size);
    const raw = perCall(() => rawSeal(body), 20_000);
    note(`raw AES-256-GCM, ${size} B`, raw, "us");
    note(
      `sealSmall, ${size} B`,
      perCall(() => sealSmall(body, dek, 0), 20_000),
      "us",
    );
    const { stored, commitment } = sealSmall(body, dek, 0);
    note(
      `openSmall, ${size} B`,
      perCall(() => openSmall(stored, dek, 0, commitment, size), 20_000),
      "us",
    );
  }
}

function records(): void {
  const id = randomBytes(16);
  const manifest = encodeManifest({
    bucketId: id,
    objectKey: "photos/2026/11/a-typical-key.jpg",
    versionUid: id,
    contentId: id,
    plaintextSize: 4096,
    etag: id,
    checksum: { algorithm: "CRC64NVME", type: "FULL_OBJECT" },
    shownPartCount: 0,
    contentHeaders: [["content-type", "image/jpeg"]],
    userMetadata: [],
    streams: {
      kind: "inline",
      entries: [
        {
          partNumber: 1,
          plaintextSize: 4096,
          commitments: [randomBytes(32)],
          sealedChecksums: new Uint8Array(0),
        },
      ],
    },
  });
  const kek = SecretKey.generate("kek");
  const identity = {
    kind: "version",
    mode: "SSE-S3",
    bucketId: id,
    objectKey: "photos/2026/11/a-typical-key.jpg",
    versionUid: id,
    layer: 0,
    form: 1,
  } as const;
  const kekReference = encodeKekReference({ kind: "epoch", bucketId: id, epoch: 1 });
  const hash = manifestHash(manifest);
  const wrapInput = { dek, kek, identity, kekReference, manifestHash: hash };
  const wrapped = wrapDek(wrapInput);
  note(
    "manifestHash",
    perCall(() => manifestHash(manifest), 20_000),
    "us",
  );
  note(
    "wrapDek",
    perCall(() => wrapDek(wrapInput), 20_000),
    "us",
  );
  note(
    "unwrapDek",
    perCall(() => unwrapDek({ ...wrapInput, ...wrapped }), 20_000),
    "us",
  );
  const sealer = new RecordSealer(new Map([[1, SecretKey.generate("metadata")]]), 1);
  const rowKey = randomBytes(50);
  const row = sealer.seal("head", rowKey, manifest);
  note(
    "record seal",
    perCall(() => sealer.seal("head", rowKey, manifest), 20_000),
    "us",
  );
  note(
    "record open",
    perCall(() => sealer.open("head", rowKey, row), 20_000),
    "us",
  );
  const blobKey = {
    material: SecretKey.generate("material"),
    keyArn: "arn:aws:kms:us-east-1:000000000000:key/6f1b1c6e-8a8b-4f6e-9d3b-2f1f6a0b7c11",
    multiRegion: false,
    keyUuid: id,
    materialId: id,
  };
  const context = canonicalContext([["aws:s3:arn", "arn:aws:s3:::bucket"]]);
  note(
    "KMS sealBlob",
    perCall(() => sealBlob(blobKey, kek, context), 20_000),
    "us",
  );
  note(
    "SecretKey.generate",
    perCall(() => SecretKey.generate("dek"), 20_000),
    "us",
  );
}

small();
records();
await large();
if (process.argv.includes("--json")) console.log(JSON.stringify(rows));
else
  for (const { name, value, unit } of rows)
    console.log(`${name.padEnd(48)}${value.toFixed(2).padStart(10)} ${unit}`);
