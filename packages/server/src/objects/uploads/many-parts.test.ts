/** 10,000 parts: within a commit's bounds, with pages, in flat memory; ranges read two small records. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryModel } from "../../store/memory/model.ts";
import { openTestHome } from "../../store/local/test-home.ts";
import type { Put, Store } from "../../store/port.ts";
import type { CompletePart } from "../api.ts";
import { checksumOf } from "../checksum/algorithms.ts";
import { pattern, putInput, readInput, refused } from "../test-world.ts";
import { newBlobId, newRev } from "../../base/ids.ts";
import { sealPartChecksums } from "@strongroom/crypto";
import { sealBlob } from "../content/seal.ts";
import { requireUpload } from "./find-upload.ts";
import { partCodec } from "./part-record.ts";
import { openUpload } from "./upload-deks.ts";
import { partRow } from "./upload-keys.ts";
import { alice, Client, makeUploads, type UploadsWorld } from "./test-uploads.ts";

const PARTS = 10_000;

/** Blobs in memory beside whatever home: this is about records, and a file a part would be about the disk. */
function withMemoryBlobs(home: Store, counts: { gets: number }): Store {
  const memory = new MemoryModel().open();
  return {
    get: (keys) => {
      counts.gets += keys.length;
      return home.get(keys);
    },
    holds: (expect) => home.holds(expect),
    use: (row, use) => {
      counts.gets++;
      return home.use(row, use);
    },
    commit: (commit) => home.commit(commit),
    scan: (scan) => home.scan(scan),
    groups: (groups) => home.groups(groups),
    now: () => home.now(),
    writable: () => home.writable(),
    close: () => home.close(),
    blobs: memory.blobs,
  };
}

/** Part rows as UploadPart writes them, but many in a commit: 20,000 durable commits would be about the disk. */
async function putAll(
  world: UploadsWorld,
  client: Client,
): Promise<{ list: CompletePart[]; whole: Uint8Array }> {
  const { records, sources } = world.core;
  const found = await requireUpload(world.core, client.bucket, client.target);
  using opened = await openUpload(sources, alice, found.entry.value, undefined);
  const list: CompletePart[] = [];
  const bytes: Uint8Array[] = [];
  let put: Put[] = [];
  for (let n = 1; n <= PARTS; n++) {
    const part = pattern(1 + (n % 7), n);
    const blob = newBlobId();
    const stream = await sealBlob(
      world.store,
      blob,
      (async function* () {
        yield part;
      })(),
      part.length,
      opened.deks,
    );
    const checksums = [{ algorithm: "CRC64NVME" as const, value: checksumOf("CRC64NVME", part) }];
    const record = {
      ...stream,
      sealedChecksums: sealPartChecksums(opened.deks[0], stream.commitments[0], checksums),
      etag: checksumOf("MD5", part),
      lastModifiedMs: n,
    };
    put.push(records.seal(partCodec, "part", partRow(found.uid, n).key, record));
    list.push({ partNumber: n, etag: Buffer.from(record.etag).toString("hex") });
    bytes.push(part);
    if (put.length < 60 && n < PARTS) continue;
    assert.equal((await world.store.commit({ id: newRev(), put })).kind, "ok");
    put = [];
  }
  return { list, whole: new Uint8Array(Buffer.concat(bytes)) };
}

async function check(world: UploadsWorld, counts: { gets: number }): Promise<void> {
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const { list, whole } = await putAll(world, client);
  const done = await client.complete(list);
  assert.match(done.etag, /-10000$/);
  assert.equal(done.checksum?.value, Buffer.from(checksumOf("CRC64NVME", whole)).toString("base64"));
  assert.deepEqual(await client.read(), whole);
  counts.gets = 0;
  const range = { kind: "from-to", from: 20_000, to: 20_009 } as const;
  assert.deepEqual(await client.read({ range }), whole.slice(20_000, 20_010));
  assert.ok(counts.gets <= 8, `a range takes ${counts.gets} rows`);
  const last = await client.read({ partNumber: PARTS });
  assert.deepEqual(last, pattern(1 + (PARTS % 7), PARTS));
  const attributes = await world.objects.attributes(alice, bucket, {
    ...readInput("k"),
    wantChecksum: true,
    wantParts: { afterPartNumber: 5000, max: 3 },
  });
  assert.equal(attributes.parts?.total, PARTS);
  assert.deepEqual(await client.complete(list), done);
  await world.objects.delete(alice, bucket, { key: putInput("k").key });
  await assert.rejects(client.read(), refused("NoSuchKey"));
}

test("10,000 parts over the embedded home", async () => {
  const home = await openTestHome();
  try {
    const counts = { gets: 0 };
    await check(await makeUploads(withMemoryBlobs(home.store, counts), 1), counts);
  } finally {
    await home.dispose();
  }
});
