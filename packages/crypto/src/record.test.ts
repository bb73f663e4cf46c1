import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyEdits } from "../test/fixtures.ts";
import { CryptoError, RECORD_OVERHEAD_BYTES, RecordSealer, recordTerm, SecretKey } from "./index.ts";

const code = (expected: string) => (error: unknown) =>
  error instanceof CryptoError && error.code === expected;
const first = SecretKey.generate("metadata");
const second = SecretKey.generate("metadata");
const key = new Uint8Array([1, 2, 3]);
const body = new Uint8Array([4, 5, 6]);
const saltOf = (value: Uint8Array): string => Buffer.from(value.subarray(4, 20)).toString("hex");

test("opens what it sealed, under its table and key only", () => {
  const sealer = new RecordSealer(new Map([[1, first]]), 1);
  fc.assert(
    fc.property(
      fc.string(),
      fc.uint8Array(),
      fc.uint8Array({ maxLength: 2000 }),
      fc.nat(),
      (table, k, content, at) => {
        const value = sealer.seal(table, k, content);
        assert.equal(value.length, content.length + RECORD_OVERHEAD_BYTES);
        assert.deepEqual(sealer.open(table, k, value), content);
        assert.throws(() => sealer.open(`${table}x`, k, value), code("TagMismatch"));
        assert.throws(() => sealer.open(table, new Uint8Array([...k, 0]), value), code("TagMismatch"));
        const bad = applyEdits(value, [{ op: "xor", at: at % value.length, with: 1 }]);
        assert.throws(() => sealer.open(table, k, bad), CryptoError);
      },
    ),
  );
});

test("other processes' rows and older terms open; a removed term's do not", () => {
  const before = new RecordSealer(new Map([[1, first]]), 1).seal("t", key, body);
  const sealer = new RecordSealer(
    new Map([
      [1, first],
      [2, second],
    ]),
    2,
  );
  const after = sealer.seal("t", key, body);
  assert.deepEqual([recordTerm(before), recordTerm(after)], [1, 2]);
  assert.deepEqual(sealer.open("t", key, before), body);
  assert.deepEqual(sealer.open("t", key, before), body);
  assert.throws(() => sealer.removeTerm(2), code("UnknownTerm"));
  sealer.removeTerm(1);
  assert.throws(() => sealer.open("t", key, before), code("UnknownTerm"));
  assert.deepEqual(sealer.open("t", key, after), body);
});

test("rows of the term before open after a change of term", () => {
  const sealer = new RecordSealer(new Map([[1, first]]), 1);
  const before = sealer.seal("t", key, body);
  assert.throws(() => sealer.useTerm(2), code("UnknownTerm"));
  assert.deepEqual(sealer.open("t", key, sealer.seal("t", key, body)), body);
  sealer.addTerm(2, second);
  sealer.useTerm(2);
  assert.equal(sealer.currentTerm, 2);
  assert.equal(recordTerm(sealer.seal("t", key, body)), 2);
  assert.deepEqual(sealer.open("t", key, before), body);
});

test("a fresh seal salt after so many seals, and in every sealer", () => {
  const sealer = new RecordSealer(new Map([[1, first]]), 1, undefined, 3);
  const values = Array.from({ length: 7 }, () => sealer.seal("t", key, body));
  const salts = values.map(saltOf);
  assert.deepEqual(
    salts.map((salt) => salts.indexOf(salt)),
    [0, 0, 0, 3, 3, 3, 6],
  );
  for (const value of values) assert.deepEqual(sealer.open("t", key, value), body);
  const other = new RecordSealer(new Map([[1, first]]), 1);
  assert.notEqual(saltOf(other.seal("t", key, body)), salts[6]);
  assert.equal(new Set(values.map((value) => Buffer.from(value.subarray(20, 32)).toString("hex"))).size, 7);
});

test("more derived keys than are kept", () => {
  const reader = new RecordSealer(new Map([[1, first]]), 1);
  const values = Array.from({ length: 1100 }, () =>
    new RecordSealer(new Map([[1, first]]), 1).seal("t", key, body),
  );
  for (const round of [1, 2]) {
    for (const value of values) assert.deepEqual(reader.open("t", key, value), body, `round ${round}`);
  }
});
