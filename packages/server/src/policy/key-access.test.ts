import assert from "node:assert/strict";
import { test } from "node:test";
import { KMS_ACTIONS } from "./actions.ts";
import type { Decision } from "./decision.ts";
import { serviceDenialText } from "./denial-text.ts";
import { decide } from "./evaluate.ts";
import { type Grant, isWithinGrant, satisfies } from "./grants.ts";
import { decideKeyAccess, type KeyAccessRequest, keepsControl } from "./key-access.ts";
import type { Policy } from "./policy.ts";
import {
  ACCOUNT,
  type Asked,
  ANONYMOUS,
  allows,
  denies,
  identity,
  type Json,
  type JsonStatement,
  OTHER,
  OTHER_ROOT,
  policy,
  ROOT,
  request,
  role,
  user,
} from "./testing.ts";

const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k1`;
const ANN = user("ann");
const APP = role("app");
const BOB = user("bob", OTHER);
const key = (principal: Json, more: JsonStatement = {}): Policy =>
  policy("key", [{ Effect: "Allow", Principal: principal, Action: "kms:*", Resource: "*", ...more }]);
const DEFAULT = key({ AWS: ROOT.arn });
const DECRYPT = identity(allows("kms:Decrypt", KEY));
const NONE = identity(allows("s3:*"));

interface KeyAsked extends Omit<Asked, "action"> {
  readonly action?: string;
  readonly grants?: readonly Grant[];
  readonly pairs?: Record<string, string>;
}
const keyRequest = ({ grants, pairs, ...asked }: KeyAsked): KeyAccessRequest => ({
  ...request({ action: "kms:Decrypt", resource: KEY, ...asked }),
  grants: grants ?? [],
  ...(pairs === undefined ? {} : { encryptionContext: new Map(Object.entries(pairs)) }),
});
const brief = (decision: Decision): string =>
  decision.effect === "implicit-deny"
    ? decision.missing
    : decision.effect === "allow"
      ? decision.by.source
      : "deny";
const ask = (asked: KeyAsked): string => brief(decideKeyAccess(keyRequest(asked)));
const grant = (grantee: string, more: Partial<Grant> = {}): Grant => ({
  id: "g1",
  grantee,
  operations: new Set(["Decrypt", "GenerateDataKey", "DescribeKey"]),
  ...more,
});

test("the key policy is the only root (access 6)", () => {
  const strict = key({ AWS: ANN.arn });
  const rows: [string, KeyAsked, string][] = [
    ["default, no IAM", { principal: ANN, policies: { resource: DEFAULT } }, "identity"],
    ["default, IAM", { principal: ANN, policies: { resource: DEFAULT, identity: [DECRYPT] } }, "resource"],
    [
      "IAM without delegation",
      { principal: APP, policies: { resource: strict, identity: [DECRYPT] } },
      "resource!",
    ],
    [
      "no key policy at all",
      { principal: ANN, policies: { identity: [identity(allows("*"))] } },
      "resource!",
    ],
    ["direct", { principal: ANN, policies: { resource: strict } }, "resource"],
    ["direct, boundary", { principal: ANN, policies: { resource: strict, boundary: NONE } }, "resource"],
    [
      "role, session",
      { principal: APP, policies: { resource: key({ AWS: APP.roleArn }), session: [NONE] } },
      "session",
    ],
    [
      "role, boundary",
      { principal: APP, policies: { resource: key({ AWS: APP.roleArn }), boundary: NONE } },
      "boundary",
    ],
    ["everyone, session", { principal: APP, policies: { resource: key("*"), session: [NONE] } }, "resource"],
    [
      "delegated, session",
      { principal: APP, policies: { resource: DEFAULT, identity: [DECRYPT], session: [NONE] } },
      "session",
    ],
    [
      "IAM deny",
      { principal: ANN, policies: { resource: strict, identity: [identity(denies("kms:*"))] } },
      "deny",
    ],
    ["root, default", { principal: ROOT, policies: { resource: DEFAULT } }, "resource"],
    ["root, strict", { principal: ROOT, policies: { resource: strict } }, "resource!"],
    [
      "root, denied",
      {
        principal: ROOT,
        policies: {
          resource: policy("key", [
            { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "kms:*", Resource: "*" },
            { Effect: "Deny", Principal: "*", Action: "kms:Decrypt", Resource: "*" },
          ]),
        },
      },
      "deny",
    ],
    [
      "other key's ARN",
      { principal: ANN, policies: { resource: key("*", { Resource: `${KEY}2` }) } },
      "resource!",
    ],
    ["anonymous", { principal: ANONYMOUS, policies: { resource: key("*") } }, "resource!"],
    [
      "cross, IAM only",
      { principal: BOB, policies: { resource: DEFAULT, identity: [DECRYPT] } },
      "resource!",
    ],
    ["cross, account only", { principal: BOB, policies: { resource: key({ AWS: OTHER }) } }, "identity"],
    [
      "cross, both",
      { principal: BOB, policies: { resource: key({ AWS: OTHER }), identity: [DECRYPT] } },
      "resource",
    ],
    ["cross, direct alone", { principal: BOB, policies: { resource: key({ AWS: BOB.arn }) } }, "identity"],
    ["cross, root", { principal: OTHER_ROOT, policies: { resource: key({ AWS: OTHER }) } }, "resource"],
    [
      "cross, own-account operation",
      { principal: OTHER_ROOT, action: "kms:DisableKey", policies: { resource: key({ AWS: OTHER }) } },
      "resource!",
    ],
  ];
  for (const [name, asked, expected] of rows) {
    const decision = decideKeyAccess(keyRequest(asked));
    const got =
      brief(decision) + (decision.effect === "implicit-deny" && decision.missing === "resource" ? "!" : "");
    assert.equal(got, expected, name);
  }
});

test("grants allow, within their operations and constraint (kms 8)", () => {
  const strict = key({ AWS: "arn:aws:iam::111122223333:user/eve" });
  const on = (principal: Asked["principal"], g: Grant, more: Partial<KeyAsked> = {}): string =>
    ask({ principal, grants: [g], ...more, policies: { resource: strict, ...more.policies } });
  assert.equal(on(ANN, grant(ANN.arn)), "grant");
  assert.equal(on(ANN, grant(ANN.id)), "grant");
  assert.equal(on(APP, grant(APP.roleArn)), "grant");
  assert.equal(on(APP, grant(APP.arn)), "grant");
  assert.equal(on(APP, grant(APP.roleArn), { policies: { session: [NONE] } }), "resource");
  assert.equal(on(ANN, grant(user("eve").arn)), "resource");
  assert.equal(on(ANN, grant("*")), "resource");
  assert.equal(on(ANN, grant(ANN.arn), { action: "kms:Encrypt" }), "resource");
  assert.equal(on(BOB, grant(BOB.arn)), "grant");
  assert.equal(on(ANN, grant(ROOT.arn)), "resource");
  assert.equal(on(ANN, grant(ROOT.arn), { policies: { identity: [DECRYPT] } }), "grant");
  assert.equal(
    on(ANN, grant(ANN.arn), { policies: { identity: [identity(denies("kms:Decrypt"))] } }),
    "deny",
  );
  const equals = grant(ANN.arn, { constraint: { kind: "equals", pairs: new Map([["App", "x"]]) } });
  assert.equal(on(ANN, equals, { pairs: { App: "x" } }), "grant");
  assert.equal(on(ANN, equals, { pairs: { app: "x" } }), "grant");
  assert.equal(on(ANN, equals, { pairs: { App: "X" } }), "resource");
  assert.equal(on(ANN, equals, { pairs: { App: "x", more: "1" } }), "resource");
  assert.equal(on(ANN, equals), "resource");
  assert.equal(on(ANN, equals, { action: "kms:DescribeKey" }), "grant");
  const subset = grant(ANN.arn, { constraint: { kind: "subset", pairs: new Map([["App", "x"]]) } });
  assert.equal(on(ANN, subset, { pairs: { App: "x", more: "1" } }), "grant");
  assert.equal(on(ANN, subset, { pairs: { more: "1" } }), "resource");
});

test("ambiguous context keys satisfy no constraint", () => {
  const constraint = { kind: "subset", pairs: new Map([["aws:s3:arn", "a"]]) } as const;
  assert.ok(
    !satisfies(
      constraint,
      new Map([
        ["aws:s3:arn", "b"],
        ["AWS:S3:ARN", "a"],
      ]),
    ),
  );
});

test("child grants stay within their parent", () => {
  const pairs = (...list: [string, string][]): Map<string, string> => new Map(list);
  const subset = grant("x", { constraint: { kind: "subset", pairs: pairs(["a", "1"]) } });
  const equals = grant("x", { constraint: { kind: "equals", pairs: pairs(["a", "1"]) } });
  const child = (
    constraint: Grant["constraint"],
    ...operations: string[]
  ): Pick<Grant, "operations" | "constraint"> => ({ operations: new Set(operations), constraint });
  assert.ok(isWithinGrant(grant("x"), child(undefined, "Decrypt")));
  assert.ok(!isWithinGrant(grant("x"), child(undefined, "Decrypt", "Encrypt")));
  assert.ok(!isWithinGrant(subset, child(undefined, "Decrypt")));
  assert.ok(
    isWithinGrant(subset, child({ kind: "subset", pairs: pairs(["a", "1"], ["b", "2"]) }, "Decrypt")),
  );
  assert.ok(
    isWithinGrant(subset, child({ kind: "equals", pairs: pairs(["a", "1"], ["b", "2"]) }, "Decrypt")),
  );
  assert.ok(!isWithinGrant(equals, child({ kind: "subset", pairs: pairs(["a", "1"]) }, "Decrypt")));
  assert.ok(
    !isWithinGrant(equals, child({ kind: "equals", pairs: pairs(["a", "1"], ["b", "2"]) }, "Decrypt")),
  );
});

test("conditions of KMS: context, via service, caller account", () => {
  const on = (condition: Json, more: Partial<KeyAsked>): string =>
    ask({ principal: ANN, ...more, policies: { resource: key({ AWS: ANN.arn }, { Condition: condition }) } });
  const context = { StringEquals: { "kms:EncryptionContext:Dept": "hr" } };
  assert.equal(on(context, { pairs: { dept: "hr" } }), "resource");
  const missing = (asked: KeyAsked["pairs"]): boolean =>
    decideKeyAccess(
      keyRequest({
        principal: ANN,
        ...(asked && { pairs: asked }),
        policies: { resource: key({ AWS: ANN.arn }, { Condition: context }) },
      }),
    ).effect !== "allow";
  assert.ok(missing({ Dept: "HR" }));
  assert.ok(missing({}));
  assert.ok(missing(undefined));
  assert.equal(
    on({ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["a", "b"] } }, { pairs: { a: "1" } }),
    "resource",
  );
  assert.equal(on({ StringEquals: { "kms:CallerAccount": ACCOUNT } }, {}), "resource");
  const denyContext = policy("key", [
    { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" },
    {
      Effect: "Deny",
      Principal: "*",
      Action: "kms:*",
      Resource: "*",
      Condition: { StringNotEquals: { "kms:EncryptionContext:a": "1" } },
    },
  ]);
  assert.equal(ask({ principal: ANN, policies: { resource: denyContext } }), "deny");
});

test("actions without a key are the identity side's alone", () => {
  const on = (principal: Asked["principal"], ...mine: Policy[]): string =>
    brief(
      decide(request({ principal, action: "kms:CreateKey", resource: "*", policies: { identity: mine } })),
    );
  assert.equal(on(ANN), "identity");
  assert.equal(on(ANN, identity(allows("kms:CreateKey"))), "identity");
  assert.equal(on(ROOT), "root");
});

test("the lockout check asks whether the caller keeps kms:PutKeyPolicy", () => {
  const caller = keyRequest({
    principal: ANN,
    action: "kms:CreateKey",
    policies: { identity: [identity(allows("kms:*"))] },
  });
  assert.ok(keepsControl(DEFAULT, caller));
  assert.ok(keepsControl(key({ AWS: ANN.arn }), caller));
  assert.ok(!keepsControl(key({ AWS: APP.roleArn }), caller));
  assert.ok(!keepsControl(key({ AWS: ANN.arn }, { Action: "kms:Decrypt" }), caller));
  assert.ok(!keepsControl(DEFAULT, { ...caller, policies: { identity: [] } }));
});

test("the sentence of KMS", () => {
  const asked = keyRequest({ principal: APP, policies: { resource: DEFAULT } });
  assert.equal(
    serviceDenialText(decideKeyAccess(asked), asked),
    `User: ${APP.arn} is not authorized to perform: kms:Decrypt on resource: ${KEY} because no identity-based policy allows the kms:Decrypt action`,
  );
});

test("the catalogue knows what may stand in a grant", () => {
  const grantable = [...KMS_ACTIONS].filter(([, row]) => row.grantable).length;
  assert.equal(grantable, 17);
});
