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
