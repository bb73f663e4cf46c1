/** A copy of rows, and of the trail's files some time later, while everything goes on: the copy is whole. */
import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { newRev } from "../base/ids.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { Records } from "../store/records.ts";
import { copyTrail } from "./copy.ts";
import { TrailFiles } from "./files.ts";
import type { Ledger } from "./ledger.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { recordOf, Rig, writeStream } from "./test/rig.ts";
import type { Trail } from "./trail.ts";
import type { VerifyResult } from "./verify.ts";

/** The rows as they are now. */
async function copyRows(rig: Rig): Promise<Ledger> {
  const store = new MemoryModel().open();
  const { rows } = await rig.store.scan({ table: "audit", from: new Uint8Array(), limit: 1000 });
  if (rows.length > 0)
    await store.commit({ id: newRev(), put: rows.map(({ key, value }) => ({ table: "audit", key, value })) });
  return rig.ledger.over(new Records(store, rig.keyring));
}

async function copied(rig: Rig, ledger: Ledger): Promise<VerifyResult & { readonly names: string[] }> {
  const files = new TrailFiles(join(rig.directory, "copy"));
  try {
    await copyTrail(rig, ledger, files);
    const names = await readdir(files.directory, { recursive: true });
    return { ...(await rig.verify({ files, ledger })), names };
  } finally {
    await rm(files.directory, { recursive: true, force: true });
  }
}

async function write(trail: Trail, records: number): Promise<void> {
  for (let n = 0; n < records; n++) trail.append(recordOf(n));
  await trail.flush();
}

test("what was written between the two copies is left out, whole frames at a time", async () => {
  const rig = await Rig.make();
  try {
    assert.deepEqual((await copied(rig, await copyRows(rig))).problems, []);
    await writeStream(rig, 2, 3);
    const trail = rig.trail();
    await write(trail, 3);
    await trail.checkpoint();
    await write(trail, 2);
    const rows = await copyRows(rig);
    // A frame that knows no newer checkpoint than the copy has may stay; the next ones know one.
    await write(trail, 1);
    await trail.checkpoint();
    await write(trail, 5);
    await writeStream(rig, 1, 1);
    await write(trail, 5);
    await trail.close();
    const { problems, records, unsigned, streams, open } = await copied(rig, rows);
    assert.deepEqual(problems, []);
    assert.deepEqual({ records, unsigned, streams, open }, { records: 12, unsigned: 3, streams: 2, open: 1 });
  } finally {
    await rig.remove();
  }
});

test("segments that began meanwhile are left out; of whole ones the index comes along", async (t) => {
  const full = Object.getOwnPropertyDescriptor(SegmentWriter.prototype, "full");
  assert.ok(full);
  Object.defineProperty(SegmentWriter.prototype, "full", { get: () => true, configurable: true });
  t.after(() => void Object.defineProperty(SegmentWriter.prototype, "full", full));
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let i = 0; i < 3; i++) {
      await write(trail, 4);
      await trail.checkpoint();
    }
    const rows = await copyRows(rig);
    for (let i = 0; i < 3; i++) {
      await write(trail, 4);
      await trail.checkpoint();
    }
    await trail.close();
    const [stream = ""] = await rig.files.streams();
    // As if another process were making an index just now.
    await writeFile(`${rig.files.path(stream, 0, "idx")}.12345678`, "");
    const { problems, records, unsigned, names } = await copied(rig, rows);
    assert.deepEqual(problems, []);
    // The first of the later ones began with what the copied head says.
    assert.deepEqual({ records, unsigned }, { records: 16, unsigned: 4 });
    assert.ok(names.includes(join(stream, "00000000.idx")));
    assert.ok(!names.some((name) => name.endsWith(".12345678")));
  } finally {
    await rig.remove();
  }
});

test("damage is copied as it stands", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let i = 0; i < 3; i++) await write(trail, 2);
    await trail.checkpoint();
    const rows = await copyRows(rig);
    const [stream = ""] = await rig.files.streams();
    const file = await rig.files.open(stream, 0);
    const bytes = await file.readFile();
    await file.close();
    bytes[300] = (bytes[300] ?? 0) ^ 1;
    await writeFile(rig.files.path(stream, 0, "seg"), bytes);
    const { problems } = await copied(rig, rows);
    assert.deepEqual(
      problems.map(({ kind, seq }) => [kind, seq]),
      [["edited", 0]],
    );
    await trail.close();
  } finally {
    await rig.remove();
  }
});
