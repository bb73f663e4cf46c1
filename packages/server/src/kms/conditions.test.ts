/** Condition keys of KMS as its developer guide has them, under the real policy engine (spec kms 16). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "../base/caller.ts";
import { PolicyAuthoriser } from "../iam/policy-authoriser.ts";
import { withStanding } from "../iam/test/standing.ts";
import { createKey } from "./creation.ts";
import { retireGrant } from "./grant-ends.ts";
import { createGrant } from "./grants.ts";
import { importMaterial } from "./import.ts";
import { getKeyPolicy, putKeyPolicy } from "./key-policy.ts";
import { type Kernel, type Requester, requesterOf } from "./kernel.ts";
import { describeKey } from "./lifecycle.ts";
import { ACCOUNT, directRequester, rootCaller, testKms } from "./test/kernel.ts";

type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Written {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  /** Without one, everything. */
  readonly Resource?: string;
  readonly Condition?: Condition;
}

const root = directRequester();
const ANN = `arn:aws:iam::${ACCOUNT}:user/ann`;
const denied = { code: "AccessDeniedException" };

/** Ann, with these statements on every resource. */
function ann(...statements: readonly Written[]): Requester {
  const Statement = statements.map((statement) => ({ Resource: "*", ...statement }));
  const principal = withStanding(
    { kind: "user", account: ACCOUNT, arn: ANN, userId: "AIDAANN", name: "ann" },
    [JSON.stringify({ Version: "2012-10-17", Statement })],
  );
  const caller: Caller = { ...rootCaller(), principal };
  return requesterOf(caller, "direct", "kms:Test");
}
const allow = (Action: string, Condition?: Condition): Written => ({
  Effect: "Allow",
  Action,
  ...(Condition !== undefined && { Condition }),
});
const deny = (Action: string, Condition: Condition): Written => ({ Effect: "Deny", Action, Condition });

async function world(): Promise<Kernel> {
  return { ...(await testKms()).kms, authoriser: new PolicyAuthoriser() };
}
const keyPolicy = (...statements: readonly Written[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      ...statement,
      Resource: "*",
    })),
  });

test("kms:ValidTo is a number of seconds, and kms:ExpirationModel is there where the request names one", async () => {
  const kms = await world();
  const keyId = String((await createKey(kms, root, { origin: "EXTERNAL" })).Arn);
  const nowMs = kms.clock.now();
  const seconds = nowMs / 1000 + 3600;
  const bring = (who: Requester, expires: boolean | undefined, validToMs: number | undefined) =>
    importMaterial(kms, who, {
      keyId,
      token: new Uint8Array(8),
      wrapped: new Uint8Array(8),
      expires,
      ...(validToMs !== undefined && { validToMs }),
    });
  // Whoever is let in fails at the token.
  const letIn = { code: "InvalidImportTokenException" };
  const until = ann(
    allow("kms:*"),
    deny("kms:ImportKeyMaterial", { NumericGreaterThan: { "kms:ValidTo": `${seconds}.0` } }),
  );
  await assert.rejects(bring(until, true, nowMs + 3_600_000), letIn);
  await assert.rejects(bring(until, true, nowMs + 3_601_000), denied);
  const dated = new Date(seconds * 1000).toISOString();
  const byDate = ann(allow("kms:ImportKeyMaterial", { DateLessThanEquals: { "kms:ValidTo": dated } }));
  await assert.rejects(bring(byDate, true, nowMs + 3_600_000), letIn);
  await assert.rejects(bring(byDate, true, nowMs + 3_601_000), denied);
  const unnamed = ann(allow("kms:ImportKeyMaterial", { Null: { "kms:ExpirationModel": true } }));
  await assert.rejects(bring(unnamed, undefined, nowMs + 3_600_000), letIn);
  await assert.rejects(bring(unnamed, true, nowMs + 3_600_000), denied);
  await assert.rejects(bring(unnamed, false, undefined), denied);
});

test("kms:BypassPolicyLockoutSafetyCheck is there where the request says so or otherwise", async () => {
  const kms = await world();
  const condition = { Null: { "kms:BypassPolicyLockoutSafetyCheck": true } };
  // The guide's own example: it must not count as a lockout either.
  const policy = keyPolicy(allow("kms:PutKeyPolicy", condition), allow("kms:DescribeKey"));
  const keyId = String((await createKey(kms, root, { policy })).Arn);
  await putKeyPolicy(kms, root, keyId, policy, {});
  for (const bypassLockoutCheck of [true, false])
    await assert.rejects(putKeyPolicy(kms, root, keyId, policy, { bypassLockoutCheck }), denied);
  const bool = { Bool: { "kms:BypassPolicyLockoutSafetyCheck": true } };
  const maker = ann(allow("kms:*"), deny("kms:CreateKey", bool));
  await createKey(kms, maker, {});
  await assert.rejects(createKey(kms, maker, { bypassLockoutCheck: true }), denied);
});

test("spec and usage answer to their old names", async () => {
  const kms = await world();
  const keyId = String((await createKey(kms, root, {})).Arn);
  for (const [name, value] of [
    ["kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"],
    ["kms:CustomerMasterKeyUsage", "ENCRYPT_DECRYPT"],
  ]) {
    const condition = { StringEquals: { [String(name)]: value } };
    await describeKey(kms, ann(allow("kms:DescribeKey", condition)), keyId);
    const never = ann(allow("kms:*"), deny("kms:*", condition));
    await assert.rejects(describeKey(kms, never, keyId), denied);
    await assert.rejects(createKey(kms, never, {}), denied);
    await createKey(kms, never, { spec: "HMAC_256", usage: "GENERATE_VERIFY_MAC" });
  }
});

test("ForAllValues on a key of one value is refused when a key policy is put", async () => {
  const kms = await world();
  const keyId = String((await createKey(kms, root, {})).Arn);
  const before = await getKeyPolicy(kms, root, keyId, undefined);
  for (const [key, what] of [
    ["kms:EncryptionContext:Dept", "encryption context"],
    ["aws:RequestTag/Dept", "tag"],
  ]) {
    const condition = { "ForAllValues:StringEquals": { [String(key)]: "IT" } };
    const policy = keyPolicy(allow("kms:*"), allow("kms:Decrypt", condition));
    const refused = {
      code: "MalformedPolicyDocumentException",
      message: `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`,
    };
    await assert.rejects(putKeyPolicy(kms, root, keyId, policy, {}), refused);
    await assert.rejects(createKey(kms, root, { policy }), refused);
  }
  assert.equal(await getKeyPolicy(kms, root, keyId, undefined), before);
  const keys = {
    "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["Dept"], "aws:TagKeys": ["Dept"] },
  };
  await putKeyPolicy(kms, root, keyId, keyPolicy(allow("kms:*"), allow("kms:Decrypt", keys)), {});
});

test("RetireGrant: conditions see the grant's constraint and the key", async () => {
  const kms = await world();
  const keyId = String((await createKey(kms, root, { tags: [{ key: "env", value: "prod" }] })).Arn);
  const may = allow("kms:RetireGrant");
  const never: readonly Condition[] = [
    { StringEquals: { "kms:EncryptionContext:dept": "IT" } },
    { "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "Dept" } },
    { StringEquals: { "kms:GrantConstraintType": "EncryptionContextSubset" } },
    { StringEquals: { "aws:ResourceTag/env": "prod" } },
    { StringEquals: { "kms:KeySpec": "SYMMETRIC_DEFAULT" } },
  ];
  const grant = (subset?: ReadonlyMap<string, string>) =>
    createGrant(kms, root, { keyId, grantee: ANN, operations: ["Decrypt"], subset });
  const { token } = await grant(new Map([["Dept", "IT"]]));
  for (const condition of never)
    await assert.rejects(retireGrant(kms, ann(may, deny("kms:RetireGrant", condition)), { token }), denied);
  const other = deny("kms:RetireGrant", { StringEquals: { "kms:EncryptionContext:dept": "HR" } });
  await retireGrant(kms, ann(may, other), { token });
  const plain = await grant();
  for (const condition of never.slice(3))
    await assert.rejects(
      retireGrant(kms, ann(may, deny("kms:RetireGrant", condition)), { token: plain.token }),
      denied,
    );
  await retireGrant(kms, ann(may, ...never.slice(0, 3).map((c) => deny("kms:RetireGrant", c))), {
    token: plain.token,
  });
});

test("CreateKey: the lockout check is for policies that are given", async () => {
  const kms = await world();
  const maker = ann(allow("kms:CreateKey"));
  await createKey(kms, maker, {});
  const policy = keyPolicy(allow("kms:*"));
  await assert.rejects(createKey(kms, maker, { policy }), {
    code: "MalformedPolicyDocumentException",
    message: "The new key policy will not allow you to update the key policy in the future.",
  });
  await createKey(kms, maker, { policy, bypassLockoutCheck: true });
});

test("CreateKey with tags: the right to tag covers all keys of account and region, as AWS asks at least", async () => {
  const kms = await world();
  const tags = [{ key: "env", value: "prod" }];
  const all = `arn:aws:kms:*:${ACCOUNT}:key/*`;
  for (const Resource of ["*", all, `arn:aws:kms:us-east-1:${ACCOUNT}:key/*`])
    await createKey(kms, ann(allow("kms:CreateKey"), { ...allow("kms:TagResource"), Resource }), { tags });
  const sentence = `User: ${ANN} is not authorized to perform: kms:TagResource because no identity-based policy allows the kms:TagResource action`;
  for (const Resource of [`arn:aws:kms:us-east-1:${ACCOUNT}:key/one`, "arn:aws:kms:eu-west-1:*:key/*"])
    await assert.rejects(
      createKey(kms, ann(allow("kms:CreateKey"), { ...allow("kms:TagResource"), Resource }), { tags }),
      { ...denied, message: sentence },
    );
  const never = {
    ...deny("kms:TagResource", { StringEquals: { "aws:RequestTag/env": "prod" } }),
    Resource: all,
  };
  await assert.rejects(createKey(kms, ann(allow("kms:*"), never), { tags }), denied);
  await createKey(kms, ann(allow("kms:*"), never), { tags: [{ key: "env", value: "test" }] });
});

test("CreateGrant: who may not grant is not told which principals there are", async () => {
  const made = await world();
  const kms: Kernel = {
    ...made,
    principals: {
      bind: () => assert.fail("no policy is put"),
      present: async (text) => text,
      idOf: async (arn) => (arn === ANN ? "AIDAANN" : undefined),
      arnOf: async () => undefined,
    },
  };
  const keyId = String((await createKey(made, root, {})).Arn);
  const to = (who: Requester, name: string) =>
    createGrant(kms, who, {
      keyId,
      grantee: `arn:aws:iam::${ACCOUNT}:user/${name}`,
      operations: ["Decrypt"],
    });
  await assert.rejects(to(ann(allow("kms:DescribeKey")), "nobody"), denied);
  await assert.rejects(to(ann(allow("kms:DescribeKey")), "ann"), denied);
  await assert.rejects(to(root, "nobody"), { code: "InvalidArnException" });
});
