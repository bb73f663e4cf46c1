/** The form's reader: any names and values come back; what two readers could take differently is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../base/errors.ts";
import { cpuMs } from "../../policy/testing.ts";
import { STS_OPERATIONS } from "../sts/index.ts";
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
    Names: is.list(is.text(), 9),
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

test("names inside a name are found whatever stands beside them", () => {
  const parts = fc.array(fc.constantFrom("a", "b", "A", "a-", "1", ""), { minLength: 1, maxLength: 4 });
  const names = fc.uniqueArray(
    parts.map((found) => found.join(".")),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(names, parts, (given, asked) => {
      const form = Form.parse(given.map((name) => `${encodeURIComponent(name)}=`).join("&"));
      const name = asked.join(".");
      assert.equal(
        form.hasInside(name),
        given.some((one) => one.startsWith(`${name}.`)),
      );
    }),
  );
});

test("a form of as many list entries as it may have costs what its length says", () => {
  const entries = (list: string, rest: string): string =>
    Array.from({ length: 4980 }, (_, i) => `${list}.member.${i + 1}.${rest}=`).join("&");
  const assume = STS_OPERATIONS.get("AssumeRoleWithWebIdentity");
  assert.ok(assume);
  const rest = "RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=ann&WebIdentityToken=token";
  const long = Form.parse(`${rest}&${entries("PolicyArns", "x")}`);
  const structures = { Tags: is.list(is.structure({ Key: is.text() }), 5000) };
  const within = Form.parse(entries("Tags", "Key"));
  const started = cpuMs();
  assert.throws(
    () => assume.prepare(long),
    (error) =>
      error instanceof ServiceError &&
      error.message ===
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10",
  );
  assert.equal(readInput(structures, within).Tags?.length, 4980);
  assert.ok(cpuMs() - started < 300, `${cpuMs() - started} ms`);
});
