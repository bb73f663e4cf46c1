/** Grants under the real policy engine: who may what by a grant, and how grants end (spec kms section 8). */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Caller, Principal } from "../base/caller.ts";
import { PolicyAuthoriser } from "../iam/policy-authoriser.ts";
import { withStanding } from "../iam/test/standing.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { destroyDue, scheduleDeletion } from "./deletion.ts";
import { encrypt } from "./encryption.ts";
import { listGrants, listRetirableGrants, retireGrant, revokeGrant } from "./grant-ends.ts";
import { createGrant, type NewGrant } from "./grants.ts";
import { type Kernel, type Requester, requesterOf } from "./kernel.ts";
import { describeKey, disableKey } from "./lifecycle.ts";
import { ACCOUNT, directRequester, OTHER_ACCOUNT, rootCaller, testKms } from "./test/kernel.ts";

const root = directRequester();
function as(principal: Principal, policies: readonly string[] = []): Requester {
  const caller: Caller = { ...rootCaller(), principal: withStanding(principal, policies) };
  return requesterOf(caller, "direct", "kms:Test");
}
const user = (name: string, account = ACCOUNT, policies: readonly string[] = []): Requester =>
  as(
    { kind: "user", account, arn: `arn:aws:iam::${account}:user/${name}`, userId: `AIDA${name}`, name },
    policies,
  );
const statement = (Effect: "Allow" | "Deny", Action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Action, Resource: "*" }] });
const ann = user("ann");
const bob = user("bob");
const eve = user("eve", OTHER_ACCOUNT);
const session = as({
  kind: "role-session",
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/one`,
  userId: "AROAAPPAPPAPPAPP:one",
  roleArn: `arn:aws:iam::${ACCOUNT}:role/app`,
});

let kms: Kernel;
let keyId: string;
let arn: string;
const grant = (input: Partial<NewGrant> & Pick<NewGrant, "operations">, by = root) =>
  createGrant(kms, by, { keyId: arn, grantee: ann.arn, ...input });
const seal = (by: Requester, pairs: Record<string, string> = {}, grantTokens?: readonly string[]) =>
  encrypt(kms, by, {
    keyId: arn,
    plaintext: new Uint8Array([1]),
    context: new Map(Object.entries(pairs)),
    grantTokens,
  });
const denied = { code: "AccessDeniedException" };

async function fresh(): Promise<void> {
  const made = await testKms();
  kms = { ...made.kms, authoriser: new PolicyAuthoriser() };
  const metadata = await createKey(kms, root, {});
  keyId = String(metadata.KeyId);
  arn = String(metadata.Arn);
}
before(fresh);

test("a grant alone is enough, for its grantee, its operations, and until it ends", async () => {
  await assert.rejects(seal(ann), denied);
  const { id, token } = await grant({ operations: ["Encrypt"] });
  assert.match(id, /^[0-9a-f]{64}$/);
  const { blob } = await seal(ann, {}, [token]);
  await seal(ann);
  await assert.rejects(seal(bob), denied);
  // The token names a grant; it makes nobody its grantee.
  await assert.rejects(seal(bob, {}, [token]), denied);
  await assert.rejects(decrypt(kms, ann, { blob, context: EMPTY_CONTEXT }), denied);
  await revokeGrant(kms, root, arn, id, undefined);
  await assert.rejects(seal(ann), denied);
});

test("across accounts, and for a role's sessions", async () => {
  await fresh();
  await grant({ grantee: eve.arn, operations: ["Encrypt", "DescribeKey"] });
  await grant({ grantee: `arn:aws:iam::${ACCOUNT}:role/app`, operations: ["Encrypt"] });
  assert.equal((await describeKey(kms, eve, arn)).Arn, arn);
  await seal(eve);
  await seal(session);
  await assert.rejects(disableKey(kms, eve, arn), denied);
});

test("constraints: a subset allows more pairs, equality none, keys in any case and values in theirs", async () => {
  await fresh();
  await grant({ operations: ["Encrypt"], subset: new Map([["Dept", "IT"]]) });
  await seal(ann, { dept: "IT", more: "x" });
  await assert.rejects(seal(ann, { dept: "it" }), denied);
  await assert.rejects(seal(ann), denied);
  await grant({ grantee: bob.arn, operations: ["Encrypt", "DescribeKey"], equals: new Map([["a", "1"]]) });
  await seal(bob, { A: "1" });
  await assert.rejects(seal(bob, { a: "1", b: "2" }), denied);
  await describeKey(kms, bob, arn);
});

test("what a grant may not be", async () => {
  const cases: readonly (readonly [Partial<NewGrant> & Pick<NewGrant, "operations">, string, RegExp])[] = [
    [
      { operations: ["CreateGrant"] },
      "ValidationException",
      /^Grants must not contain only the CreateGrant operation\.$/,
    ],
    [{ operations: ["Sign"] }, "ValidationException", /Sign is not valid/],
    [
      { operations: ["Encrypt"], subset: new Map([["a", "1"]]), equals: new Map([["a", "1"]]) },
      "ValidationException",
      /^More than one constraint supplied$/,
    ],
    [
      {
        operations: ["Encrypt"],
        subset: new Map([
          ["a", "1"],
          ["A", "1"],
        ]),
      },
      "ValidationException",
      /two cases/,
    ],
    [{ operations: ["Encrypt"], subset: new Map([["a", "x".repeat(385)]]) }, "ValidationException", /384/],
    [{ operations: ["Encrypt"], grantee: "*" }, "InvalidArnException", /principal/],
    [
      { operations: ["Encrypt"], grantee: "arn:aws:iam::111122223333:group/g" },
      "InvalidArnException",
      /principal/,
    ],
    [{ operations: ["Encrypt"], grantTokens: ["AAAA"] }, "InvalidGrantTokenException", /./],
    [{ operations: ["Encrypt"], dryRun: true }, "DryRunOperationException", /./],
  ];
  await fresh();
  for (const [input, code, message] of cases) await assert.rejects(grant(input), { code, message });
  assert.deepEqual((await listGrants(kms, root, { keyId })).items, []);
});

test("who may grant by a grant alone may not grant more than that", async () => {
  await fresh();
  await grant({ operations: ["CreateGrant", "Encrypt"], subset: new Map([["a", "1"]]) });
  const child = (input: Partial<NewGrant> & Pick<NewGrant, "operations">) =>
    grant({ grantee: bob.arn, ...input }, ann);
  await assert.rejects(child({ operations: ["Encrypt"] }), denied);
  await assert.rejects(child({ operations: ["Decrypt"], subset: new Map([["a", "1"]]) }), denied);
  await assert.rejects(child({ operations: ["Encrypt"], subset: new Map([["b", "1"]]) }), denied);
  await child({ operations: ["Encrypt"], equals: new Map([["a", "1"]]) });
  await seal(bob, { a: "1" });
});

test("a grant to an account is a parent only for whom the account lets grant", async () => {
  await fresh();
  const all: NewGrant["operations"] = ["CreateGrant", "Decrypt"];
  await grant({ grantee: `arn:aws:iam::${ACCOUNT}:root`, operations: all });
  await grant({ operations: all, subset: new Map([["d", "x"]]) });
  const child = (by: Requester) => grant({ grantee: bob.arn, operations: ["Decrypt"] }, by);
  await assert.rejects(child(ann), { ...denied, message: /exceeds the one that allows it$/ });
  await grant({ grantee: bob.arn, operations: ["Decrypt"], subset: new Map([["d", "x"]]) }, ann);
  await child(user("ann", ACCOUNT, [statement("Allow", "kms:CreateGrant")]));
});

test("retiring for an account: whom its own policies let", async () => {
  for (const [account, principal] of [
    [OTHER_ACCOUNT, { retiring: `arn:aws:iam::${OTHER_ACCOUNT}:root` }],
    [OTHER_ACCOUNT, { grantee: `arn:aws:iam::${OTHER_ACCOUNT}:root` }],
    [ACCOUNT, { retiring: `arn:aws:iam::${ACCOUNT}:root` }],
  ] as const) {
    await fresh();
    const one = () => grant({ operations: ["Encrypt", "RetireGrant"], ...principal });
    const { token } = await one();
    const may = [statement("Allow", "kms:RetireGrant")];
    const deny = [...may, statement("Deny", "kms:*")];
    await assert.rejects(retireGrant(kms, user("zoe", account), { token }), denied);
    await assert.rejects(retireGrant(kms, user("zoe", account, deny), { token }), denied);
    await retireGrant(kms, user("zoe", account, may), { token });
    await retireGrant(kms, directRequester(account), await one());
  }
});

test("retiring: an explicit deny counts against whoever is named", async () => {
  await fresh();
  const { token } = await grant({ operations: ["Encrypt", "RetireGrant"], retiring: eve.arn });
  const denying = [statement("Deny", "kms:RetireGrant")];
  await assert.rejects(retireGrant(kms, user("ann", ACCOUNT, denying), { token }), {
    ...denied,
    message: /with an explicit deny in an identity-based policy$/,
  });
  await assert.rejects(retireGrant(kms, user("eve", OTHER_ACCOUNT, denying), { token }), {
    ...denied,
    message: /because no grant allows it$/,
  });
  await retireGrant(kms, eve, { token });
});

test("retiring: by the retiring principal, by a grantee that may, by root of the account, by nobody else", async () => {
  await fresh();
  const one = await grant({ operations: ["Encrypt"], retiring: bob.arn });
  await assert.rejects(retireGrant(kms, ann, { token: one.token }), denied);
  await assert.rejects(retireGrant(kms, eve, { keyId: arn, grantId: one.id }), denied);
  await assert.rejects(retireGrant(kms, bob, { token: one.token, dryRun: true }), {
    code: "DryRunOperationException",
  });
  assert.deepEqual(
    (await listRetirableGrants(kms, root, bob.arn, {})).items.map((g) => g.id),
    [one.id],
  );
  await retireGrant(kms, bob, { token: one.token });
  const two = await grant({ operations: ["Encrypt", "RetireGrant"] });
  await retireGrant(kms, ann, { keyId: arn, grantId: two.id });
  const three = await grant({ operations: ["Encrypt"] });
  await retireGrant(kms, root, { keyId: arn, grantId: three.id });
  assert.deepEqual((await listGrants(kms, root, { keyId })).items, []);
  await assert.rejects(retireGrant(kms, root, { token: "AAAA" }), { code: "InvalidGrantTokenException" });
  await assert.rejects(retireGrant(kms, root, { keyId: arn, grantId: three.id }), {
    code: "NotFoundException",
  });
  await assert.rejects(retireGrant(kms, root, { keyId: arn }), { code: "ValidationException" });
});

test("lists: filters and pages", async () => {
  await fresh();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await grant({ operations: ["Encrypt"], retiring: bob.arn })).id);
  const other = (await grant({ operations: ["Encrypt"], grantee: bob.arn })).id;
  for (const [grantee, wanted] of [
    [undefined, [...ids, other]],
    [ann.arn, ids],
    [bob.arn, [other]],
  ] as const) {
    const seen: string[] = [];
    let marker: string | undefined;
    do {
      const page = await listGrants(kms, root, { keyId, grantee, limit: 2, marker });
      seen.push(...page.items.map((g) => g.id));
      marker = page.nextMarker;
    } while (marker !== undefined);
    assert.deepEqual(seen, [...wanted].map(String).toSorted());
  }
  assert.deepEqual((await listGrants(kms, root, { keyId, grantId: other, grantee: ann.arn })).items, []);
  const page = await listRetirableGrants(kms, root, bob.arn, { limit: 3 });
  const rest = await listRetirableGrants(kms, root, bob.arn, { marker: page.nextMarker });
  assert.deepEqual(
    [...page.items, ...rest.items].map((g) => g.id),
    ids.toSorted(),
  );
});

test("what a principal may retire is listed for its own account, whosever the keys are", async () => {
  await fresh();
  const otherRoot = directRequester(OTHER_ACCOUNT);
  const theirs = String((await createKey(kms, otherRoot, {})).Arn);
  const ids: string[] = [];
  for (const [by, key] of [
    [root, arn],
    [otherRoot, theirs],
    [root, arn],
  ] as const)
    ids.push((await grant({ operations: ["Encrypt"], retiring: bob.arn, keyId: key }, by)).id);
  const listed = async (by: Requester, limit: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let marker: string | undefined; ; ) {
      const page = await listRetirableGrants(kms, by, bob.arn, { limit, marker });
      assert.ok(page.items.length <= limit);
      seen.push(...page.items.map((g) => g.id));
      marker = page.nextMarker;
      if (marker === undefined) return seen.toSorted();
    }
  };
  for (const limit of [1, 2, 3, 10]) {
    assert.deepEqual(await listed(root, limit), ids.toSorted());
    // Of a principal of others one learns what one's own keys say.
    assert.deepEqual(await listed(otherRoot, limit), ids.slice(1, 2));
  }
  const may = (Resource: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "kms:ListRetirableGrants", Resource }],
    });
  assert.deepEqual(await listed(user("zoe", ACCOUNT, [may(bob.arn)]), 10), ids.toSorted());
  await assert.rejects(listed(user("zoe", ACCOUNT, [may(ann.arn)]), 10), {
    ...denied,
    message: `User: arn:aws:iam::${ACCOUNT}:user/zoe is not authorized to perform: kms:ListRetirableGrants on resource: ${bob.arn} because no identity-based policy allows the kms:ListRetirableGrants action`,
  });
});

test("a grant revoked by one process is gone for the other, and an old row brings none back", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())].map(({ kms: k }) => ({
    ...k,
    authoriser: new PolicyAuthoriser(),
  }));
  assert.ok(a !== undefined && b !== undefined);
  const key = await createKey(a, root, {});
  const use = (k: Kernel) =>
    encrypt(k, ann, { keyId: String(key.Arn), plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });
  for (let i = 0; i < 3; i++) {
    const { id } = await createGrant(a, root, {
      keyId: String(key.KeyId),
      grantee: ann.arn,
      operations: ["Encrypt"],
    });
    await use(b);
    await revokeGrant(a, root, String(key.KeyId), id, undefined);
    await assert.rejects(use(b), denied);
  }
});

test("grants go with their key", async () => {
  const model = new MemoryModel();
  const made = await testKms(model.open());
  const key = await createKey(made.kms, root, {});
  for (let i = 0; i < 40; i++)
    await createGrant(made.kms, root, {
      keyId: String(key.KeyId),
      grantee: ann.arn,
      operations: ["Encrypt"],
      name: `n${i}`,
      retiring: bob.arn,
    });
  made.clock.nowMs = (await scheduleDeletion(made.kms, root, String(key.KeyId))).deletionMs;
  assert.equal(await destroyDue(made.kms, made.clock.nowMs), 1);
  const { rows } = await model.open().scan({ table: "kms", from: new Uint8Array(), limit: 1000 });
  assert.deepEqual(
    rows.map((r) => new TextDecoder().decode(r.key).split("\0")[0]),
    ["gone", "removal"],
  );
});
