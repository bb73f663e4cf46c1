/** A second, naive reading of spec access 4 and 5, compared with the evaluator on generated policies and requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide } from "./evaluate.ts";
import { parsePolicy } from "./parse.ts";
import type { Policy, PolicyKind } from "./policy.ts";
import type { Principal } from "./principal.ts";
import {
  ACCOUNT,
  ANONYMOUS,
  document,
  type JsonStatement,
  OTHER,
  OTHER_ROOT,
  ROOT,
  role,
  user,
} from "./testing.ts";

// --- the oracle: plain JSON, regular expressions, no compilation ---
type Ask = { who: Principal; action: string; resource: string; context: Record<string, string | string[]> };
type Plain = { statements: JsonStatement[]; version: string };
const list = (v: unknown): string[] => (Array.isArray(v) ? v : [v]).map(String);
const nameOf = (who: Principal): string | undefined => (who.kind === "user" ? who.name : undefined);
const lookup = (ask: Ask, key: string): string | string[] | undefined =>
  key === "aws:username" ? nameOf(ask.who) : ask.context[key];
/** A regular expression for a pattern; undefined when a variable has no single value. */
function regex(pattern: string, plain: Plain, ask: Ask, wild: boolean, star = ".*"): RegExp | undefined {
  let missing = false;
  // In a 2008 document `${` is plain text, and a star inside it a wildcard.
  const units = plain.version === "2012-10-17" ? /\$\{([^}]*)\}|[\s\S]/gu : /()[\s\S]/gu;
  const body = pattern.replace(units, (char, name: string | undefined) => {
    const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    if (name) {
      if (["*", "?", "$"].includes(name)) return quote(name);
      const [key = "", fallback] = name.split(", ");
      const value = lookup(ask, key.toLowerCase()) ?? fallback?.slice(1, -1);
      if (typeof value !== "string") missing = true;
      return quote(String(value));
    }
    return wild && char === "*" ? star : wild && char === "?" ? star.replace("*", "") : quote(char);
  });
  return missing ? undefined : new RegExp(`^${body}$`, "su");
}
function arnMatches(pattern: string, text: string, plain: Plain, ask: Ask): boolean {
  if (pattern === "*") return true;
  const parts = (s: string): string[] => s.split(/:(?![^{]*\})/);
  const [p, t] = [parts(pattern), text.split(":")];
  if (p.length < 6 || t.length < 6) return false;
  const pairs = [0, 1, 2, 3, 4].map((i) => [p[i], t[i]]);
  pairs.push([p.slice(5).join(":"), t.slice(5).join(":")]);
  return pairs.every(([a, b]) => regex(a ?? "", plain, ask, true)?.test(b ?? "") === true);
}
function valueMatches(operator: string, wanted: string, value: string, plain: Plain, ask: Ask): boolean {
  if (operator === "StringEquals") return regex(wanted, plain, ask, false)?.test(value) === true;
  if (operator === "StringLike") return regex(wanted, plain, ask, true)?.test(value) === true;
  if (operator === "ArnLike") return value.split(":").length >= 6 && arnMatches(wanted, value, plain, ask);
  if (operator === "NumericLessThan") return value !== "" && Number(value) < Number(wanted);
  if (operator === "Bool") return wanted.toLowerCase() === value.toLowerCase();
  throw new Error(operator);
}
function conditionHolds(name: string, key: string, wanted: string[], plain: Plain, ask: Ask): boolean {
  const value = lookup(ask, key.toLowerCase());
  const absent = value === undefined || (value.length === 0 && Array.isArray(value));
  if (name === "Null") return wanted.includes(String(absent));
  const [, set, base = "", suffix] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const negated = /Not/.test(base);
  if (absent) return suffix !== undefined || set === "ForAllValues" || (set === undefined && negated);
  const one = (v: string): boolean =>
    wanted.some((w) => valueMatches(base.replace("Not", ""), w, v, plain, ask)) !== negated;
  return set === "ForAllValues" ? list(value).every(one) : list(value).some(one);
}
/** 0 not named, 1 the account, 2 the role, 3 everyone, 4 the caller. */
function named(principal: unknown, who: Principal): number {
  if (principal === "*") return 3;
  const names = list((principal as { AWS: unknown }).AWS).map((p) => {
    if (p === "*") return 3;
    if ("account" in who && (p === who.account || p === `arn:aws:iam::${who.account}:root`)) return 1;
    if (who.kind === "role-session" && p === who.roleArn) return 2;
    return "arn" in who && p === who.arn ? 4 : 0;
  });
  return Math.max(...names);
}
function matches(s: JsonStatement, plain: Plain, ask: Ask): boolean {
  const any = (v: unknown, test: (p: string) => boolean): boolean => v !== undefined && list(v).some(test);
  const action = (p: string): boolean =>
    regex(p.toLowerCase(), { ...plain, version: "" }, ask, true)?.test(ask.action.toLowerCase()) === true;
  const resource = (p: string): boolean => arnMatches(p, ask.resource, plain, ask);
  const unset = (p: string): boolean => s["Effect"] === "Allow" && regex(p, plain, ask, true) === undefined;
  if (s["Action"] === undefined ? any(s["NotAction"], action) : !any(s["Action"], action)) return false;
  if (s["Resource"] !== undefined && !any(s["Resource"], resource)) return false;
  if (any(s["NotResource"], resource) || any(s["NotResource"], unset)) return false;
  return Object.entries((s["Condition"] ?? {}) as Record<string, Record<string, unknown>>).every(([n, b]) =>
    Object.entries(b).every(([k, v]) => conditionHolds(n, k, list(v), plain, ask)),
  );
}
function strength(plain: Plain | undefined, effect: string, ask: Ask, onResource: boolean): number {
  if (plain === undefined) return 0;
  const matching = plain.statements.filter((s) => s["Effect"] === effect && matches(s, plain, ask));
  return Math.max(0, ...matching.map((s) => (onResource ? named(s["Principal"], ask.who) : 4)));
}
type Set4 = { identity: Plain } & Record<"boundary" | "session" | "bucket", Plain | undefined>;
function oracle(ask: Ask, set: Set4): string {
  const own = [set.identity, set.boundary, set.session].filter((p) => p !== undefined);
  const denied = own.some((p) => strength(p, "Deny", ask, false) > 0);
  if (denied || strength(set.bucket, "Deny", ask, true) > 0) return "explicit-deny";
  const limits = own.slice(1).every((p) => strength(p, "Allow", ask, false) > 0);
  const mine = strength(set.identity, "Allow", ask, false) > 0 && limits;
  const reach = strength(set.bucket, "Allow", ask, true);
  const account = "account" in ask.who ? ask.who.account : undefined;
  const same = mine || reach >= 3 || (reach === 2 && limits);
  const outside = account === undefined ? reach >= 3 : reach > 0 && (mine || ask.who.kind === "root");
  return (account === ACCOUNT ? ask.who.kind === "root" || same : outside) ? "allow" : "implicit-deny";
}
// --- generators ---
const principals = [
  ROOT,
  OTHER_ROOT,
  ANONYMOUS,
  user("ann"),
  user("bob", OTHER),
  role("app"),
  role("app", OTHER),
];
const oneOrMore = (values: readonly string[]): fc.Arbitrary<string | string[]> =>
  fc.oneof(
    fc.constantFrom(...values),
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
  );
const VALUES = [
  "a",
  "A",
  "ab",
  "*",
  "a*",
  "?b",
  "",
  "${aws:username}",
  "${x:k1}",
  "${x:none, 'ab'}",
  "${*}",
  "12",
];
const KEYS = ["x:k1", "X:K2", "x:tags"];
const ARNS = [
  "arn:aws:s3:::b/*",
  "arn:aws:s3:::b",
  "arn:aws:s3:::b*",
  "arn:aws:s3:::b/${aws:username}/?",
  "arn:*:s3:::*",
  "*",
  "arn:aws:s3:::b/*/k:*",
];
const texts = [
  ...["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"].map((name) => ({
    name,
    values: VALUES,
  })),
  ...["ArnLike", "ArnNotLike"].map((name) => ({ name, values: [...ARNS, "a:b"] })),
  { name: "NumericLessThan", values: ["12", "3"] },
  { name: "Bool", values: ["true", "false"] },
];
const block = fc.constantFrom(...texts).chain(({ name, values }) =>
  fc.record({
    name: fc.constantFrom(name, `${name}IfExists`, `ForAllValues:${name}`, `ForAnyValue:${name}`),
    key: fc.constantFrom(...KEYS),
    values: oneOrMore(values),
  }),
);
const nullBlock = fc.record({
  name: fc.constant("Null"),
  key: fc.constantFrom(...KEYS),
  values: fc.constantFrom("true", "false"),
});
const conditions = fc
  .array(fc.oneof({ weight: 4, arbitrary: block }, { weight: 1, arbitrary: nullBlock }), { maxLength: 2 })
  .map((blocks) => Object.fromEntries(blocks.map((b) => [b.name, { [b.key]: b.values }])));
const actions = oneOrMore(["s3:GetObject", "s3:Get*", "s3:*", "*", "S3:PUTOBJECT", "s3:?etObject"]);
const awsNames = oneOrMore([
  "*",
  ACCOUNT,
  OTHER,
  ...principals.flatMap((p) => ("arn" in p ? [p.kind === "role-session" ? p.roleArn : p.arn, p.arn] : [])),
]);
const statement = (onResource: boolean): fc.Arbitrary<JsonStatement> =>
  fc
    .record({
      effect: fc.constantFrom("Allow", "Allow", "Allow", "Deny"),
      action: fc.tuple(fc.constantFrom("Action", "Action", "Action", "NotAction"), actions),
      resource: fc.tuple(fc.constantFrom("Resource", "Resource", "Resource", "NotResource"), oneOrMore(ARNS)),
      condition: conditions,
      principal: fc.oneof(
        fc.constant("*"),
        awsNames.map((AWS) => ({ AWS })),
      ),
    })
    .map((s) => ({
      Effect: s.effect,
      [s.action[0]]: s.action[1],
      [s.resource[0]]: s.resource[1],
      Condition: s.condition,
      ...(onResource ? { Principal: s.principal } : {}),
    }));
const plain = (onResource: boolean): fc.Arbitrary<Plain> =>
  fc.record({
    statements: fc.array(statement(onResource), { minLength: 1, maxLength: 3 }),
    version: fc.constantFrom("2012-10-17", "2012-10-17", "2008-10-17"),
  });
const asks: fc.Arbitrary<Ask> = fc.record({
  who: fc.constantFrom<Principal>(...principals),
  action: fc.constantFrom("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
  resource: fc.constantFrom(
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/ann/k",
    "arn:aws:s3:::b/*/k:x",
    "arn:aws:s3:::c/k",
  ),
  context: fc.dictionary(
    fc.constantFrom("x:k1", "x:k2", "x:tags"),
    fc.oneof(
      fc.constantFrom("a", "A", "ab", "*", "", "5", "true", "ann", "arn:aws:s3:::b/ann/k"),
      fc.array(fc.constantFrom("a", "ab", "*", "${x:k1}"), { maxLength: 3 }),
    ),
  ),
});
const sets: fc.Arbitrary<Set4> = fc.record({
  identity: plain(false),
  boundary: fc.option(plain(false), { nil: undefined, freq: 2 }),
  session: fc.option(plain(false), { nil: undefined, freq: 2 }),
  bucket: fc.option(plain(true), { nil: undefined, freq: 3 }),
});

// Generated bucket policies ignore PutBucketPolicy's rules, so the resource side is parsed as a key policy.
const compile = (p: Plain, kind: PolicyKind): Policy => {
  const result = parsePolicy(document(p.statements, p.version), kind);
  assert.ok(result.ok, JSON.stringify(p));
  return result.policy;
};

test("the evaluator and the oracle agree", () => {
  const seen = { allow: 0, "explicit-deny": 0, "implicit-deny": 0 };
  fc.assert(
    fc.property(asks, sets, (ask, set) => {
      const isRoot = ask.who.kind === "root" || ask.who.kind === "anonymous";
      const used: Set4 = isRoot
        ? {
            ...set,
            identity: { statements: [], version: "2012-10-17" },
            boundary: undefined,
            session: undefined,
          }
        : set;
      const decision = decide({
        principal: ask.who,
        action: ask.action,
        resource: ask.resource,
        resourceAccount: ACCOUNT,
        context: new Map(Object.entries(ask.context)),
        policies: {
          identity: isRoot ? [] : [compile(used.identity, "identity")],
          boundary: used.boundary && compile(used.boundary, "boundary"),
          session: used.session && [compile(used.session, "session")],
          resource: used.bucket && compile(used.bucket, "key"),
        },
      });
      seen[decision.effect]++;
      assert.equal(decision.effect, oracle(ask, used));
    }),
    { numRuns: 4000 },
  );
  // The generators are worth something only while all three answers are common.
  for (const count of Object.values(seen)) assert.ok(count > 300, JSON.stringify(seen));
});

test("properties: a Deny never helps, an Allow in an identity policy never hurts", () => {
  const compileAll = (list: readonly Plain[]): Policy[] => list.map((p) => compile(p, "identity"));
  fc.assert(
    fc.property(asks, plain(false), plain(false), (ask, base, extra) => {
      fc.pre(ask.who.kind === "user");
      const effect = (list: readonly Plain[]): string =>
        decide({
          principal: ask.who,
          action: ask.action,
          resource: ask.resource,
          resourceAccount: ACCOUNT,
          context: new Map(Object.entries(ask.context)),
          policies: { identity: compileAll(list) },
        }).effect;
      const of = (wanted: string): Plain => ({
        ...extra,
        statements: extra.statements.filter((s) => s["Effect"] === wanted),
      });
      const before = effect([base]);
      if (of("Deny").statements.length > 0 && before !== "allow")
        assert.notEqual(effect([base, of("Deny")]), "allow");
      if (of("Allow").statements.length > 0 && before === "allow")
        assert.equal(effect([base, of("Allow")]), "allow");
      assert.equal(effect([base, base]), before);
    }),
    { numRuns: 1500 },
  );
});
