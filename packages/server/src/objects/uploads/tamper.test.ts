/** What an outsider with the disk can do to the parts of an upload: nothing that is not noticed. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { IntegrityError } from "../../base/errors.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { BlobId } from "../../base/ids.ts";
import type { Row, Store } from "../../store/port.ts";
import { SecretKey } from "@strongroom/crypto";
import { openVersion } from "../encryption/envelopes.ts";
import { NO_SSEC } from "../encryption/ssec-request.ts";
import { targetOf } from "../publish.ts";
import { findObject } from "../read-open.ts";
import { pattern, ssec } from "../test-world.ts";
import { requireUpload } from "./find-upload.ts";
import { openUpload } from "./upload-deks.ts";
import { alice, Client, listed, makeUploads, PART_MIN, type UploadsWorld } from "./test-uploads.ts";

const SIZE = 5000;

/** A store whose blobs can be exchanged under their ids. */
function exchangeable(): {
  store: Store;
  swap: (a: BlobId, b: BlobId) => void;
  tamper: MemoryModel["tamper"];
} {
  const model = new MemoryModel();
  const store = model.open();
  const swapped = new Map<string, BlobId>();
  const name = (id: BlobId): string => Buffer.from(id).toString("hex");
  return {
    store: {
      ...store,
      blobs: {
        ...store.blobs,
        get: (id, from, to) => store.blobs.get(swapped.get(name(id)) ?? id, from, to),
      },
    },
    swap: (a, b) => {
      swapped.set(name(a), b);
      swapped.set(name(b), a);
    },
    tamper: (table, key, row) => model.tamper(table, key, row),
  };
}

async function blobsOf(world: UploadsWorld): Promise<readonly BlobId[]> {
  return (await world.store.blobs.list(undefined, 100)).map(({ id }) => id);
}
async function partRows(world: UploadsWorld): Promise<readonly Row[]> {
  return (await world.store.scan({ table: "part", from: new Uint8Array(), limit: 100 })).rows;
}

/** The purposes of the keys that are wiped from now on. */
function watchWiping(t: TestContext): readonly string[] {
  const wiped: string[] = [];
  const wipe = SecretKey.prototype[Symbol.dispose];
  // By hand: what the runner mocks under a symbol it does not put back.
  SecretKey.prototype[Symbol.dispose] = function (this: SecretKey): void {
    wiped.push(this.purpose);
    wipe.call(this);
  };
  t.after(() => {
    SecretKey.prototype[Symbol.dispose] = wipe;
  });
  return wiped;
}

test("of two layers the first one's key is wiped where the second does not open", async (t) => {
  const world = await makeUploads();
  const keyId = world.kms.create("11111111-1111-4111-8111-111111111111");
  const encryption = { sse: "aws:kms:dsse", keyId, ssec: NO_SSEC };
  const client = await Client.begin(world, await world.bucket(), "k", { encryption });
  const { value: upload } = (await requireUpload(world.core, client.bucket, client.target)).entry;
  const [first, second] = upload.envelopes;
  assert.ok(second !== undefined);
  const wiped = watchWiping(t);
  const damaged = { ...second, wrapped: second.wrapped.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) };
  const open = openUpload(world.core.sources, alice, { ...upload, envelopes: [first, damaged] }, undefined);
  await assert.rejects(open, IntegrityError);
  assert.equal(wiped.filter((purpose) => purpose === "dek").length, 1);
});

test("the key of a completed SSE-C upload is wiped where the manifest is not the one that was completed", async (t) => {
  const world = await makeUploads();
  const encryption = { ssec: ssec(0) };
  const client = await Client.begin(world, await world.bucket(), "k", { encryption });
  await client.all([pattern(PART_MIN)]);
  const { version } = await findObject(world.core, targetOf(client.bucket, client.key), undefined);
  const [first] = version.envelopes;
  assert.ok(first.completion !== undefined && encryption.ssec.key !== undefined);
  const manifestTag = first.completion.manifestTag.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  const damaged = { ...first, completion: { ...first.completion, manifestTag } };
  const wiped = watchWiping(t);
  const open = async () =>
    openVersion(
      world.core.sources,
      alice,
      { ...version, envelopes: [damaged], derived: {} },
      encryption.ssec.key,
    );
  await assert.rejects(open, IntegrityError);
  assert.equal(wiped.filter((purpose) => purpose === "dek").length, 1);
});

test("blobs of two parts exchanged, and an older attempt put back, are refused before a byte is shown", async () => {
  const { store, swap } = exchangeable();
  const world = await makeUploads(store);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  await client.put(1, pattern(SIZE, 1));
  const [older] = await blobsOf(world);
  const one = listed(1, await client.put(1, pattern(SIZE, 2)));
  const newer = (await blobsOf(world)).find((id) => Buffer.compare(id, older ?? id) !== 0);
  const two = listed(2, await client.put(2, pattern(SIZE, 3)));
  await client.complete([one, two]);
  await client.read();
  assert.ok(older !== undefined && newer !== undefined);
  swap(older, newer);
  await assert.rejects(client.read(), IntegrityError);
  const range = { kind: "from-to", from: SIZE - 10, to: SIZE + 10 } as const;
  await assert.rejects(client.read({ range }), IntegrityError);
});

test("part rows exchanged, replaced by another upload's, or put back from an older attempt", async () => {
  const { store, tamper } = exchangeable();
  const world = await makeUploads(store);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  const stranger = await Client.begin(world, bucket, "k");
  const foreign = await stranger.put(1, pattern(SIZE, 9));
  const [foreignRow] = await partRows(world);
  await client.put(1, pattern(SIZE, 1));
  const two = listed(2, await client.put(2, pattern(SIZE, 2)));
  const rows = (await partRows(world)).filter(
    (row) => Buffer.compare(row.key, foreignRow?.key ?? row.key) !== 0,
  );
  const [first, second] = rows;
  assert.ok(first !== undefined && second !== undefined && foreignRow !== undefined);
  // A row is sealed to its key: under another one it does not open.
  tamper("part", first.key, { ...second, key: first.key });
  await assert.rejects(client.complete([{ ...two, partNumber: 1 }]), IntegrityError);
  tamper("part", first.key, { ...foreignRow, key: first.key });
  await assert.rejects(client.complete([listed(1, foreign)]), IntegrityError);
  // An older attempt's row opens, but the client names the newer one's ETag.
  tamper("part", first.key, first);
  const newer = listed(1, await client.put(1, pattern(SIZE, 5)));
  tamper("part", first.key, first);
  await assert.rejects(client.complete([newer]), /specified parts could not be found/);
});

test("an upload's record put back from before Complete does not open the object, nor does a page", async () => {
  const { store, tamper } = exchangeable();
  const world = await makeUploads(store, 1);
  const bucket = await world.bucket();
  const client = await Client.begin(world, bucket, "k");
  await client.all(Array.from({ length: 600 }, (_, i) => pattern(3, i)));
  await client.read();
  const { rows } = await store.scan({ table: "page", from: new Uint8Array(), limit: 100 });
  const [first, second] = rows;
  assert.ok(first !== undefined && second !== undefined);
  tamper("page", first.key, { ...second, key: first.key });
  await assert.rejects(client.read(), IntegrityError);
  tamper("page", first.key, undefined);
  await assert.rejects(client.read(), IntegrityError);
  tamper("page", first.key, first);
  await client.read();
});
