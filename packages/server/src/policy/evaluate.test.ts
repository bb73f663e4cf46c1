import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "./decision.ts";
import { s3DenialText } from "./denial-text.ts";
import { decide, decideAll, ownerOnly } from "./evaluate.ts";
import { parsePolicy } from "./parse.ts";
import type { Policy } from "./policy.ts";
import {
  ACCOUNT,
  type Asked,
  ANONYMOUS,
  allows,
  cpuMs,
  denies,
  document,
  identity,
  type Json,
  type JsonStatement,
  OTHER,
  OTHER_ROOT,
  parsed,
  policy,
  ROOT,
  request,
  role,
  user,
} from "./testing.ts";
import { decideAssumeRole } from "./trust.ts";

const ANN = user("ann");
const APP = role("app");
const BOB = user("bob", OTHER);
const bucket = (principal: Json, more: JsonStatement = {}): Policy =>
  policy("bucket", [{ ...allows("s3:GetObject", "arn:aws:s3:::b/*"), Principal: principal, ...more }], {
    bucket: "b",
  });
const ask = (asked: Omit<Asked, "action">): Decision => decide(request({ action: "s3:GetObject", ...asked }));
/** `allow`, `deny`, or what is missing. */
const brief = (decision: Decision): string =>
  decision.effect === "implicit-deny" ? decision.missing : decision.effect === "allow" ? "allow" : "deny";

const READ = identity(allows("s3:GetObject", "arn:aws:s3:::b/*"));
const NONE = identity(allows("iam:ListUsers"));

test("actions and resources: Not elements, case, wildcards (access 4.2)", () => {
  const rows: [JsonStatement, string, string][] = [
    [allows("s3:getOBJECT"), "s3:GetObject", "allow"],
    [allows("s3:Get*"), "s3:GetObjectAcl", "allow"],
    [allows("s3:GetObject?"), "s3:GetObject", "identity"],
    [allows("*"), "kms:Decrypt", "allow"],
    [allows("*:*"), "kms:Decrypt", "allow"],
    [{ Effect: "Allow", NotAction: "s3:Put*", Resource: "*" }, "iam:CreateUser", "allow"],
    [{ Effect: "Allow", NotAction: ["s3:Put*", "iam:*"], Resource: "*" }, "iam:CreateUser", "identity"],
    [{ Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::b/k" }, "s3:GetObject", "identity"],
    [{ Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::b/j" }, "s3:GetObject", "allow"],
    [allows("s3:ListObjects"), "s3:ListBucket", "identity"],
  ];
  for (const [statement, action, expected] of rows) {
    const decision = decide(
      request({ principal: ANN, action, policies: { identity: [identity(statement)] } }),
    );
    assert.equal(brief(decision), expected, JSON.stringify(statement));
  }
});

test("same account (access 5.4)", () => {
  const session = (...policies: Policy[]): readonly Policy[] => policies;
  const arn = (p: { arn: string }): Json => ({ AWS: p.arn });
  const roleArn = { AWS: APP.roleArn };
  const rows: [string, Omit<Asked, "action">, string][] = [
    ["nothing", { principal: ANN }, "identity"],
    ["identity", { principal: ANN, policies: { identity: [NONE, READ] } }, "allow"],
    ["boundary lacks", { principal: ANN, policies: { identity: [READ], boundary: NONE } }, "boundary"],
    ["boundary allows", { principal: ANN, policies: { identity: [READ], boundary: READ } }, "allow"],
    ["boundary alone", { principal: ANN, policies: { boundary: READ } }, "identity"],
    ["session lacks", { principal: APP, policies: { identity: [READ], session: session(NONE) } }, "session"],
    ["session empty", { principal: APP, policies: { identity: [READ], session: [] } }, "session"],
    [
      "session union",
      { principal: APP, policies: { identity: [READ], session: session(NONE, READ) } },
      "allow",
    ],
    ["user ARN", { principal: ANN, policies: { resource: bucket(arn(ANN)) } }, "allow"],
    [
      "user ARN, boundary",
      { principal: ANN, policies: { resource: bucket(arn(ANN)), boundary: NONE } },
      "allow",
    ],
    ["role ARN", { principal: APP, policies: { resource: bucket(roleArn) } }, "allow"],
    [
      "role ARN, boundary",
      { principal: APP, policies: { resource: bucket(roleArn), boundary: NONE } },
      "boundary",
    ],
    [
      "role ARN, session",
      { principal: APP, policies: { resource: bucket(roleArn), session: session(NONE) } },
      "session",
    ],
    [
      "session ARN",
      { principal: APP, policies: { resource: bucket(arn(APP)), session: session(NONE), boundary: NONE } },
      "allow",
    ],
    ["everyone", { principal: ANN, policies: { resource: bucket("*") } }, "allow"],
    ["everyone as AWS", { principal: ANN, policies: { resource: bucket({ AWS: "*" }) } }, "allow"],
    [
      "account only delegates",
      { principal: ANN, policies: { resource: bucket({ AWS: ACCOUNT }) } },
      "identity",
    ],
    [
      "account + identity",
      { principal: ANN, policies: { resource: bucket({ AWS: ROOT.arn }), identity: [READ] } },
      "allow",
    ],
    ["other user", { principal: ANN, policies: { resource: bucket(arn(user("eve"))) } }, "identity"],
    ["root", { principal: ROOT }, "allow"],
    ["guard rail lacks", { principal: ROOT, policies: { guardRails: [NONE] } }, "guard-rail"],
    ["guard rail allows", { principal: ANN, policies: { guardRails: [READ], identity: [READ] } }, "allow"],
  ];
  for (const [name, asked, expected] of rows) assert.equal(brief(ask(asked)), expected, name);
});

test("cross account and anonymous (access 5.5, 5.6)", () => {
  const named = bucket({ AWS: BOB.arn });
  const rows: [string, Omit<Asked, "action">, string][] = [
    ["identity alone", { principal: BOB, policies: { identity: [READ] } }, "resource"],
    ["resource alone", { principal: BOB, policies: { resource: named } }, "identity"],
    ["both", { principal: BOB, policies: { resource: named, identity: [READ] } }, "allow"],
    [
      "account + identity",
      { principal: BOB, policies: { resource: bucket({ AWS: OTHER }), identity: [READ] } },
      "allow",
    ],
    [
      "everyone + identity",
      { principal: BOB, policies: { resource: bucket("*"), identity: [READ] } },
      "allow",
    ],
    [
      "boundary",
      { principal: BOB, policies: { resource: named, identity: [READ], boundary: NONE } },
      "boundary",
    ],
    ["other root, named", { principal: OTHER_ROOT, policies: { resource: bucket({ AWS: OTHER }) } }, "allow"],
    ["other root, not named", { principal: OTHER_ROOT, policies: { resource: named } }, "resource"],
    ["anonymous, public", { principal: ANONYMOUS, policies: { resource: bucket("*") } }, "allow"],
    [
      "anonymous, account",
      { principal: ANONYMOUS, policies: { resource: bucket({ AWS: ACCOUNT }) } },
      "resource",
    ],
    ["anonymous, none", { principal: ANONYMOUS }, "resource"],
    [
      "service",
      {
        principal: { kind: "service", name: "x.amazonaws.com" },
        policies: { resource: bucket({ Service: "x.amazonaws.com" }) },
      },
      "allow",
    ],
  ];
  for (const [name, asked, expected] of rows) assert.equal(brief(ask(asked)), expected, name);
});

test("an explicit deny wins wherever it stands, and is named", () => {
  const deny = identity(denies("s3:*"));
  const base = { principal: APP, policies: { identity: [READ] } };
  const places = {
    identity: { identity: [READ, deny] },
    boundary: { ...base.policies, boundary: deny },
    session: { ...base.policies, session: [READ, deny] },
    "guard-rail": { ...base.policies, guardRails: [deny] },
    resource: { ...base.policies, resource: bucket("*", { Effect: "Deny", Sid: "no entry" }) },
  };
  for (const [source, policies] of Object.entries(places)) {
    const decision = ask({ principal: APP, policies });
    assert.ok(decision.effect === "explicit-deny" && decision.by.source === source, source);
  }
  const denied = ask({ principal: ROOT, policies: places.resource });
  assert.ok(denied.effect === "explicit-deny" && denied.by.sid === "no entry" && denied.by.statement === 0);
});

test("the owner's root can always repair the bucket policy", () => {
  const locked = policy(
    "bucket",
    [{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: ["arn:aws:s3:::b", "arn:aws:s3:::b/*"] }],
    { bucket: "b" },
  );
  const on = (principal: Asked["principal"], action: string): string =>
    brief(
      decide(
        request({
          principal,
          action,
          resource: "arn:aws:s3:::b",
          policies: { resource: locked, identity: [identity(allows("*"))] },
        }),
      ),
    );
  for (const action of ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]) {
    assert.equal(on(ROOT, action), "allow");
    assert.equal(on(ANN, action), "deny");
    assert.equal(on(OTHER_ROOT, action), "deny");
  }
  assert.equal(on(ROOT, "s3:ListBucket"), "deny");
});

test("NotPrincipal exempts only those whose every identity is listed (access 4.2)", () => {
  const deny = (...list: string[]): Policy =>
    policy(
      "bucket",
      [{ Effect: "Deny", NotPrincipal: { AWS: list }, Action: "s3:*", Resource: "arn:aws:s3:::b/*" }],
      { bucket: "b" },
    );
  const asked = (principal: Asked["principal"], resource: Policy): string =>
    brief(ask({ principal, policies: { identity: [READ], resource } }));
  assert.equal(asked(ANN, deny(ANN.arn)), "deny");
  assert.equal(asked(ANN, deny(ANN.arn, ACCOUNT)), "allow");
  assert.equal(asked(APP, deny(APP.roleArn, ACCOUNT)), "deny");
  assert.equal(asked(APP, deny(APP.roleArn, APP.arn, ACCOUNT)), "allow");
  assert.equal(asked(ROOT, deny(ACCOUNT)), "allow");
  assert.equal(asked(ANONYMOUS, deny(ACCOUNT)), "deny");
  // AWS: whoever has a permissions boundary is always denied.
  const bounded = { identity: [READ], boundary: READ, resource: deny(ANN.arn, ACCOUNT) };
  assert.equal(brief(ask({ principal: ANN, policies: bounded })), "deny");
});

test("a federated user goes by its own name, and by its lender's within what it was lent", () => {
  const fed: Asked["principal"] = {
    kind: "federated",
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:federated-user/ann`,
    name: "ann",
    lender: { arn: ANN.arn, id: ANN.id },
  };
  const asked = (resource: Policy, policies: Asked["policies"] = {}): string =>
    brief(ask({ principal: fed, policies: { resource, session: [], ...policies } }));
  assert.equal(asked(bucket({ AWS: fed.arn })), "allow");
  assert.equal(asked(bucket({ AWS: ANN.arn })), "session");
  assert.equal(asked(bucket({ AWS: ANN.arn }), { session: [READ] }), "allow");
  assert.equal(asked(bucket({ AWS: ANN.id }), { session: [READ], boundary: NONE }), "boundary");
  assert.equal(asked(bucket({ AWS: user("ben").arn }), { session: [READ] }), "identity");
  const all = { identity: [READ], session: [READ] };
  for (const name of [ANN.arn, ANN.id, fed.arn])
    assert.equal(asked(bucket({ AWS: name }, { Effect: "Deny" }), all), "deny", name);
  const bound = document([{ ...denies("s3:GetObject", "arn:aws:s3:::b/*"), Principal: { AWS: ANN.arn } }]);
  const of = (id: string): Policy => parsed(bound, "bucket", { bindings: new Map([[ANN.arn, id]]) });
  assert.equal(asked(of(ANN.id), all), "deny");
  assert.equal(asked(of("AIDASOMEBODYELSE0000"), all), "allow");
});

test("bound principals: the id decides, not the name", () => {
  const bindings = new Map([
    [ANN.arn, ANN.id],
    [APP.roleArn, APP.roleId],
  ]);
  const text = document([
    {
      Effect: "Allow",
      Principal: { AWS: [ANN.arn, APP.roleArn] },
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::b/*",
    },
  ]);
  const resource = parsed(text, "bucket", { bindings });
  assert.equal(brief(ask({ principal: ANN, policies: { resource } })), "allow");
  assert.equal(
    brief(ask({ principal: { ...ANN, arn: `${ANN.arn}2`, name: "ann2" }, policies: { resource } })),
    "allow",
  );
  assert.equal(
    brief(ask({ principal: { ...ANN, id: "AIDASOMEBODYELSE0000" }, policies: { resource } })),
    "identity",
  );
  assert.equal(
    brief(ask({ principal: { ...APP, roleId: "AROASOMEBODYELSE0000" }, policies: { resource } })),
    "identity",
  );
  const bare = bucket({ AWS: [ANN.id, `${APP.roleId}:s1`] });
  assert.equal(brief(ask({ principal: ANN, policies: { resource: bare } })), "allow");
  assert.equal(brief(ask({ principal: APP, policies: { resource: bare, session: [] } })), "allow");
});

test("public access block and the meaning of public (access 5.1)", () => {
  const kms = "arn:aws:kms:eu-west-1:111122223333:key/1";
  const condition = (operator: string, key: string, value: Json): Policy =>
    bucket("*", { Action: ["s3:GetObject", "s3:PutObject"], Condition: { [operator]: { [key]: value } } });
  const rows: [Policy, boolean][] = [
    [bucket("*"), true],
    [bucket({ AWS: "*" }), true],
    [bucket({ AWS: OTHER }), false],
    [bucket("*", { Effect: "Deny" }), false],
    [condition("IpAddress", "aws:SourceIp", "203.0.113.0/24"), false],
    [condition("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "2001:db8::/32"]), false],
    [condition("IpAddress", "aws:SourceIp", "0.0.0.0/0"), true],
    [condition("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "0.0.0.0/1"]), true],
    [condition("IpAddress", "aws:SourceIp", "2000::/16"), true],
    [condition("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"), true],
    [condition("StringEquals", "aws:SourceVpce", "vpce-1"), false],
    [condition("StringLike", "aws:SourceVpce", "vpce-*"), true],
    [condition("StringEqualsIfExists", "aws:SourceVpce", "vpce-1"), true],
    [condition("StringNotEquals", "aws:SourceVpce", "vpce-1"), true],
    [condition("ForAllValues:StringEquals", "aws:SourceVpce", "vpce-1"), true],
    [condition("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}"), true],
    [condition("StringEquals", "aws:userid", "AROAEXAMPLE:s"), false],
    [condition("StringLike", "aws:userid", "AROAEXAMPLE:*"), true],
    [condition("ArnEquals", "s3:x-amz-server-side-encryption-aws-kms-key-id", kms), false],
    [condition("StringEquals", "s3:authType", "POST"), true],
  ];
  for (const [i, [bucketPolicy, expected]] of rows.entries())
    assert.equal(bucketPolicy.isPublic, expected, String(i));
  const open = policy("bucket", [
    { ...allows("s3:GetObject", "arn:aws:s3:::b/*"), Principal: "*" },
    { ...allows("s3:GetObject", "arn:aws:s3:::b/*"), Principal: { AWS: BOB.arn } },
  ]);
  const restricted = (principal: Asked["principal"]): string =>
    brief(
      decide({
        ...request({ principal, action: "s3:GetObject", policies: { resource: open, identity: [READ] } }),
        restrictPublic: true,
      }),
    );
  assert.equal(restricted(ANONYMOUS), "public-access");
  assert.equal(restricted(BOB), "public-access");
  assert.equal(restricted(ANN), "allow");
  assert.equal(restricted({ kind: "service", name: "x.amazonaws.com" }), "allow");
});

test("denial texts (access 7)", () => {
  const text = (asked: Omit<Asked, "action">): string => {
    const full = request({ action: "s3:GetObject", ...asked });
    return s3DenialText(decide(full), full);
  };
  const who = `User: ${APP.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k"`;
  const deny = identity(denies("s3:*"));
  const rows: [Omit<Asked, "action">, string][] = [
    [{ principal: APP }, `${who} because no identity-based policy allows the s3:GetObject action`],
    [
      { principal: APP, policies: { identity: [READ], session: [] } },
      `${who} because no session policy allows the s3:GetObject action`,
    ],
    [
      { principal: APP, policies: { identity: [READ], boundary: NONE } },
      `${who} because no permissions boundary allows the s3:GetObject action`,
    ],
    [
      { principal: APP, policies: { identity: [deny] } },
      `${who} with an explicit deny in an identity-based policy`,
    ],
    [
      { principal: APP, policies: { resource: bucket("*", { Effect: "Deny" }) } },
      `${who} with an explicit deny in a resource-based policy`,
    ],
    [{ principal: APP, policies: { session: [deny] } }, `${who} with an explicit deny in a session policy`],
    [
      { principal: APP, policies: { boundary: deny } },
      `${who} with an explicit deny in a permissions boundary`,
    ],
    [
      { principal: APP, policies: { guardRails: [deny] } },
      `${who} with an explicit deny in a service control policy`,
    ],
    [{ principal: BOB }, "Access Denied"],
    [{ principal: ANONYMOUS }, "Access Denied"],
  ];
  for (const [asked, expected] of rows) assert.equal(text(asked), expected);
});

test("several pairs need all; an error denies; owner only", () => {
  const both = (second: string): Decision =>
    decideAll(
      ["s3:GetObject", second].map((action) =>
        request({ principal: ANN, action, policies: { identity: [READ] } }),
      ),
    );
  assert.equal(brief(both("s3:GetObject")), "allow");
  assert.equal(brief(both("s3:PutObject")), "identity");
  assert.equal(brief(decideAll([])), "error");
  const context = {
    get(): never {
      throw new Error("boom");
    },
  };
  const conditional = identity(allows("s3:*", "*", { Condition: { Bool: { "x:y": "true" } } }));
  const failing = decide({
    ...request({ principal: ANN, action: "s3:GetObject", policies: { identity: [conditional] } }),
    context,
  });
  assert.ok(failing.effect === "implicit-deny" && failing.missing === "error");
  const bomb = identity(
    denies("s3:*", "*", {
      Condition: {
        StringLike: { "aws:useragent": Array.from({ length: 30 }, () => `*${"a".repeat(900)}?b*`) },
      },
    }),
    allows("s3:*"),
  );
  const agent = { "aws:useragent": "a".repeat(30_000) };
  const started = cpuMs();
  assert.equal(brief(ask({ principal: ANN, context: agent, policies: { identity: [bomb] } })), "error");
  assert.ok(cpuMs() - started < 500);
  assert.equal(brief(ownerOnly(ANN, ACCOUNT)), "allow");
  assert.equal(brief(ownerOnly(BOB, ACCOUNT)), "resource");
  assert.equal(brief(ownerOnly(ANONYMOUS, ACCOUNT)), "resource");
});

test("role trust (access 3.2)", () => {
  const trust = (principal: Json, more: JsonStatement = {}): Policy =>
    policy("trust", [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole*", ...more }]);
  const may = identity(allows("sts:AssumeRole"));
  const on = (
    principal: Asked["principal"],
    resource: Policy,
    mine: readonly Policy[] = [],
    action = "sts:AssumeRole",
  ): string =>
    brief(
      decideAssumeRole(
        request({
          principal,
          action,
          resource: `arn:aws:iam::${ACCOUNT}:role/r`,
          policies: { resource, identity: mine },
        }),
      ),
    );
  assert.equal(on(ANN, trust({ AWS: ANN.arn })), "allow");
  assert.equal(on(ANN, trust({ AWS: ACCOUNT })), "identity");
  assert.equal(on(ANN, trust({ AWS: ACCOUNT }), [may]), "allow");
  assert.equal(on(ANN, trust({ AWS: "arn:aws:iam::111122223333:user/eve" }), [may]), "resource");
  assert.equal(on(APP, trust({ AWS: APP.roleArn })), "allow");
  assert.equal(on(ROOT, trust({ AWS: ACCOUNT })), "resource");
  assert.equal(on(BOB, trust({ AWS: BOB.arn })), "identity");
  assert.equal(on(BOB, trust({ AWS: OTHER }), [may]), "allow");
  const provider = { kind: "provider", provider: "idp.example.org" } as const;
  assert.equal(
    on(provider, trust({ Federated: "idp.example.org" }), [], "sts:AssumeRoleWithWebIdentity"),
    "allow",
  );
  assert.equal(on(provider, trust("*"), [], "sts:AssumeRoleWithWebIdentity"), "resource");
});

test("parse failures are answers, not exceptions", () => {
  assert.equal(parsePolicy("{}", "bucket").ok, false);
});
