/** What another account is told of keys and aliases that do not let it in: no more than of those that are not there. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ServiceError } from "../base/errors.ts";
import { PolicyAuthoriser } from "../iam/policy-authoriser.ts";
import { withStanding } from "../iam/test/standing.ts";
import { createAlias } from "./aliases.ts";
import { ensureKey } from "./bootstrap.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { embeddedKeyService } from "./embedded.ts";
import { encrypt } from "./encryption.ts";
import { createGrant } from "./grants.ts";
import { type Kernel, type Requester, requesterOf } from "./kernel.ts";
import { describeKey, disableKey } from "./lifecycle.ts";
import { keyArnAsMeant } from "./key-as-meant.ts";
import { listAliases } from "./listing.ts";
import { reEncrypt } from "./re-encryption.ts";
import { ACCOUNT, directRequester, OTHER_ACCOUNT, REGION, rootCaller, testKms } from "./test/kernel.ts";

const owner = directRequester();
const arnOf = (resource: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:${resource}`;
const GONE = "00000000-0000-4000-8000-00000000dead";
const MISSING = arnOf(`key/${GONE}`);
const KEY = "11111111-0000-4000-8000-000000000001";
const plaintext = new Uint8Array([1]);

function user(...statements: readonly object[]): Requester {
  const name = "eve";
  const arn = `arn:aws:iam::${OTHER_ACCOUNT}:user/${name}`;
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  const principal = { kind: "user", account: OTHER_ACCOUNT, arn, userId: "AIDAEVEEVEEVEEVE", name } as const;
  return requesterOf(
    { ...rootCaller(OTHER_ACCOUNT), principal: withStanding(principal, [text]) },
    "direct",
    "kms:Test",
  );
}
const all = { Effect: "Allow", Action: "kms:*", Resource: "*" };
const no = (Condition?: object) => ({
  Effect: "Deny",
  Action: "kms:*",
  Resource: "*",
  ...(Condition && { Condition }),
});
const CALLERS: readonly (readonly [string, Requester])[] = [
  ["root", directRequester(OTHER_ACCOUNT)],
  ["a user who may all", user(all)],
  ["a user who denies itself", user(all, no())],
  ["a user who denies itself what is tagged", user(all, no({ Null: { "aws:ResourceTag/a": "false" } }))],
  ["a user who denies itself what has an alias", user(all, no({ Null: { "kms:ResourceAliases": "false" } }))],
];

let kms: Kernel;
let names: readonly string[];
before(async () => {
  kms = { ...(await testKms()).kms, authoriser: new PolicyAuthoriser() };
  await ensureKey(kms, { account: ACCOUNT, keyId: KEY, tags: [{ key: "a", value: "b" }] });
  await ensureKey(kms, { account: ACCOUNT, keyId: "chosen" });
  await createAlias(kms, owner, "alias/there", KEY);
  const denying = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { ...all, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } },
      { ...no(), Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` } },
    ],
  });
  const { Arn } = await createKey(kms, owner, { policy: denying });
  const keys = [KEY, "chosen", "not-chosen"].map((id) => arnOf(`key/${id}`));
  names = [...keys, String(Arn), arnOf("alias/there"), arnOf("alias/not-there")];
});

/** Code and text, with the name that was given left out: nothing else may tell one from another. */
async function told(name: string, call: (name: string) => unknown): Promise<string> {
  const error: unknown = await (async () => call(name))().then(
    () => assert.fail(`${name} was let in`),
    (e: unknown) => e,
  );
  assert.ok(error instanceof ServiceError, String(error));
  return `${error.code}: ${error.message.replaceAll(name, "NAME")}`;
}

const CALLS: Readonly<Record<string, (by: Requester, name: string) => unknown>> = {
  DescribeKey: (by, name) => describeKey(kms, by, name),
  Encrypt: (by, keyId) => encrypt(kms, by, { keyId, plaintext, context: EMPTY_CONTEXT }),
  "Encrypt with a bad grant token": (by, keyId) =>
    encrypt(kms, by, { keyId, plaintext, context: EMPTY_CONTEXT, grantTokens: ["AAAA"] }),
  "the key that an S3 policy asks for": ({ caller }, keyId) =>
    // Of a key's own ARN nothing has to be looked up.
    keyId.includes(":alias/")
      ? keyArnAsMeant(kms)(caller, keyId, [EMPTY_CONTEXT, EMPTY_CONTEXT])
      : embeddedKeyService(kms).generateDataKey(caller, keyId, EMPTY_CONTEXT),
  "S3's GenerateDataKey": ({ caller }, keyId) =>
    embeddedKeyService(kms).generateDataKey(caller, keyId, EMPTY_CONTEXT),
};
/** Which take no alias. */
const KEY_CALLS: typeof CALLS = {
  DisableKey: (by, name) => disableKey(kms, by, name),
  ListAliases: (by, name) => listAliases(kms, by, name, {}),
};

for (const [who, by] of CALLERS)
  test(`one answer for what is there and what is not: ${who}`, async () => {
    for (const [what, call] of Object.entries({ ...CALLS, ...KEY_CALLS })) {
      const missing = await told(MISSING, (name) => call(by, name));
      if (!what.includes("token"))
        assert.match(missing, /^AccessDeniedException: .* on resource: (NAME|\*) /);
      for (const name of names) {
        if (Object.hasOwn(KEY_CALLS, what) && name.includes(":alias/")) continue;
        assert.equal(await told(name, (given) => call(by, given)), missing, `${what} ${name}`);
      }
    }
  });

test("nor does the form in which a policy sees an ARN", async () => {
  const meant = (name: string) =>
    keyArnAsMeant(kms)(directRequester(OTHER_ACCOUNT).caller, name.replace("arn:aws:", "arn:aws-other:"), []);
  for (const name of [arnOf(`key/${KEY}`), MISSING]) assert.equal(await meant(name), name);
});

test("a made-up blob does not tell either", async () => {
  const by = user(all, no({ Bool: { "kms:ReEncryptOnSameKey": "true" } }));
  const own = "22222222-0000-4000-8000-000000000002";
  await ensureKey(kms, { account: OTHER_ACCOUNT, keyId: own });
  const made = await encrypt(kms, by, { keyId: own, plaintext, context: EMPTY_CONTEXT });
  const naming = (keyId: string): Uint8Array => {
    const blob = new Uint8Array(made.blob);
    blob.set(Buffer.from(keyId.replaceAll("-", ""), "hex"), 5);
    return blob;
  };
  const context = EMPTY_CONTEXT;
  for (const grantTokens of [[], ["AAAA"]]) {
    const open = (keyId: string) => decrypt(kms, by, { blob: naming(keyId), context, grantTokens });
    assert.equal(await told(KEY, open), await told(GONE, open));
  }
  const again = (keyId: string) =>
    reEncrypt(
      kms,
      by,
      { blob: naming(keyId), keyId: own, context },
      { keyId: arnOf(`key/${keyId}`), context },
    );
  assert.equal(await told(KEY, again), await told(GONE, again));
});

const onlyHere: ReadonlyMap<string, string> = new Map([["aws:s3:arn", "arn:aws:s3:::here"]]);

test("whom a key lets in uses it by its alias, and is told why it may not", async () => {
  const by = user({ ...all, Action: ["kms:Encrypt", "kms:GenerateDataKey"] });
  await createGrant(kms, owner, { keyId: KEY, grantee: by.arn, operations: ["Encrypt", "DescribeKey"] });
  const use = () => encrypt(kms, by, { keyId: arnOf("alias/there"), plaintext, context: EMPTY_CONTEXT });
  assert.equal((await use()).arn, arnOf(`key/${KEY}`));
  const meant = () => keyArnAsMeant(kms)(by.caller, arnOf("alias/there"), [EMPTY_CONTEXT, onlyHere]);
  await assert.rejects(meant, { code: "AccessDeniedException" });
  await createGrant(kms, owner, {
    keyId: KEY,
    grantee: by.arn,
    operations: ["GenerateDataKey"],
    equals: onlyHere,
  });
  assert.equal(await meant(), arnOf(`key/${KEY}`));
  await disableKey(kms, owner, KEY);
  assert.equal(await meant(), arnOf(`key/${KEY}`));
  await assert.rejects(use, { code: "DisabledException" });
  await assert.rejects(describeKey(kms, by, arnOf("key/chosen")), {
    message: /on resource: .*key\/chosen because no identity-based policy allows the kms:DescribeKey action$/,
  });
});
