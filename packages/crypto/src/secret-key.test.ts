import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { exposeKeyBytes } from "./expose-key-bytes.ts";
import { CryptoError, SecretKey } from "./index.ts";
import { keyBytes } from "./secret-key.ts";

const bytes = new Uint8Array(32).map((_, i) => i + 0xa0);
const code = (expected: string) => (error: unknown) =>
  error instanceof CryptoError && error.code === expected;

test("a key never prints", () => {
  const key = SecretKey.fromBytes("dek", bytes, "dek of a test");
  const wrapped = { key, list: [key], map: new Map([["key", key]]), error: new Error("x", { cause: key }) };
  const printed = [
    String(key),
    `${key}`,
    JSON.stringify(wrapped),
    inspect(key),
    inspect(wrapped, { showHidden: true, depth: 9, getters: true }),
    Object.entries(key).join(),
    JSON.stringify(structuredClone(Object.assign({}, key))),
    Object.getOwnPropertyNames(key).join(),
  ].join("\n");
  assert.ok(printed.includes("dek of a test"));
  for (const shape of [
    Buffer.from(bytes).toString("hex"),
    Buffer.from(bytes).toString("base64"),
    "160, 161",
    "160,161",
    "a0 a1",
    "Uint8Array",
  ]) {
    assert.ok(!printed.toLowerCase().includes(shape.toLowerCase()), shape);
  }
});

test("refuses zero, short and long keys", () => {
  for (const bad of [new Uint8Array(32), new Uint8Array(0), bytes.subarray(1), new Uint8Array(33).fill(1)]) {
    assert.throws(() => SecretKey.fromBytes("root", bad), code("BadKey"));
  }
  assert.throws(() => SecretKey.generate("dek", 16), code("BadKey"));
  assert.throws(() => SecretKey.generate("dek", 32, { fill: () => undefined }), code("BadKey"));
  assert.throws(() => SecretKey.fromBytes("data", new Uint8Array(4097).fill(1)), code("BadKey"));
  assert.equal(SecretKey.fromBytes("data", new Uint8Array(1)).size, 1);
});

test("copies what it is given, and has a buffer of its own", () => {
  const source = new Uint8Array(bytes);
  const key = SecretKey.fromBytes("dek", source);
  source.fill(0);
  assert.deepEqual(exposeKeyBytes(key), bytes);
  assert.equal(exposeKeyBytes(key).buffer.byteLength, 32);
  assert.equal(exposeKeyBytes(SecretKey.generate("dek")).buffer.byteLength, 32);
});

test("equal bytes are equal, whatever the purpose", () => {
  const key = SecretKey.fromBytes("dek", bytes);
  assert.ok(key.equals(SecretKey.fromBytes("kek", bytes)));
  assert.ok(!key.equals(SecretKey.generate("dek")));
  assert.ok(!key.equals(SecretKey.fromBytes("data", bytes.subarray(0, 31))));
});

test("a wiped key is gone", () => {
  let kept: Uint8Array;
  let gone: SecretKey;
  {
    using key = SecretKey.fromBytes("dek", bytes);
    kept = exposeKeyBytes(key);
    gone = key;
  }
  assert.deepEqual(kept, new Uint8Array(32));
  assert.throws(() => exposeKeyBytes(gone), code("BadKey"));
  assert.throws(() => gone.equals(SecretKey.generate("dek")), code("BadKey"));
});

test("a key serves its purpose only", () => {
  const key = SecretKey.generate("kek");
  assert.throws(() => keyBytes(key, "dek"), code("BadKey"));
  assert.equal(keyBytes(key, "kek").length, 32);
});
