import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arnTail, matchArn, parseArnPattern } from "./arn.ts";
import { compileGlob, EvaluationLimitError, matchGlob, wildcardTokens } from "./glob.ts";
import { cpuMs } from "./testing.ts";

const glob = (pattern: string, text: string, left = 1e9): boolean =>
  matchGlob(compileGlob(wildcardTokens(pattern)), text, { left });

/** The definition, by code points, exponential and obviously right. */
function naive(pattern: readonly string[], text: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === "*") return naive(rest, text) || (text.length > 0 && naive(pattern, text.slice(1)));
  return text.length > 0 && (head === "?" || head === text[0]) && naive(rest, text.slice(1));
}

test("matches as defined", () => {
  const letters = fc.constantFrom("a", "b", "é", "😀", "*", "?");
  fc.assert(
    fc.property(
      fc.array(letters, { maxLength: 8 }),
      fc.array(letters, { maxLength: 10 }),
      (pattern, text) => {
        assert.equal(glob(pattern.join(""), text.join("")), naive(pattern, text));
      },
    ),
    { numRuns: 5000 },
  );
});

test("long pieces between stars match as short ones do", () => {
  const long = "abcdefghijklmnopqrstuvwxyz";
  assert.ok(glob(`*${long}*`, `xx${long}yy`));
  assert.ok(glob(`*${long}*${long}*`, `${long}-${long}`));
  assert.ok(!glob(`*${long}*${long}*`, `${long.slice(1)}${long}`));
  assert.ok(glob(`a*${"b".repeat(20)}?*c`, `a${"b".repeat(30)}c`));
});

test("pathological patterns cost bounded work, then throw", () => {
  const text = "a".repeat(32_000);
  const started = cpuMs();
  assert.ok(!glob(`${"*a".repeat(500)}*b`, text));
  for (const piece of ["?".repeat(1000), `${"a".repeat(1000)}`]) {
    assert.throws(() => glob(`*${piece}b*`, text, 4_000_000), EvaluationLimitError);
  }
  assert.ok(cpuMs() - started < 1000);
});

test("every character that is looked at counts, matched or not", () => {
  const used = (pattern: string, text: string): number => {
    const meter = { left: 1e9 };
    matchGlob(compileGlob(wildcardTokens(pattern)), text, meter);
    return 1e9 - meter.left;
  };
  const ones = "?".repeat(1000);
  for (const [pattern, text] of [
    [ones, "a".repeat(999)],
    [`${ones}b`, "a".repeat(1001)],
    [`*b${ones}`, "a".repeat(1500)],
    [`*${ones}`, "a".repeat(999)],
  ] as const)
    assert.ok(used(pattern, text) >= 999, `${pattern.slice(0, 4)}: ${used(pattern, text)}`);
  assert.ok(used("plain", "text") > 0);
});

const arn = (pattern: string, text: string): boolean => {
  const parsed = parseArnPattern(pattern, { variables: false, variablesInHead: false });
  assert.ok(parsed, pattern);
  return matchArn(parsed, text, arnTail(text), { value: () => undefined, meter: { left: 1e6 } });
};

test("ARN patterns keep to their parts (access 4.2)", () => {
  for (const [pattern, text, expected] of [
    ["arn:aws:s3:::b/*", "arn:aws:s3:::b/k", true],
    ["arn:aws:s3:::b/*", "arn:aws:s3:::b/", true],
    ["arn:aws:s3:::b/*", "arn:aws:s3:::b", false],
    ["arn:aws:s3:::b*", "arn:aws:s3:::b", true],
    ["arn:aws:s3:::b*", "arn:aws:s3:::bb/deep/er:x", true],
    ["arn:aws:s3:::B", "arn:aws:s3:::b", false],
    ["arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/*.txt", true],
    ["*", "*", true],
    ["arn:aws:s3:::*", "*", false],
    ["arn:*:s3:::b", "arn:aws:s3:::b", true],
    ["arn:aws:*:::b", "arn:aws:s3:x::b", false],
    ["arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:key/1", true],
    ["arn:aws:kms:*:key/*:x:y", "arn:aws:kms:eu-west-1:111122223333:key/1", false],
    ["arn:aws:*:*:*:*", "arn:aws:kms:eu-west-1:111122223333:key/1:2/3", true],
  ] as const) {
    assert.equal(arn(pattern, text), expected, `${pattern} ${text}`);
  }
  assert.equal(parseArnPattern("arn:aws:s3:*", { variables: true, variablesInHead: false }), undefined);
  assert.equal(
    parseArnPattern("arn:aws:s3::${aws:x}:b", { variables: true, variablesInHead: false }),
    undefined,
  );
});
