/**
 * Policies made to cost: the largest and the worst that are accepted, and what is refused, each within a bound of time.
 * The bounds are far above what a quiet machine needs (a few milliseconds) and far below what would hold a server up.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { IDENTITY_POLICY_BYTES_MAX, POLICY_STATEMENTS_MAX, POLICY_VALUES_MAX } from "../base/limits.ts";
import { decide, decideKeyAccess, type Policy, type PolicyKind, parsePolicy } from "./index.ts";
import { cpuMs } from "./testing.ts";

const PARSE_MS_MAX = 500;
const DECIDE_MS_MAX = 500;
const ACCOUNT = "111122223333";
const KINDS: readonly PolicyKind[] = ["identity", "session", "bucket", "key", "trust"];

function timed<T>(what: string, max: number, work: () => T): T {
  const started = cpuMs();
  const result = work();
  const took = cpuMs() - started;
  assert.ok(took < max, `${what}: ${took.toFixed(0)} ms`);
  return result;
}

const fill = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(",");
const document = (statements: string): string => `{"Version":"2012-10-17","Statement":[${statements}]}`;
const size = IDENTITY_POLICY_BYTES_MAX;

/** What a parser may choke on, each as large as any document may be. */
const TEXTS: Readonly<Record<string, string>> = {
  "open brackets": `{"Statement":${"[".repeat(size - 20)}`,
  "open braces": '{"a":'.repeat(size / 5 - 5),
  "nested objects": `${'{"a":'.repeat(size / 6 - 5)}1${"}".repeat(size / 6 - 5)}`,
  "a string without an end": `{"Id":"${"x".repeat(size - 20)}`,
  "a string of escapes": `{"Id":"${"\\u0041".repeat(size / 6 - 10)}"}`,
  "escapes without an end": `{"Id":"${"\\".repeat(size - 20)}`,
  spaces: " ".repeat(size),
  "a number of digits": `{"Id":${"9".repeat(size - 20)}}`,
  "members of one name": `{${fill(size / 8, () => '"a":1')}}`,
  "members of many names": `{${fill(size / 16, (i) => `"${i}x":1`)}}`,
  "empty statements": document(fill(size / 4, () => "{}")),
  "very many statements": document(fill(POLICY_STATEMENTS_MAX * 3, () => '{"Effect":"Allow"}')),
  "nested lists of actions": document(
    `{"Effect":"Allow","Action":${"[".repeat(9)}${"]".repeat(9)},"Resource":"*"}`,
  ),
  "one action of wildcards": document(
    `{"Effect":"Allow","Action":"s3:${"*a".repeat(size / 2 - 60)}","Resource":"*"}`,
  ),
  "a resource of variables": document(
    `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${"${aws:username}".repeat(size / 15 - 20)}"}`,
  ),
  "a variable without an end": document(
    `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${"${".repeat(size / 2 - 60)}"}`,
  ),
  principals: document(
    `{"Effect":"Allow","Principal":{"AWS":[${fill(2500, (i) => `"arn:aws:iam::${ACCOUNT}:user/u${i}"`)}]},"Action":"s3:*","Resource":"*"}`,
  ),
  operators: document(
    `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{${fill(3000, (i) => `"StringLike${i}":{}`)}}}`,
  ),
  addresses: document(
    `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":[${fill(4000, () => `"${":".repeat(20)}/128"`)}]}}}`,
  ),
  dates: document(
    `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":[${fill(4000, () => '"2026-11-26T00:00:00Z"')}]}}}`,
  ),
};

for (const [what, text] of Object.entries(TEXTS))
  test(`parsing is bounded: ${what}`, () => {
    for (const kind of KINDS)
      timed(`${what}, ${kind}`, PARSE_MS_MAX, () => parsePolicy(text.slice(0, size), kind, { bucket: "b" }));
  });

const principal = {
  kind: "user",
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
  id: "AIDAANN00000000000000",
  name: "ann",
} as const;

function accepted(kind: PolicyKind, statements: string): Policy {
  const parsed = parsePolicy(document(statements), kind, { bucket: "b" });
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.failure.message);
  return parsed.policy;
}

/** Ten managed policies, inline ones, groups': as many as one caller may have, all hard to match. */
function* WORST(): Generator<readonly [string, readonly Policy[]]> {
  const stars = "*a".repeat(60);
  yield [
    "wildcards in actions",
    Array.from({ length: 20 }, () =>
      accepted(
        "identity",
        fill(POLICY_STATEMENTS_MAX, () => `{"Effect":"Deny","Action":"s3:${stars}b","Resource":"*"}`),
      ),
    ),
  ];
  yield [
    "wildcards in resources",
    Array.from({ length: 20 }, () =>
      accepted(
        "identity",
        fill(400, () => `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${stars}b"}`),
      ),
    ),
  ];
  yield [
    "wildcards in conditions",
    Array.from({ length: 20 }, () =>
      accepted(
        "identity",
        `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:UserAgent":[${fill(700, () => `"${stars}b"`)}]}}}`,
      ),
    ),
  ];
  yield [
    "as many values as there may be",
    Array.from({ length: 20 }, () =>
      accepted(
        "identity",
        `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:UserAgent":[${fill(POLICY_VALUES_MAX - 5, (i) => `"${i}"`)}]}}}`,
      ),
    ),
  ];
}

test("a text of variables, and a set of values, count for as much as they make a decision look at", () => {
  const variables = accepted(
    "identity",
    `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:UserAgent":"${"${aws:Referer}".repeat(8000)}"}}}`,
  );
  const set = accepted(
    "identity",
    `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:NumericLessThan":{"aws:TagKeys":[${fill(4900, (i) => `"-${i}"`)}]}}}`,
  );
  const actions = accepted(
    "identity",
    `{"Effect":"Allow","Action":[${fill(4000, () => `"s3:*${"?".repeat(17)}b*"`)}],"Resource":"*"}`,
  );
  const question = { principal, resource: "*", resourceAccount: ACCOUNT };
  const rows = [
    [variables, "s3:GetObject", new Map([["aws:referer", "x".repeat(20_000)]])],
    [set, "s3:GetObject", new Map([["aws:tagkeys", Array.from({ length: 1000 }, (_, i) => `${i}`)]])],
    [actions, `s3:${"a".repeat(120)}`, new Map()],
  ] as const;
  for (const [policy, action, values] of rows) {
    const context = new Map<string, string | readonly string[]>([["aws:useragent", "x"], ...values]);
    const decision = timed(policy.name, DECIDE_MS_MAX, () =>
      decide({ ...question, action, context, policies: { identity: [policy] } }),
    );
    assert.ok(decision.effect === "implicit-deny" && decision.missing === "error");
  }
});

test("decisions of one request share what they may cost", () => {
  const policy = accepted("identity", '{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/*k"}');
  const steps = { left: 200 };
  const request = {
    principal,
    action: "s3:GetObject",
    resource: "arn:aws:s3:::b/k",
    resourceAccount: ACCOUNT,
    context: new Map(),
    policies: { identity: [policy] },
  };
  const effects = Array.from({ length: 20 }, () => decide({ ...request, steps }).effect);
  assert.deepEqual([...new Set(effects)], ["allow", "implicit-deny"]);
  assert.ok(steps.left < 0);
  assert.equal(decide(request).effect, "allow");
});

test("a decision is bounded, and denies where it would go on", () => {
  const agent = "a".repeat(15_000);
  const key = `arn:aws:s3:::b/${"a".repeat(1024)}`;
  for (const [what, identity] of WORST()) {
    const context = new Map([["aws:useragent", agent]]);
    const request = {
      principal,
      action: `s3:GetObject`,
      resource: key,
      resourceAccount: ACCOUNT,
      context,
      policies: {
        identity: [...identity, accepted("identity", '{"Effect":"Allow","Action":"*","Resource":"*"}')],
      },
    };
    const decision = timed(what, DECIDE_MS_MAX, () => decide(request));
    // Either nothing matched in time, and the Allow counts, or the question was given up and nobody is let in.
    assert.ok(
      decision.effect === "allow" || (decision.effect === "implicit-deny" && decision.missing === "error"),
    );
    const onKey = {
      ...request,
      action: "kms:Decrypt",
      resource: `arn:aws:kms:us-east-1:${ACCOUNT}:key/x`,
      grants: [],
    };
    assert.equal(timed(what, DECIDE_MS_MAX, () => decideKeyAccess(onKey)).effect, "implicit-deny");
  }
});
