import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../base/errors.ts";
import { KEY_SPECS } from "../../kms/specs.ts";
import { is, readInput, type Schema } from "./schema.ts";

function refused(schema: Schema, body: unknown): string {
  try {
    readInput(schema, body);
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return `${error.code}: ${error.message}`;
  }
  return "accepted";
}
const one = (what: string): string => `ValidationException: 1 validation error detected: ${what}`;

const ID = is.required(is.text({ min: 1, max: 8 }));

/** Spec kms 1.5, one line a clause. */
const CASES: readonly (readonly [string, Schema, unknown, string])[] = [
  [
    "a missing member",
    { KeyId: ID },
    {},
    one("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
  ],
  [
    "a null member",
    { KeyId: ID },
    { KeyId: null },
    one("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
  ],
  [
    "too short",
    { KeyId: ID },
    { KeyId: "" },
    one(
      "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    "too long",
    { KeyId: ID },
    { KeyId: "123456789" },
    one(
      "Value '123456789' at 'keyId' failed to satisfy constraint: Member must have length less than or equal to 8",
    ),
  ],
  [
    "too small",
    { Limit: is.integer(1, 1000) },
    { Limit: 0 },
    one(
      "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
  ],
  [
    "too great",
    { Limit: is.integer(1, 1000) },
    { Limit: 1001 },
    one(
      "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
    ),
  ],
  [
    "a pattern",
    { AliasName: is.text({ pattern: "^[a-zA-Z0-9:/_-]+$" }) },
    { AliasName: "alias/a.b" },
    one(
      "Value 'alias/a.b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
    ),
  ],
  [
    "a pattern is anchored",
    { AliasName: is.text({ pattern: "[a-z]+" }) },
    { AliasName: "a b\n" },
    one(
      "Value 'a b\n' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
    ),
  ],
  [
    "an enum",
    { KeySpec: is.oneOf(["AES_256", "AES_128"]) },
    { KeySpec: "AES_512" },
    one(
      "Value 'AES_512' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]",
    ),
  ],
  [
    "an enum of prototype names",
    { KeySpec: is.oneOf(KEY_SPECS) },
    { KeySpec: "toString" },
    one(
      `Value 'toString' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [${KEY_SPECS.join(", ")}]`,
    ),
  ],
  [
    "a blob shows no value",
    { Plaintext: is.blob({ min: 1, max: 4 }) },
    { Plaintext: "MTIzNDU2" },
    one("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4"),
  ],
  [
    "an empty blob",
    { Plaintext: is.blob({ min: 1, max: 4 }) },
    { Plaintext: "" },
    one(
      "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    "members of lists count from 1",
    { Tags: is.list(is.structure({ TagKey: is.required(is.text({ min: 1, max: 3 })) })) },
    { Tags: [{ TagKey: "ok" }, { TagKey: "long" }] },
    one(
      "Value 'long' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 3",
    ),
  ],
  [
    "several failures are told together",
    { KeyId: ID, Limit: is.integer(1, 10) },
    { Limit: 11 },
    "ValidationException: 2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value '11' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10",
  ],
];
for (const [what, schema, body, text] of CASES)
  test(`validation: ${what}`, () => assert.equal(refused(schema, body), text));

test("wrong JSON types fail before any constraint is told", () => {
  const schema = {
    KeyId: ID,
    Limit: is.integer(1, 10),
    Map: is.stringMap,
    Blob: is.blob({}),
    Flag: is.flag,
    List: is.list(is.text()),
    At: is.timestamp,
  };
  for (const body of [
    "text",
    7,
    null,
    [],
    { KeyId: 1 },
    { KeyId: "", Limit: "1" },
    { Limit: 1.5 },
    { Map: { a: 1 } },
    { Map: { a: null } },
    { Map: [] },
    { Blob: "?" },
    { Blob: "YQ" },
    { Blob: "YQ=" },
    { Blob: "YWJj\n" },
    { Flag: "true" },
    { List: {} },
    { List: [null] },
    { At: "soon" },
    { At: true },
  ])
    assert.match(refused(schema, body), /^SerializationException: /, JSON.stringify(body));
});

test("what is not in the schema is ignored, also under names of the prototype", () => {
  const input = readInput({ KeyId: is.text() }, JSON.parse('{"__proto__":{"KeyId":"x"},"Other":1}'));
  assert.deepEqual(input, { KeyId: undefined });
});

test("timestamps come in seconds with a fraction or in ISO 8601", () => {
  assert.equal(readInput({ At: is.timestamp }, { At: 1521097200.123 }).At, 1521097200123);
  assert.equal(readInput({ At: is.timestamp }, { At: "2018-03-15T07:00:00.123Z" }).At, 1521097200123);
});
