/**
 * A store whose rows and files somebody edits at random, one edit a time: whatever a read then says, it never hands out bytes
 * that its key never had (what must never happen, 4), and what it throws is one of the errors that are made for it.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { IntegrityError, ServiceError } from "../base/errors.ts";
import { newRev } from "../base/ids.ts";
import { KeyringError } from "../store/keyring.ts";
import { blobsDirectory } from "../store/local/open.ts";
import { openTestHome } from "../store/local/test-home.ts";
import type { Row, Sealed, Store, TableName } from "../store/port.ts";
import type { Bucket, EncryptionHeaders } from "./api.ts";
import {
  bodyOf,
  bytesOf,
  EVERY_MODE,
  KMS_KEY,
  makeWorld,
  pattern,
  putInput,
  readInput,
} from "./test-world.ts";
import { alice, Client, uploadsOver } from "./uploads/test-uploads.ts";

const EDITS = 100;
const TABLES: readonly TableName[] = ["system", "keyring", "epoch", "head", "version", "inline", "page"];

interface Item {
  readonly bucket: Bucket;
  readonly key: string;
  readonly encryption: EncryptionHeaders;
  /** All that the key ever had. */
  readonly bodies: readonly Uint8Array[];
}
type Place = Row & { readonly table: TableName };
type World = Awaited<ReturnType<typeof makeWorld>>;

async function fill(world: World): Promise<readonly Item[]> {
  const plain = await world.bucket();
  const versioned = { ...(await world.bucket()), versioning: "enabled" as const };
  const items: Item[] = [];
  let seed = 1;
  for (const [i, encryption] of EVERY_MODE.entries()) {
    for (const bucket of [plain, versioned]) {
      for (const size of [0, 300, 150_000]) {
        const key = `${i}/${size}`;
        const bodies = [pattern(size, seed++), pattern(size, seed++)];
        for (const body of bodies)
          await world.objects.put(alice, bucket, putInput(key, { encryption }), bodyOf(body));
        items.push({ bucket, key, encryption, bodies });
      }
    }
    const parts = Array.from({ length: 20 }, (_, n) => pattern(1000 + n, seed++));
    const client = await Client.begin({ ...world, uploads: uploadsOver(world) }, plain, `${i}/parts`, {
      encryption,
    });
    await client.all(parts);
    items.push({ bucket: plain, key: `${i}/parts`, encryption, bodies: [Buffer.concat(parts)] });
  }
  return items;
}

async function rowsOf(store: Store): Promise<readonly Place[]> {
  const found: Place[] = [];
  for (const table of TABLES)
    for (const row of (await store.scan({ table, from: new Uint8Array(), limit: 1000 })).rows)
      found.push({ table, ...row });
  return found;
}

/** Some of what was there; undefined: nothing. */
function edited(bytes: Uint8Array, other: Uint8Array): Uint8Array | undefined {
  const at = randomInt(bytes.length);
  switch (randomInt(7)) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << randomInt(8)) : byte));
    case 1:
      return bytes.slice(0, at);
    case 2:
      return Buffer.concat([bytes, other.subarray(0, 50)]);
    case 3:
      return Buffer.concat([other.subarray(0, 72), bytes.subarray(72)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(at)]);
    case 5:
      return undefined;
    default:
      return other;
  }
}

async function readAll(store: Store, beside: World, items: readonly Item[], what: string): Promise<void> {
  let world: World;
  try {
    world = await makeWorld(store, beside);
  } catch (error) {
    assert.ok(error instanceof KeyringError, `${what}: ${String(error)}`);
    return;
  }
  for (const { bucket, key, encryption, bodies } of items) {
    const from = randomInt(2) === 0 ? 0 : randomInt(Math.max(1, bodies[0]?.length ?? 0));
    const range = from === 0 ? {} : { range: { kind: "from-to", from, to: undefined } as const };
    try {
      const input = readInput(key, { ssec: encryption.ssec, ...range });
      const got = await bytesOf(await world.objects.get(alice, bucket, input));
      assert.ok(
        bodies.some((body) => Buffer.compare(got, body.subarray(from)) === 0),
        `${what}: ${key} from ${from}: other bytes than it had`,
      );
    } catch (error) {
      const isExpected = error instanceof IntegrityError || error instanceof ServiceError;
      if (!isExpected) throw new Error(`${what}: ${key}`, { cause: error });
    }
  }
}

test("no edit of a stored row or file makes a read hand out other bytes", async () => {
  const home = await openTestHome();
  try {
    const world = await makeWorld(home.store);
    world.kms.create(KMS_KEY);
    const items = await fill(world);
    const rows = await rowsOf(home.store);
    const blobs = blobsDirectory(home.child?.place ?? "");
    const files = readdirSync(blobs).flatMap((shard) =>
      readdirSync(join(blobs, shard)).map((name) => join(blobs, shard, name)),
    );
    await readAll(home.store, world, items, "nothing");
    for (let i = 0; i < EDITS; i++) {
      if (i % 3 === 0) await editFile(files, (what) => readAll(home.store, world, items, what));
      else await editRow(home.store, rows, (what) => readAll(home.store, world, items, what));
    }
  } finally {
    await home.dispose();
  }
});

type Check = (what: string) => Promise<void>;
const oneOf = <T>(list: readonly T[]): T => {
  const one = list[randomInt(list.length)];
  assert.ok(one !== undefined);
  return one;
};

async function editFile(files: readonly string[], check: Check): Promise<void> {
  const path = oneOf(files);
  const bytes = readFileSync(path);
  const after = edited(bytes, readFileSync(oneOf(files))) ?? new Uint8Array();
  writeFileSync(path, after);
  await check(`file ${Buffer.from(after).toString("base64").slice(0, 200)}`);
  writeFileSync(path, bytes);
}

async function editRow(store: Store, rows: readonly Place[], check: Check): Promise<void> {
  const { table, key, value, rev } = oneOf(rows);
  const other = oneOf(rows.filter((row) => row.table === table)).value;
  const after = edited(value, other) as Sealed | undefined;
  const write = after === undefined ? { delete: [{ table, key }] } : { put: [{ table, key, value: after }] };
  await store.commit({ id: newRev(), ...write });
  await check(`${table} row, ${after === undefined ? "gone" : Buffer.from(after).toString("base64")}`);
  await store.commit({ id: rev, put: [{ table, key, value }] });
}
