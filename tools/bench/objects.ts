/**
 * CPU per operation in the objects layer alone: small GET and PUT against a store whose rows live in a Map, so that no
 * LMDB commit and no disk is measured. `node tools/bench/objects.ts [bytes [mode]]`. Prints microseconds of CPU per operation,
 * and beside them what the same primitives cost by themselves in the same run: the floor of this design.
 */
import { createCipheriv, createDecipheriv, createHmac, hash } from "node:crypto";
import type { Body } from "../../packages/server/src/objects/api.ts";
import { checksumOf } from "../../packages/server/src/objects/checksum/algorithms.ts";
import { NO_SSEC } from "../../packages/server/src/objects/encryption/ssec-request.ts";
import {
  bodyOf,
  makeWorld,
  pattern,
  PLAIN,
  putInput,
  readInput,
  ssec,
  testCaller,
} from "../../packages/server/src/objects/test-world.ts";
import type { Row, RowKey, Store } from "../../packages/server/src/store/port.ts";
import { MemoryModel } from "../../packages/server/src/store/memory/model.ts";

const BYTES = Number(process.argv[2] ?? 4096);
const ROUNDS = 5;
const PER_ROUND = 20_000;
const KEY = "11111111-1111-4111-8111-111111111111";

/** PUTs then all make new keys, and the heap stays small. */
let forgetful = false;

/** The cheapest home there can be: what is measured is the layer above. */
function mapStore(): Store {
  const rows = new Map<string, Row>();
  const kept = ({ table }: RowKey): boolean => !forgetful || (table !== "head" && table !== "inline");
  const name = ({ table, key }: RowKey): string =>
    table + Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
  const model = new MemoryModel().open();
  return {
    ...model,
    get: (keys) => Promise.resolve(keys.map((key) => rows.get(name(key)))),
    commit: ({ id, put, delete: gone }) => {
      for (const row of (put ?? []).filter(kept))
        rows.set(name(row), { key: row.key, value: row.value, rev: id });
      for (const row of gone ?? []) rows.delete(name(row));
      return Promise.resolve({ kind: "ok" });
    },
    scan: ({ table, from }) => {
      const prefix = name({ table, key: from });
      const found = [...rows].filter(([key]) => key.startsWith(prefix)).map(([, row]) => row);
      return Promise.resolve({ rows: found.slice(0, 1), more: found.length > 1 });
    },
  };
}

async function measure(label: string, run: (i: number) => Promise<unknown>): Promise<void> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < PER_ROUND; i++) await run(i);
    const used = process.cpuUsage(before);
    if (round > 0) rounds.push((used.user + used.system) / PER_ROUND);
  }
  rounds.sort((a, b) => a - b);
  console.log(`${label.padEnd(34)} ${(rounds[Math.floor(ROUNDS / 2)] ?? 0).toFixed(1)} us CPU`);
}

const MAC_KEY = new Uint8Array(32).fill(1);
const NONCE = new Uint8Array(12);
const seal = (plaintext: Uint8Array, aad?: Uint8Array): { sealed: Uint8Array; tag: Uint8Array } => {
  const cipher = createCipheriv("aes-256-gcm", MAC_KEY, NONCE);
  if (aad !== undefined) cipher.setAAD(aad);
  const sealed = cipher.update(plaintext);
  cipher.final();
  return { sealed, tag: cipher.getAuthTag() };
};
const open = ({ sealed, tag }: ReturnType<typeof seal>, aad?: Uint8Array): Uint8Array => {
  const decipher = createDecipheriv("aes-256-gcm", MAC_KEY, NONCE);
  if (aad !== undefined) decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(sealed);
  decipher.final();
  return plaintext;
};

/** Two MACs, two openings, one hash: what a small read must do. */
async function primitives(): Promise<void> {
  const body = pattern(BYTES);
  const aad = pattern(100);
  const manifest = pattern(300);
  const record = pattern(500);
  const sealedBody = seal(body);
  const sealedDek = seal(pattern(48), aad);
  await measure(`GET ${BYTES}: primitives alone`, async () => {
    createHmac("sha256", MAC_KEY).update(manifest).digest();
    open(sealedDek, aad);
    hash("sha256", manifest, "buffer");
    createHmac("sha512", MAC_KEY).update(aad).digest();
    open(sealedBody);
  });
  await measure(`PUT ${BYTES}: primitives alone`, async () => {
    checksumOf("MD5", body);
    checksumOf("CRC64NVME", body);
    createHmac("sha512", MAC_KEY).update(aad).digest();
    checksumOf("CRC32C", seal(body).sealed);
    hash("sha256", manifest, "buffer");
    createHmac("sha256", MAC_KEY).update(manifest).digest();
    seal(pattern(48), aad);
    seal(record, aad);
  });
}

await primitives();
const world = await makeWorld(mapStore());
world.kms.create(KEY);
const bucket = await world.bucket();
const caller = testCaller();
const bytes = pattern(BYTES);
const body: Body = bodyOf(bytes);
const MODES = {
  "SSE-S3": PLAIN,
  "SSE-KMS, bucket key": { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC },
  "SSE-KMS": { sse: "aws:kms", keyId: KEY, ssec: NO_SSEC },
  "DSSE-KMS": { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
  "SSE-C": { ssec: ssec(0) },
} as const;
let made = 0;
const only = process.argv[3];
for (const [mode, encryption] of Object.entries(MODES)) {
  if (only !== undefined && only !== mode) continue;
  const put = (): Promise<unknown> =>
    world.objects.put(caller, bucket, putInput(`key/${made++ % 500}`, { encryption }), body);
  for (let i = 0; i < 500; i++) await put();
  forgetful = true;
  await measure(`PUT ${BYTES} ${mode}`, put);
  forgetful = false;
  for (let i = 0; i < 500; i++) await put();
  const read = { ssec: encryption.ssec };
  await measure(`GET ${BYTES} ${mode}`, (i) =>
    world.objects.get(caller, bucket, readInput(`key/${i % 500}`, read)),
  );
  await measure(`HEAD ${BYTES} ${mode}`, (i) =>
    world.objects.head(caller, bucket, readInput(`key/${i % 500}`, read)),
  );
}
