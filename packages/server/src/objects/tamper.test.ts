/**
 * What an outsider, and one who has the metadata key besides, can do to stored bytes: every read fails as damage, and not
 * a byte is released before it has verified (what must never happen, 4).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeManifest, type Manifest } from "@strongroom/crypto";
import { IntegrityError } from "../base/errors.ts";
import { newRev } from "../base/ids.ts";
import type { Row, Sealed, TableName } from "../store/port.ts";
import type { Bucket } from "./api.ts";
import { NO_SSEC } from "./encryption/ssec-request.ts";
import { type StandingObject, targetOf } from "./publish.ts";
import { findObject } from "./read-open.ts";
import { bodyCodec } from "./rows/codecs.ts";
import { epochKey, inlineKey, pointerKey } from "./rows/row-keys.ts";
import { draftOf, encodeVersion, type ObjectDraft, placeOf } from "./rows/version-record.ts";
import {
  bodyOf,
  bytesOf,
  makeWorld,
  pattern,
  PLAIN,
  putInput,
  readInput,
  testCaller,
  type World,
} from "./test-world.ts";

const alice = testCaller();
const KEY = "11111111-1111-4111-8111-111111111111";
const MODES = {
  "SSE-S3": PLAIN,
  "SSE-KMS bk": { sse: "aws:kms", keyId: KEY, bucketKey: "true", ssec: NO_SSEC },
  "DSSE-KMS": { sse: "aws:kms:dsse", keyId: KEY, ssec: NO_SSEC },
} as const;

async function start(mode: keyof typeof MODES, size: number): Promise<{ world: World; bucket: Bucket }> {
  const world = await makeWorld();
  world.kms.create(KEY);
  const bucket = await world.bucket();
  const encryption = MODES[mode];
  for (const [i, key] of ["a", "b"].entries()) {
    await world.objects.put(alice, bucket, putInput(key, { encryption }), bodyOf(pattern(size, i + 1)));
  }
  return { world, bucket };
}

async function damaged(world: World, bucket: Bucket, key = "a"): Promise<void> {
  // Refused before an answer begins: no facts, no body.
  await assert.rejects(world.objects.get(alice, bucket, readInput(key)), IntegrityError);
}

async function standing(world: World, bucket: Bucket, key: string): Promise<StandingObject> {
  return findObject(world.core, targetOf(bucket, putInput(key).key), undefined);
}

/** Writes a row as somebody who holds the metadata key. */
function forge(world: World, table: TableName, key: Uint8Array, body: Uint8Array): void {
  const { value } = world.core.records.seal(bodyCodec, table, key, body);
  world.model?.tamper(table, key, { key, value, rev: newRev() });
}
async function forgeDraft(
  world: World,
  bucket: Bucket,
  change: (draft: ObjectDraft) => ObjectDraft,
): Promise<void> {
  const { key, version } = await standing(world, bucket, "a");
  forge(world, "head", key, encodeVersion(change(draftOf(version)), placeOf(version)));
}

async function rowOf(world: World, table: TableName, key: Uint8Array): Promise<Row> {
  const [row] = await world.store.get([{ table, key }]);
  assert.ok(row !== undefined);
  return row;
}

for (const mode of Object.keys(MODES) as (keyof typeof MODES)[]) {
  for (const size of [100, 150_000]) {
    const name = `${mode}, ${size} bytes`;

    test(`${name}: rows moved to other keys`, async () => {
      const { world, bucket } = await start(mode, size);
      const [a, b] = await Promise.all([standing(world, bucket, "a"), standing(world, bucket, "b")]);
      const row = await rowOf(world, "head", b.key);
      world.model?.tamper("head", a.key, { ...row, key: a.key, rev: newRev() });
      await damaged(world, bucket);
      await assert.rejects(world.objects.head(alice, bucket, readInput("a")), IntegrityError);
      // The same by one who can seal records: the manifest names another key, or another bucket.
      forge(world, "head", a.key, b.version.body);
      await damaged(world, bucket);
      const other = await world.bucket();
      forge(world, "head", pointerKey(other.id, putInput("a").key), a.version.body);
      await damaged(world, other);
    });

    test(`${name}: envelopes and manifests of other versions`, async () => {
      const { world, bucket } = await start(mode, size);
      const b = await standing(world, bucket, "b");
      await forgeDraft(world, bucket, (draft) => ({ ...draft, envelopes: b.version.envelopes }));
      await damaged(world, bucket);
    });

    test(`${name}: every field of the manifest is bound`, async () => {
      const { world, bucket } = await start(mode, size);
      const { version } = await standing(world, bucket, "a");
      const { manifest } = version;
      const [entry] = manifest.streams.kind === "inline" ? manifest.streams.entries : [];
      assert.ok(entry !== undefined);
      const changes: Partial<Manifest>[] = [
        { etag: new Uint8Array(16) },
        { checksum: { algorithm: "CRC32", type: "FULL_OBJECT" } },
        { contentHeaders: [["content-type", "text/html"]] },
        { userMetadata: [] },
        { contentId: new Uint8Array(16).fill(1) },
        {
          plaintextSize: size - 1,
          streams: { kind: "inline", entries: [{ ...entry, plaintextSize: size - 1 }] },
        },
        { streams: { kind: "inline", entries: [{ ...entry, partNumber: 2 }] } },
      ];
      for (const change of changes) {
        const manifestBytes = encodeManifest({ ...manifest, ...change });
        await forgeDraft(world, bucket, (draft) => ({ ...draft, manifestBytes }));
        await damaged(world, bucket);
      }
    });

    test(`${name}: another stream in the place of this one`, async () => {
      const { world, bucket } = await start(mode, size);
      const [a, b] = await Promise.all([standing(world, bucket, "a"), standing(world, bucket, "b")]);
      if (size < 1000) {
        const row = await rowOf(world, "inline", inlineKey(b.version.contentId, 0));
        const key = inlineKey(a.version.contentId, 0);
        world.model?.tamper("inline", key, { ...row, key });
      } else {
        await forgeDraft(world, bucket, (draft) => ({ ...draft, locations: b.version.locations }));
      }
      await damaged(world, bucket);
    });
  }

  test(`${mode}: a small stream cut, lengthened, changed at each of its parts, or missing`, async () => {
    const { world, bucket } = await start(mode, 100);
    const { version } = await standing(world, bucket, "a");
    const key = inlineKey(version.contentId, 0);
    const row = await rowOf(world, "inline", key);
    const put = (value: Uint8Array): void =>
      world.model?.tamper("inline", key, { ...row, value: value as Sealed });
    put(row.value.slice(0, -1));
    await damaged(world, bucket);
    put(new Uint8Array([...row.value, 0]));
    await damaged(world, bucket);
    for (const at of [0, 4, 5, 7, 8, 39, 40, 71, 72, 100, row.value.length - 1]) {
      const value = new Uint8Array(row.value);
      value[at] = (value[at] ?? 0) ^ 1;
      put(value);
      await damaged(world, bucket);
    }
    world.model?.tamper("inline", key, undefined);
    await damaged(world, bucket);
  });
}

/** Puts other bytes into the place of the blob of "a". */
async function changeBlob(world: World, bucket: Bucket, change: (bytes: Buffer) => Buffer): Promise<void> {
  const { version } = await standing(world, bucket, "a");
  const { blob, storedSize = 0 } = version.locations?.[0] ?? {};
  assert.ok(blob !== undefined);
  const stored: Uint8Array[] = [];
  for await (const chunk of world.store.blobs.get(blob, 0, storedSize)) stored.push(new Uint8Array(chunk));
  const bytes = change(Buffer.concat(stored));
  await world.store.blobs.delete([blob]);
  const put = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  await world.store.blobs.put(blob, put(), bytes.length);
}

test("damage behind the first segment: what was released verified, and the body ends with an error", async () => {
  const { world, bucket } = await start("SSE-S3", 200_000);
  await changeBlob(world, bucket, (bytes) => {
    bytes[72 + 2 * 65_552 + 5] = (bytes[72 + 2 * 65_552 + 5] ?? 0) ^ 1;
    return bytes;
  });
  const found = await world.objects.get(alice, bucket, readInput("a"));
  assert.ok(found.kind === "object" && found.body !== undefined && !(found.body instanceof Uint8Array));
  const expected = pattern(200_000, 1);
  let released = 0;
  await assert.rejects(async () => {
    if (found.body === undefined || found.body instanceof Uint8Array) return;
    for await (const piece of found.body) {
      assert.deepEqual(new Uint8Array(piece), expected.slice(released, released + piece.length));
      released += piece.length;
    }
  }, IntegrityError);
  assert.ok(released >= 65_536 && released <= 2 * 65_536, String(released));
  // A range that ends before the damage is sound.
  const range = { kind: "from-to", from: 70_000, to: 80_000 } as const;
  const part = await world.objects.get(alice, bucket, readInput("a", { range }));
  assert.deepEqual(await bytesOf(part), expected.slice(70_000, 80_001));
});

for (const mode of ["SSE-S3", "DSSE-KMS"] as const) {
  test(`${mode}: bytes behind the final segment are damage, whatever is read`, async () => {
    const { world, bucket } = await start(mode, 200_000);
    await changeBlob(world, bucket, (bytes) => Buffer.concat([bytes, Buffer.of(0)]));
    for (const range of [undefined, { kind: "from-to", from: 70_000, to: 80_000 } as const]) {
      const input = readInput("a", range === undefined ? {} : { range });
      await assert.rejects(
        async () => bytesOf(await world.objects.get(alice, bucket, input)),
        IntegrityError,
      );
    }
  });
}

test("an epoch key's record opens only in its place", async () => {
  const { world, bucket } = await start("SSE-S3", 100);
  const other = await world.bucket();
  await world.objects.put(alice, other, putInput("a"), bodyOf(pattern(3)));
  const row = await rowOf(world, "epoch", epochKey(other.id, 1));
  const key = epochKey(bucket.id, 1);
  world.model?.tamper("epoch", key, { ...row, key });
  const second = await makeWorld(world.store, world);
  await damaged(second, bucket);
  world.model?.tamper("epoch", key, undefined);
  await damaged(await makeWorld(world.store, world), bucket);
});
