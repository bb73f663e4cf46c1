import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "./evaluate.ts";
import { allows, identity, type Json, request, user } from "./testing.ts";

type Context = Record<string, string | readonly string[]>;
/** Whether an Allow under this condition applies. */
function applies(condition: Json, context: Context, resource = "*"): boolean {
  const policies = { identity: [identity(allows("s3:GetObject", resource, { Condition: condition }))] };
  const principal = user("ann", undefined, { team: "red", odd: "*" });
  return decide(request({ principal, action: "s3:GetObject", context, policies })).effect === "allow";
}
const check = (
  operator: string,
  value: Json,
  given: string | readonly string[] | undefined,
  expected: boolean,
): void =>
  assert.equal(
    applies({ [operator]: { "x:k": value } }, given === undefined ? {} : { "x:k": given }),
    expected,
    `${operator} ${JSON.stringify(value)} given ${JSON.stringify(given)}`,
  );

test("operators on a present key (access 4.3)", () => {
  const rows: [string, Json, string, boolean][] = [
    ["StringEquals", "a", "a", true],
    ["StringEquals", "a", "A", false],
    ["StringEquals", ["a", "b"], "b", true],
    ["StringEquals", "a*", "ab", false],
    ["StringEquals", true, "true", true],
    ["StringEquals", 12, "12", true],
    ["StringNotEquals", ["a", "b"], "b", false],
    ["StringNotEquals", ["a", "b"], "c", true],
    ["StringEqualsIgnoreCase", "aB", "Ab", true],
    ["StringNotEqualsIgnoreCase", "aB", "Ab", false],
    ["StringLike", "a*c?", "abbcd", true],
    ["StringLike", "a*", "A", false],
    ["StringNotLike", "a*", "ab", false],
    ["NumericEquals", "1.20", "1.2", true],
    ["NumericEquals", 5, "5", true],
    ["NumericEquals", "5", "five", false],
    ["NumericNotEquals", "5", "6", true],
    ["NumericLessThan", "1.2", "1.1", true],
    ["NumericLessThan", "1.2", "1.2", false],
    ["NumericLessThanEquals", "10", "9", true],
    ["NumericGreaterThan", "10", "9", false],
    ["NumericGreaterThanEquals", "10", "10", true],
    ["NumericGreaterThan", "10", "0x20", false],
    ["DateEquals", "2026-01-02T03:04:05Z", "1767323045", true],
    ["DateLessThan", "2026-01-02", "2026-01-01T23:59:59Z", true],
    ["DateGreaterThan", "2026-01-02T00:00:00+01:00", "2026-01-01T23:00:01Z", true],
    ["DateGreaterThanEquals", "2026", "2026-01-01T00:00:00Z", true],
    ["DateLessThanEquals", "2026-01-01T00:00:00Z", "soon", false],
    ["DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", true],
    ["Bool", "true", "TRUE", true],
    ["Bool", false, "false", true],
    ["Bool", "false", "no", false],
    ["BinaryEquals", "QmluYXJ5", "QmluYXJ5", true],
    ["BinaryEquals", "QmluYXJ5", "QmluYXJ6", false],
    ["IpAddress", "203.0.113.0/24", "203.0.113.200", true],
    ["IpAddress", "203.0.113.0/24", "203.0.114.1", false],
    ["IpAddress", "203.0.113.7", "203.0.113.7", true],
    ["IpAddress", "203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["IpAddress", "0.0.0.0/0", "2001:db8::1", false],
    ["IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:9::1", true],
    ["IpAddress", ["2001:db8::/33", "10.0.0.0/9"], "10.127.0.1", true],
    ["IpAddress", "10.0.0.0/9", "10.128.0.1", false],
    ["NotIpAddress", "10.0.0.0/8", "11.0.0.1", true],
    ["IpAddress", "10.0.0.0/8", "nonsense", false],
    ["ArnEquals", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", true],
    ["ArnLike", "arn:aws:iam::*:role/x/*", "arn:aws:iam::111122223333:role/x/y/z", true],
    ["ArnLike", "arn:aws:iam::1*:role/x", "arn:aws:iam::1:z:role/x", false],
    ["ArnLike", "*", "arn:aws:iam::1:root", true],
    ["ArnLike", "*", "not an arn", false],
    ["ArnNotLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", false],
    ["ArnNotEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/y", true],
    ["Null", "true", "v", false],
    ["Null", "false", "v", true],
    ["Null", false, "", true],
  ];
  for (const row of rows) check(...row);
});

test("an absent key: positive false, negated true, IfExists true (access 4.3)", () => {
  const samples: Record<string, string> = {
    StringEquals: "a",
    StringEqualsIgnoreCase: "a",
    StringLike: "*",
    NumericEquals: "1",
    NumericLessThan: "1",
    NumericLessThanEquals: "1",
    NumericGreaterThan: "1",
    NumericGreaterThanEquals: "1",
    DateEquals: "2026",
    DateLessThan: "2026",
    DateGreaterThan: "2026",
    Bool: "false",
    BinaryEquals: "AA==",
    IpAddress: "0.0.0.0/0",
    ArnEquals: "*",
    ArnLike: "*",
  };
  const negations: Record<string, string> = {
    StringNotEquals: "a",
    StringNotEqualsIgnoreCase: "a",
    StringNotLike: "*",
    NumericNotEquals: "1",
    DateNotEquals: "2026",
    NotIpAddress: "0.0.0.0/0",
    ArnNotEquals: "*",
    ArnNotLike: "*",
  };
  for (const [operators, expected] of [
    [samples, false],
    [negations, true],
  ] as const) {
    for (const [operator, value] of Object.entries(operators)) {
      check(operator, value, undefined, expected);
      check(operator, value, [], expected);
      check(`${operator}IfExists`, value, undefined, true);
      check(`ForAllValues:${operator}`, value, undefined, true);
      check(`ForAllValues:${operator}`, value, [], true);
      check(`ForAnyValue:${operator}`, value, undefined, false);
      check(`ForAnyValue:${operator}`, value, [], false);
    }
  }
  check("Null", "true", undefined, true);
  check("Null", "false", undefined, false);
  check("Null", "true", [], true);
});

test("IfExists evaluates a key that is there", () => {
  check("StringEqualsIfExists", "a", "b", false);
  check("StringNotEqualsIfExists", "a", "a", false);
  check("ArnNotEqualsIfExists", "arn:aws:kms:r:1:key/1", "arn:aws:kms:r:1:key/2", true);
});

test("set qualifiers", () => {
  check("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true);
  check("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false);
  check("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], true);
  check("ForAnyValue:StringEquals", ["a", "b"], ["c"], false);
  check("ForAllValues:StringNotEquals", ["a"], ["b", "c"], true);
  check("ForAllValues:StringNotEquals", ["a"], ["a", "c"], false);
  check("ForAnyValue:StringNotEquals", ["a"], ["a", "c"], true);
  check("ForAnyValue:StringNotEquals", ["a"], ["a"], false);
  check("ForAnyValue:StringLike", "b*", "bc", true);
  // Several values without a qualifier are read as ForAnyValue.
  check("StringEquals", "a", ["a", "b"], true);
});

test("operators and keys of one block are ANDed; key names ignore case", () => {
  const condition = { StringEquals: { "X:A": "1", "x:b": "2" }, Bool: { "x:C": "true" } };
  assert.ok(applies(condition, { "x:a": "1", "x:b": "2", "x:c": "true" }));
  assert.ok(!applies(condition, { "x:a": "1", "x:b": "2", "x:c": "false" }));
  assert.ok(!applies(condition, { "x:a": "1", "x:c": "true" }));
});

test("policy variables (access 4.4)", () => {
  const like = (value: string, given: string, context: Context = {}): boolean =>
    applies({ StringLike: { "x:k": value } }, { "x:k": given, ...context });
  assert.ok(like("${aws:username}/*", "ann/1"));
  assert.ok(!like("${aws:username}/*", "bob/1"));
  assert.ok(like("${aws:PrincipalTag/team}", "red"));
  assert.ok(like("${AWS:PRINCIPALTAG/TEAM}", "red"));
  assert.ok(!like("${aws:PrincipalTag/none}", ""));
  assert.ok(like("${aws:PrincipalTag/none, 'dflt'}", "dflt"));
  assert.ok(like("a${*}b", "a*b"));
  assert.ok(!like("a${*}b", "axb"));
  assert.ok(like("${$}{x}${?}", "${x}?"));
  // Substituted text is literal, also when it is a star.
  assert.ok(like("${aws:PrincipalTag/odd}", "*"));
  assert.ok(!like("${aws:PrincipalTag/odd}", "anything"));
  // Several values can't be a variable.
  assert.ok(!like("${x:m}", "a", { "x:m": ["a"] }));
  // An element with a variable that has no value matches nothing; the negated operator then holds.
  assert.ok(applies({ StringNotEquals: { "x:k": "${x:none}" } }, { "x:k": "v" }));
  assert.ok(applies({ StringEquals: { "x:k": ["${x:none}", "v"] } }, { "x:k": "v" }));
  assert.ok(
    applies(
      { ArnLike: { "x:k": "arn:aws:iam::${aws:PrincipalAccount}:role/*" } },
      { "x:k": "arn:aws:iam::111122223333:role/r" },
    ),
  );
  assert.ok(
    applies({ ArnEquals: { "x:k": "${aws:PrincipalArn}" } }, { "x:k": "arn:aws:iam::111122223333:user/ann" }),
  );
});

test("variables in resources", () => {
  const on = (resource: string, asked: string): boolean => {
    const policies = { identity: [identity(allows("s3:GetObject", resource))] };
    const principal = user("ann", undefined, { odd: "*" });
    return (
      decide(request({ principal, action: "s3:GetObject", resource: asked, policies })).effect === "allow"
    );
  };
  assert.ok(on("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ann/x"));
  assert.ok(!on("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x"));
  assert.ok(on("arn:aws:s3:::b/${aws:PrincipalTag/odd}/*", "arn:aws:s3:::b/*/x"));
  assert.ok(!on("arn:aws:s3:::b/${aws:PrincipalTag/odd}/*", "arn:aws:s3:::b/bob/x"));
  assert.ok(!on("arn:aws:s3:::b/${aws:sourceidentity}/*", "arn:aws:s3:::b//x"));
});

test("the caller's context can't stand in for what the evaluator knows", () => {
  assert.ok(!applies({ StringEquals: { "aws:username": "bob" } }, { "aws:username": "bob" }));
  assert.ok(
    !applies({ StringEquals: { "aws:PrincipalTag/admin": "yes" } }, { "aws:principaltag/admin": "yes" }),
  );
});
