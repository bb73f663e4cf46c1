import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newBucketId, newVersionUid, parseObjectKey } from "../../base/ids.ts";
import { refused } from "../test-world.ts";
import {
  after,
  epochKey,
  epochOfKey,
  keyOfPointer,
  keyOfVersion,
  pointerKey,
  versionKey,
  versionRange,
} from "./row-keys.ts";
import { parseVersionId, versionIdOf } from "./version-id.ts";

const bucket = newBucketId();
const key = fc
  .string({
    unit: fc.oneof(
      fc.constant("\0"),
      fc.constant("\u{ff}"),
      fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
    ),
    minLength: 1,
    maxLength: 40,
  })
  .filter((s) => s.isWellFormed());
const compare = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

test("row keys keep the order of the keys' UTF-8 bytes, NUL included, and give the key back", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const [ka, kb] = [pointerKey(bucket, parseObjectKey(a)), pointerKey(bucket, parseObjectKey(b))];
      assert.equal(Math.sign(compare(ka, kb)), Math.sign(compare(Buffer.from(a), Buffer.from(b))));
      assert.equal(keyOfPointer(ka), a);
    }),
  );
});

test("versions of a key lie together, newest first, and apart from other keys' versions", () => {
  const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(key, key, sequence, sequence, (a, b, m, n) => {
      const pa = pointerKey(bucket, parseObjectKey(a));
      const pb = pointerKey(bucket, parseObjectKey(b));
      const va = versionKey(pa, m);
      assert.deepEqual(keyOfVersion(va), { key: a, sequence: m });
      assert.equal(Math.sign(compare(va, versionKey(pa, n))), Math.sign(n - m));
      const { from, to } = versionRange(pa);
      assert.ok(compare(from, va) <= 0 && compare(va, to) < 0);
      const other = versionKey(pb, n);
      if (a !== b) assert.ok(compare(other, from) < 0 || compare(other, to) >= 0);
    }),
  );
});

test("a key whose escaped form is too long is refused", () => {
  const fits = `${"\0".repeat(126)}${"x".repeat(898)}`;
  pointerKey(bucket, parseObjectKey(fits));
  const key1 = parseObjectKey("\0".repeat(200) + "x".repeat(800));
  assert.throws(() => pointerKey(bucket, key1), refused("KeyTooLongError"));
});

test("epochs are newest first; the end of a prefix's range", () => {
  assert.ok(compare(epochKey(bucket, 2), epochKey(bucket, 1)) < 0);
  assert.equal(epochOfKey(epochKey(bucket, 7)), 7);
  assert.deepEqual(after(Uint8Array.of(1, 255)), Uint8Array.of(2));
  assert.equal(after(Uint8Array.of(255, 255)), undefined);
});

test("version ids come back from their text, and nothing else parses", () => {
  const uid = newVersionUid();
  // A letter: an id of digits alone is its own upper case.
  uid[0] = 0xab;
  const id = versionIdOf({ isNull: false, uid, sequence: 12_345 });
  assert.deepEqual(parseVersionId(id), { kind: "sequence", sequence: 12_345, id });
  assert.deepEqual(parseVersionId("null"), { kind: "null" });
  for (const bad of [
    "",
    "NULL",
    id.toUpperCase(),
    `${id}0`,
    id.slice(1),
    `${id.slice(0, 16)}${"0".repeat(16)}`,
    `${id.slice(0, 16)}${"f".repeat(16)}`,
  ]) {
    assert.throws(() => parseVersionId(bad), refused("InvalidArgument", "Invalid version id"), bad);
  }
});
