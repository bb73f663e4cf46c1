import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { newRev } from "../../base/ids.ts";
import { at, put } from "../conformance/home.ts";
import type { Expect } from "../port.ts";
import { Tables } from "./tables.ts";

function open(t: TestContext): { readonly directory: string; readonly handles: readonly [Tables, Tables] } {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-tables-"));
  const handles = [new Tables(directory, false), new Tables(directory, false)] as const;
  t.after(async () => {
    for (const tables of handles) await tables.close();
    rmSync(directory, { recursive: true });
  });
  return { directory, handles };
}

const ABSENT: readonly Expect[] = [{ ...at("row"), rev: "absent" }];

test("a row that a transaction changed is seen by all, also where something threw behind it", async (t) => {
  const { handles } = open(t);
  const [one, other] = handles;
  await one.transact(() => void one.apply({ id: newRev(), put: [put("any")] }));
  assert.equal(other.holds(ABSENT), true);
  await setImmediate();
  assert.equal(other.holds(ABSENT), true);
  await setImmediate();
  const failing = one.transact(() => {
    one.apply({ id: newRev(), put: [put("row")] });
    throw new RangeError("on purpose");
  });
  await assert.rejects(failing, RangeError);
  assert.equal(other.holds(ABSENT), false);
  assert.notEqual(other.get([at("row")])[0], undefined);
});

test("a transaction that finds conflicts only writes nothing", async (t) => {
  const { directory, handles } = open(t);
  const [tables] = handles;
  const file = (): Buffer => readFileSync(join(directory, "data.mdb"));
  await tables.transact(() => void tables.apply({ id: newRev(), put: [put("row")] }));
  const before = file();
  await tables.transact(() => {
    const { kind } = tables.apply({ id: newRev(), expect: ABSENT, put: [put("row", "again")] });
    assert.equal(kind, "conflict");
  });
  assert.ok(before.equals(file()));
});

test("what held does not hold where the store can't be looked into", async (t) => {
  const { handles } = open(t);
  const [tables] = handles;
  await tables.transact(() => void tables.apply({ id: newRev(), put: [put("any")] }));
  assert.equal(tables.holds(ABSENT), true);
  await setImmediate();
  await tables.close();
  for (let asked = 0; asked < 2; asked++) assert.throws(() => tables.holds(ABSENT), /closed/);
});

test("alone, a look stands until the next commit of its own; with others, until the callback ends", async (t) => {
  const { handles } = open(t);
  const [tables, other] = handles;
  const write = (by: Tables, row: string): Promise<void> =>
    by.transact(() => void by.apply({ id: newRev(), put: [put(row)] }));
  tables.setAlone(true);
  assert.equal(tables.holds(ABSENT), true);
  await write(tables, "any");
  assert.notEqual(tables.get([at("any")])[0], undefined, "its own commit is seen");
  assert.equal(tables.holds(ABSENT), true);
  // Another that writes all the same is noticed by the next look, which nothing asks for.
  await write(other, "row");
  assert.equal(tables.holds(ABSENT), true);
  tables.setAlone(false);
  assert.equal(tables.holds(ABSENT), false);
});

test("alone, what a transaction that runs has changed is seen in the callback after its end, and whole", async (t) => {
  const { handles } = open(t);
  const [tables] = handles;
  tables.setAlone(true);
  const seen: string[] = [];
  const look = (): void => {
    const [one, other] = tables.get([at("row"), at("other")]);
    seen.push(`${one === undefined ? 0 : 1}${other === undefined ? 0 : 1}`);
  };
  look();
  let isOver = false;
  const end = tables
    .transact(() => void tables.apply({ id: newRev(), put: [put("row"), put("other")] }))
    .then(() => {
      isOver = true;
      look();
    });
  while (!isOver) {
    look();
    await setImmediate();
  }
  await end;
  assert.equal(seen.at(-1), "11");
  assert.deepEqual(
    seen.filter((state) => state !== "00" && state !== "11"),
    [],
  );
});
