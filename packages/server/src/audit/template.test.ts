/** Records that fill templates: bytes of a frame's body, and which texts become templates. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NO_FACTS } from "./facts.ts";
import { BodyBuilder, decodeBody, NO_HASH, recordHash } from "./format.ts";
import { Forms } from "./forms.ts";
import { fill, SLOT, Template } from "./template.ts";

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

test("values go where the slots are, and must be as many", () => {
  const pieces = fc.array(
    fc.string({ unit: "grapheme" }).map((s) => s.replaceAll(SLOT, "")),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(pieces, pieces, (constant, values) => {
      const filled = text(fill(Buffer.from(constant.join(SLOT)), Buffer.from(values.join(SLOT))));
      const whole = constant.map((piece, i) => piece + (values[i] ?? "")).join("");
      assert.equal(filled, values.length === constant.length - 1 ? whole : undefined);
    }),
  );
});

test("a body of all kinds of items, byte by byte", () => {
  const builder = new BodyBuilder();
  const template = new Template(`{"a":"${SLOT}","b":${SLOT}}`);
  builder.add('{"n":0}');
  builder.add(`x${SLOT}1`, template);
  builder.add(`y${SLOT}2`, template);
  const hashes = builder.chain(7, NO_HASH);
  const body = builder.end({ n: 3, hash: new Uint8Array(32).fill(9) }, hashes[2] ?? NO_HASH);
  const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
  const ascii = (s: string): string => Buffer.from(s).toString("hex");
  const zeros = "00".repeat(32);
  assert.equal(hex(template.hash), "56a0f378f7993eaf5053a67afd522477aaf020c1f01d3d9d3f3a98ad26fc5745");
  assert.equal(
    hex(body),
    [
      `0000000000000003${"09".repeat(32)}00000003`,
      `0000000701${zeros}0000000000000007${ascii('{"n":0}')}`,
      `0000000f03${ascii(`{"a":"${SLOT}","b":${SLOT}}`)}`,
      `0000002304${hex(hashes[0])}0000000000000008${hex(template.hash)}${ascii(`x${SLOT}1`)}`,
      `0000002304${hex(hashes[1])}0000000000000009${hex(template.hash)}${ascii(`y${SLOT}2`)}`,
      hex(hashes[2]),
    ].join(""),
  );
  const decoded = decodeBody(body);
  assert.deepEqual(
    decoded?.records.map((record) => [record.seq, text(record.text), hex(record.hash())]),
    [
      [7, '{"n":0}', hex(hashes[0])],
      [8, '{"a":"x","b":1}', hex(hashes[1])],
      [9, '{"a":"y","b":2}', hex(hashes[2])],
    ],
  );
  for (const record of decoded?.records ?? [])
    assert.deepEqual(recordHash(record, record.content), record.hash());
});

test("a body without the template of a record, or with a changed one, is none", () => {
  const builder = new BodyBuilder();
  builder.add("1", new Template(`{"n":${SLOT}}`));
  const [head = NO_HASH] = builder.chain(0, NO_HASH);
  const body = builder.end({ n: 0, hash: NO_HASH }, head).slice();
  assert.equal(decodeBody(body)?.records.length, 1);
  const at = body.indexOf("n".charCodeAt(0));
  body[at] = "m".charCodeAt(0);
  assert.equal(decodeBody(body), undefined);
});

test("a frame's template stands in it once, and again in the next frame", () => {
  const builder = new BodyBuilder();
  const template = new Template(`{"n":${SLOT}}`.padEnd(500));
  builder.add("1", template);
  const first = builder.size;
  builder.add("2", template);
  assert.ok(builder.size - first < 100);
  builder.begin();
  builder.add("3", template);
  assert.equal(builder.size, first);
});

test("a text that looks like a slot makes no template", () => {
  const forms = new Forms();
  const learn = (agent: string, key: string): void =>
    forms.learn("b", [agent], {
      text: JSON.stringify({ agent, key }),
      slotted: JSON.stringify({ agent, key: SLOT }),
      values: JSON.stringify(key).slice(1, -1),
      columns: NO_FACTS.columns,
    });
  learn("plain", "k");
  assert.ok(forms.find("b", ["plain"]) !== undefined);
  for (const hostile of [String.raw`\u0000`, String.raw`a\\u0000b`, "\0"]) {
    learn(hostile, "k");
    assert.equal(forms.find("b", [hostile]), undefined, JSON.stringify(hostile));
  }
});

test("names and forms that are kept are bounded", () => {
  const forms = new Forms();
  const record = { text: "1", slotted: SLOT, values: "1", columns: NO_FACTS.columns };
  for (let i = 0; i < 20; i++) forms.learn("one", [i], record);
  assert.equal(forms.find("one", [0]), undefined);
  assert.ok(forms.find("one", [19]) !== undefined);
  for (let i = 0; i < 1000; i++) forms.learn(`name ${i}`, [], record);
  assert.equal(forms.find("one", [19]), undefined);
  assert.ok(forms.find("name 999", []) !== undefined);
});
