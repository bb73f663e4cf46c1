/** The form's reader: any names and values come back; what two readers could take differently is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../base/errors.ts";
import { Form } from "./form.ts";
import { is, readInput } from "./schema.ts";

const refused = (text: string): string => {
  try {
    Form.parse(text);
    return "";
  } catch (error) {
    return error instanceof ServiceError ? error.code : "thrown";
  }
};

test("what URLSearchParams writes is read back", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "grapheme" })),
      (pairs) => {
        const form = Form.parse(new URLSearchParams(pairs).toString());
        for (const [name, value] of Object.entries(pairs)) assert.equal(form.get(name), value);
      },
    ),
  );
});

test("no text breaks the reader", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.ok(["", "MalformedInput"].includes(refused(text)));
    }),
  );
});

test("repeated names, bad escapes and too many parameters are refused", () => {
  assert.equal(refused("a=1&a=2"), "MalformedInput");
  assert.equal(refused("a=1&%61=2"), "MalformedInput");
  assert.equal(refused("a=%zz"), "MalformedInput");
  assert.equal(refused("a=%ff"), "MalformedInput");
  assert.equal(refused(Array.from({ length: 5001 }, (_, i) => `a${i}`).join("&")), "MalformedInput");
});

test("lists keep their numbers' order, structures their members, and unknown parameters are ignored", () => {
  const schema = {
    Tags: is.list(is.structure({ Key: is.required(is.text({ max: 3 })), Value: is.text() }), 3),
    Names: is.list(is.text()),
    Count: is.integer(1, 9),
    Yes: is.flag,
    Mode: is.oneOf(["a", "b"]),
  } as const;
  const read = (text: string) => readInput(schema, Form.parse(text));
  assert.deepEqual(
    read(
      "Tags.member.10.Key=x&Tags.member.2.Key=y&Tags.member.2.Value=1&Names=&Count=3&Yes=TRUE&Mode=b&Other=1",
    ),
    {
      Tags: [
        { Key: "y", Value: "1" },
        { Key: "x", Value: undefined },
      ],
      Names: [],
      Count: 3,
      Yes: true,
      Mode: "b",
    },
  );
  assert.deepEqual(read(""), {
    Tags: undefined,
    Names: undefined,
    Count: undefined,
    Yes: undefined,
    Mode: undefined,
  });
  const fails = (text: string, pattern: RegExp) =>
    assert.throws(
      () => read(text),
      (error) => error instanceof ServiceError && pattern.test(`${error.code} ${error.message}`),
    );
  fails(
    "Tags.member.1.Value=1",
    /at 'tags\.1\.member\.key' failed to satisfy constraint: Member must not be null/,
  );
  fails("Tags.member.1.Key=long", /Value 'long' at 'tags\.1\.member\.key'/);
  fails("Count=10", /less than or equal to 9/);
  fails("Count=x", /MalformedInput/);
  fails("Yes=1", /MalformedInput/);
  fails("Mode=c", /enum value set: \[a, b\]/);
  fails("Tags.member.x.Key=1", /MalformedInput/);
  fails(`Mode=${"c".repeat(600)}`, /^ValidationError 1 validation error detected: Value at 'mode'/);
});
