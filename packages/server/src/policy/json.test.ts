import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonNode, parseJson } from "./json.ts";

function plain(node: JsonNode): unknown {
  switch (node.type) {
    case "object":
      return Object.fromEntries([...node.members].map(([key, value]) => [key, plain(value)]));
    case "array":
      return node.items.map(plain);
    case "number":
      return Number(node.text);
    case "null":
      return null;
    case "string":
    case "boolean":
      return node.value;
  }
}

test("reads what JSON.parse reads", () => {
  // `__proto__` as a key is a member like any other here, but Object.fromEntries would drop it on the way back.
  const values = fc
    .jsonValue({ maxDepth: 3, noUnicodeString: false })
    .filter((v) => !JSON.stringify(v).includes("__proto__"));
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const node = parseJson(text);
      assert.ok(node, text);
      assert.deepEqual(plain(node), JSON.parse(text));
    }),
  );
});

test("refuses what is not strict JSON", () => {
  for (const text of [
    "",
    "{",
    "{}x",
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    "{a:1}",
    "{'a':1}",
    '{"a":1,}',
    "[1,]",
    "[01]",
    "[1.]",
    "nul",
    '"\t"',
    '"\\x"',
    '"\\ud800"',
    "\uFEFF{}",
    "[NaN]",
    "// c\n{}",
  ]) {
    assert.equal(parseJson(text), undefined, JSON.stringify(text));
  }
});

test("bounds depth", () => {
  assert.ok(parseJson("[".repeat(10) + "]".repeat(10)));
  assert.equal(parseJson("[".repeat(100_000) + "]".repeat(100_000)), undefined);
});

test("knows where strings stand", () => {
  const text = '{ "Ünï": ["a\\nb"] }';
  const node = parseJson(text);
  assert.ok(node?.type === "object");
  const list = node.members.get("Ünï");
  assert.ok(list?.type === "array");
  const item = list.items[0];
  assert.ok(item?.type === "string");
  assert.equal(text.slice(item.start, item.end), '"a\\nb"');
});
