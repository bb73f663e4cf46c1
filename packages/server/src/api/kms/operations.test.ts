/** Each operation through the wire layer: answers, texts, and the order in which failures are told (spec kms 1.4 to 1.6). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, OTHER_ACCOUNT, REGION, testKms } from "../../kms/test/kernel.ts";
import { destroyDue } from "../../kms/deletion.ts";
import type { Kernel } from "../../kms/kernel.ts";
import { failed, ok } from "./test/wire.ts";

const GONE = "00000000-0000-4000-8000-00000000dead";
const arnOf = (id: string, account: string = ACCOUNT) => `arn:aws:kms:${REGION}:${account}:key/${id}`;
const b64 = (text: string) => Buffer.from(text).toString("base64");

async function newKey(kms: Kernel, input: object = {}): Promise<string> {
  return (await ok(kms, "CreateKey", input)).KeyMetadata.KeyId;
}

test("CreateKey: the members of KeyMetadata and nothing else", async () => {
  const { kms, clock } = await testKms();
  const { KeyMetadata: key } = await ok(kms, "CreateKey", {
    Description: "one",
    Tags: [{ TagKey: "a", TagValue: "b" }],
  });
  assert.match(key.KeyId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(key.CurrentKeyMaterialId, /^[0-9a-f]{64}$/);
  assert.deepEqual(key, {
    AWSAccountId: ACCOUNT,
    KeyId: key.KeyId,
    Arn: arnOf(key.KeyId),
    CreationDate: clock.nowMs / 1000,
    Enabled: true,
    Description: "one",
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: "Enabled",
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
    CurrentKeyMaterialId: key.CurrentKeyMaterialId,
  });
});

const TAG = (key: string) => ({ TagKey: key, TagValue: "v" });
const tags = (n: number) => Array.from({ length: n }, (_, i) => TAG(`k${i}`));

/** What CreateKey refuses, in the words of the spec. */
const REFUSED_KEYS: readonly (readonly [string, object, string, string])[] = [
  [
    "a usage must be said",
    { KeySpec: "RSA_2048" },
    "ValidationException",
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
  ],
  [
    "an impossible pair",
    { KeySpec: "RSA_2048", KeyUsage: "KEY_AGREEMENT" },
    "ValidationException",
    "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
  ],
  [
    "a symmetric key that signs",
    { KeyUsage: "SIGN_VERIFY" },
    "ValidationException",
    "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
  ],
  [
    "both names of the spec",
    { KeySpec: "SYMMETRIC_DEFAULT", CustomerMasterKeySpec: "SYMMETRIC_DEFAULT" },
    "ValidationException",
    "You cannot specify KeySpec and CustomerMasterKeySpec in the same request.",
  ],
  [
    "custom key stores",
    { CustomKeyStoreId: "cks-1" },
    "UnsupportedOperationException",
    "Custom key stores are not supported.",
  ],
  [
    "cluster keys",
    { Origin: "AWS_CLOUDHSM" },
    "UnsupportedOperationException",
    "Custom key stores are not supported.",
  ],
  ["too many tags", { Tags: tags(51) }, "TagException", "Too many tags"],
  ["a tag twice", { Tags: [TAG("a"), TAG("a")] }, "TagException", "Duplicate tag keys"],
  ["a reserved tag", { Tags: [TAG("AWS:x")] }, "TagException", "Tags beginning with aws: are reserved"],
  [
    "a policy that is no JSON",
    { Policy: "no" },
    "MalformedPolicyDocumentException",
    "The policy is not valid JSON, or has characters that a key policy may not have.",
  ],
  [
    "a policy without a principal",
    { Policy: '{"Statement":{"Effect":"Allow"}}' },
    "MalformedPolicyDocumentException",
    "Syntax errors in policy.",
  ],
  [
    "a policy that is too long",
    { Policy: `{"Statement":[]${" ".repeat(32768)}}` },
    "LimitExceededException",
    "The key policy exceeds the maximum size of 32768 bytes.",
  ],
];
for (const [what, input, type, message] of REFUSED_KEYS)
  test(`CreateKey refuses ${what}`, async () => {
    const { kms } = await testKms();
    assert.deepEqual(await failed(kms, "CreateKey", input), [type, message]);
    assert.deepEqual((await ok(kms, "ListKeys", {})).Keys, []);
  });

test("an account has room for so many keys; a destroyed one makes room", async () => {
  const { kms: whole, clock } = await testKms();
  const kms = { ...whole, keysPerAccountMax: 2 };
  const KeyId = await newKey(kms);
  await newKey(kms);
  assert.deepEqual(await failed(kms, "CreateKey", {}), [
    "LimitExceededException",
    "Cannot exceed quota for KMS keys: 2",
  ]);
  await ok(kms, "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
  assert.equal((await failed(kms, "CreateKey", {}))[0], "LimitExceededException");
  clock.nowMs += 8 * 86_400_000;
  assert.equal(await destroyDue(kms, clock.nowMs), 1);
  await newKey(kms);
});

test("a multi-Region key: its id, what it is made of, blobs; replication is refused by name", async () => {
  const { kms, authoriser } = await testKms();
  const { KeyMetadata } = await ok(kms, "CreateKey", { MultiRegion: true });
  const { KeyId, Arn } = KeyMetadata;
  assert.match(KeyId, /^mrk-[0-9a-f]{32}$/);
  assert.equal(KeyMetadata.MultiRegion, true);
  assert.deepEqual(KeyMetadata.MultiRegionConfiguration, {
    MultiRegionKeyType: "PRIMARY",
    PrimaryKey: { Arn, Region: "us-east-1" },
    ReplicaKeys: [],
  });
  assert.equal(authoriser.asked.at(0)?.conditions.get("kms:multiregionkeytype"), "PRIMARY");
  const { CiphertextBlob } = await ok(kms, "Encrypt", { KeyId, Plaintext: "AAAA" });
  assert.equal(authoriser.asked.at(-1)?.conditions.get("kms:multiregion"), "true");
  assert.equal(authoriser.asked.at(-1)?.conditions.get("kms:multiregionkeytype"), "PRIMARY");
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob })).Plaintext, "AAAA");
  for (const [operation, input] of [
    ["ReplicateKey", { KeyId, ReplicaRegion: "eu-west-1" }],
    ["UpdatePrimaryRegion", { KeyId, PrimaryRegion: "eu-west-1" }],
  ] as const)
    assert.equal((await failed(kms, operation, input))[0], "UnsupportedOperationException");
});

test("the lockout check keeps the caller able to change the policy, unless it is bypassed", async () => {
  const { kms, authoriser } = await testKms();
  const KeyId = await newKey(kms);
  const policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*"}]}';
  authoriser.answer = (_, { action, resourcePolicy }) =>
    action === "kms:PutKeyPolicy" && resourcePolicy?.text === policy
      ? { kind: "implicit-deny", reason: "none" }
      : undefined;
  const refused = [
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
  ];
  assert.deepEqual(await failed(kms, "PutKeyPolicy", { KeyId, Policy: policy }), refused);
  assert.deepEqual(await failed(kms, "CreateKey", { Policy: policy }), refused);
  await ok(kms, "PutKeyPolicy", { KeyId, Policy: policy, BypassPolicyLockoutSafetyCheck: true });
  assert.equal((await ok(kms, "GetKeyPolicy", { KeyId })).Policy, policy);
});

test("a policy comes back byte for byte; the default one is as recorded", async () => {
  const { kms } = await testKms();
  const KeyId = await newKey(kms);
  assert.deepEqual(await ok(kms, "GetKeyPolicy", { KeyId, PolicyName: "default" }), {
    Policy: `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${ACCOUNT}:root"},"Action":"kms:*","Resource":"*"}]}`,
    PolicyName: "default",
  });
  const Policy = '{ "Statement" :\n[{"Effect":"Allow","Principal":"*"}] }';
  await ok(kms, "PutKeyPolicy", { KeyId, Policy, PolicyName: "default" });
  assert.equal((await ok(kms, "GetKeyPolicy", { KeyId })).Policy, Policy);
  assert.deepEqual(await ok(kms, "ListKeyPolicies", { KeyId }), {
    PolicyNames: ["default"],
    Truncated: false,
  });
  assert.deepEqual(await failed(kms, "GetKeyPolicy", { KeyId, PolicyName: "other" }), [
    "NotFoundException",
    "No such policy exists",
  ]);
});

test("KeyId: four forms where aliases may be used, two where not", async () => {
  const { kms } = await testKms();
  const id = await newKey(kms);
  await ok(kms, "CreateAlias", { AliasName: "alias/x-y/z_1", TargetKeyId: arnOf(id) });
  const aliasArn = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/x-y/z_1`;
  for (const KeyId of [id, arnOf(id), "alias/x-y/z_1", aliasArn]) {
    assert.equal((await ok(kms, "DescribeKey", { KeyId })).KeyMetadata.KeyId, id);
    assert.equal((await ok(kms, "Encrypt", { KeyId, Plaintext: b64("x") })).KeyId, arnOf(id));
  }
  for (const KeyId of ["alias/x-y/z_1", aliasArn])
    for (const operation of [
      "DisableKey",
      "GetKeyPolicy",
      "ScheduleKeyDeletion",
      "ListResourceTags",
      "GetKeyRotationStatus",
    ])
      assert.deepEqual(await failed(kms, operation, { KeyId }), [
        "NotFoundException",
        `Invalid keyId '${KeyId}'`,
      ]);
});

const WRONG_IDS: readonly (readonly [string, string, string])[] = [
  [GONE, "NotFoundException", `Key '${arnOf(GONE)}' does not exist`],
  [arnOf(GONE), "NotFoundException", `Key '${arnOf(GONE)}' does not exist`],
  [GONE.replaceAll("-", ""), "NotFoundException", `Invalid keyId '${GONE.replaceAll("-", "")}'`],
  [GONE.toUpperCase(), "NotFoundException", `Invalid keyId '${GONE.toUpperCase()}'`],
  ["alias/none", "NotFoundException", `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/none is not found.`],
  ["alias/a.b", "NotFoundException", "Invalid keyId 'alias/a.b'"],
  [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/${GONE}`, "NotFoundException", "Invalid arn eu-west-1"],
  [
    `arn:aws:s3:${REGION}:${ACCOUNT}:key/${GONE}`,
    "InvalidArnException",
    `Invalid arn arn:aws:s3:${REGION}:${ACCOUNT}:key/${GONE}`,
  ],
  [
    `arn:aws:kms:${REGION}:${ACCOUNT}:grant/x`,
    "InvalidArnException",
    `Invalid arn arn:aws:kms:${REGION}:${ACCOUNT}:grant/x`,
  ],
  ["arn:aws", "InvalidArnException", "Invalid arn arn:aws"],
];
for (const [KeyId, type, message] of WRONG_IDS)
  test(`KeyId ${KeyId}: ${type}`, async () => {
    const { kms } = await testKms();
    assert.deepEqual(await failed(kms, "DescribeKey", { KeyId }), [type, message]);
  });

test("whoever may not do it learns nothing about what exists", async () => {
  const { kms } = await testKms();
  const id = await newKey(kms);
  for (const KeyId of [arnOf(id), arnOf(GONE)]) {
    const [type, message] = await failed(kms, "DescribeKey", { KeyId }, OTHER_ACCOUNT);
    assert.equal(type, "AccessDeniedException");
    assert.equal(
      message,
      `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:DescribeKey on resource: ${KeyId} because no resource-based policy allows the kms:DescribeKey action`,
    );
  }
});

test("an operation on another account's key stays forbidden where KMS allows none, whatever the policy says", async () => {
  const { kms, authoriser } = await testKms();
  const KeyId = arnOf(await newKey(kms));
  authoriser.answer = () => ({ kind: "allow" });
  await ok(kms, "Encrypt", { KeyId, Plaintext: b64("x") }, OTHER_ACCOUNT);
  assert.equal((await failed(kms, "DisableKey", { KeyId }, OTHER_ACCOUNT))[0], "AccessDeniedException");
});

test("aliases: texts, moves, limits, the reserved namespace", async () => {
  const { kms } = await testKms();
  const [a, b] = [await newKey(kms), await newKey(kms)];
  const named = (AliasName: string, TargetKeyId = a) => ({ AliasName, TargetKeyId });
  const arn = (name: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:${name}`;
  assert.deepEqual(await failed(kms, "CreateAlias", named("x")), [
    "ValidationException",
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  ]);
  assert.equal((await failed(kms, "CreateAlias", named("alias/aws/x")))[0], "NotAuthorizedException");
  assert.equal((await failed(kms, "CreateAlias", named("alias/a b")))[0], "ValidationException");
  assert.deepEqual(await failed(kms, "CreateAlias", named("alias/a:b")), [
    "ValidationException",
    "alias/a:b contains invalid characters for an alias",
  ]);
  await ok(kms, "CreateAlias", named("alias/x"));
  assert.deepEqual(await failed(kms, "CreateAlias", named("alias/x", b)), [
    "AlreadyExistsException",
    `An alias with the name ${arn("alias/x")} already exists`,
  ]);
  assert.deepEqual(await failed(kms, "CreateAlias", named("alias/y", "alias/x")), [
    "NotFoundException",
    "Invalid keyId 'alias/x'",
  ]);
  const blob = (await ok(kms, "Encrypt", { KeyId: "alias/x", Plaintext: b64("x") })).CiphertextBlob;
  await ok(kms, "UpdateAlias", named("alias/x", b));
  assert.equal((await ok(kms, "DescribeKey", { KeyId: "alias/x" })).KeyMetadata.KeyId, b);
  assert.equal((await ok(kms, "Decrypt", { CiphertextBlob: blob })).KeyId, arnOf(a));
  assert.deepEqual(await failed(kms, "Decrypt", { CiphertextBlob: blob, KeyId: "alias/x" }), [
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
  ]);
  assert.deepEqual(await failed(kms, "UpdateAlias", named("alias/z")), [
    "NotFoundException",
    `Alias ${arn("alias/z")} is not found.`,
  ]);
  await ok(kms, "DeleteAlias", { AliasName: "alias/x" });
  assert.deepEqual(await failed(kms, "DeleteAlias", { AliasName: "alias/x" }), [
    "NotFoundException",
    `Alias ${arn("alias/x")} is not found.`,
  ]);
  for (let i = 0; i < 50; i++) await ok(kms, "CreateAlias", named(`alias/n${i}`));
  assert.equal((await failed(kms, "CreateAlias", named("alias/n50")))[0], "LimitExceededException");
});

test("kms:RequestAlias is the alias that a request names a key by, not one that it makes, moves or removes", async () => {
  const { kms, authoriser } = await testKms();
  const [a, b] = [await newKey(kms), await newKey(kms)];
  const AliasName = "alias/x";
  const seen = (): unknown[] => authoriser.asked.splice(0).map((r) => r.conditions.get("kms:requestalias"));
  seen();
  await ok(kms, "CreateAlias", { AliasName, TargetKeyId: a });
  await ok(kms, "UpdateAlias", { AliasName, TargetKeyId: b });
  await ok(kms, "DeleteAlias", { AliasName });
  assert.deepEqual(new Set(seen()), new Set([undefined]));
  await ok(kms, "CreateAlias", { AliasName, TargetKeyId: a });
  seen();
  await ok(kms, "Encrypt", { KeyId: AliasName, Plaintext: b64("x") });
  assert.deepEqual(seen(), [AliasName]);
});

test("long lists are refused by their length, whatever is in them", async () => {
  const { kms } = await testKms();
  const KeyId = await newKey(kms);
  const grant = (more: object) => ({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, ...more });
  const operations = Array<string>(50_000).fill("no operation");
  assert.deepEqual(await failed(kms, "CreateGrant", grant({ Operations: operations })), [
    "ValidationException",
    "1 validation error detected: Value '[]' at 'operations' failed to satisfy constraint: Member must have length less than or equal to 17",
  ]);
  const tooMany = Array<object>(100_000).fill({});
  for (const operation of ["CreateKey", "TagResource"]) {
    const [type, message] = await failed(kms, operation, { KeyId, Tags: tooMany });
    assert.equal(type, "ValidationException");
    assert.ok(message.length < 20_000, `${message.length} characters`);
    const good = Array<object>(20_000).fill({ TagKey: "a", TagValue: "b" });
    assert.deepEqual(await failed(kms, operation, { KeyId, Tags: good }), ["TagException", "Too many tags"]);
  }
  // A constraint that no encryption context can meet.
  for (const key of ["k".repeat(8192), "k".repeat(1_000_000), "", "\ud800"])
    assert.deepEqual(
      (
        await failed(
          kms,
          "CreateGrant",
          grant({ Operations: ["Decrypt"], Constraints: { EncryptionContextEquals: { [key]: "v" } } }),
        )
      )[0],
      "ValidationException",
    );
});

test("tags: upsert, removal, limits", async () => {
  const { kms } = await testKms();
  const KeyId = await newKey(kms, { Tags: [{ TagKey: "b", TagValue: "1" }] });
  await ok(kms, "TagResource", {
    KeyId,
    Tags: [
      { TagKey: "a", TagValue: "" },
      { TagKey: "b", TagValue: "2" },
    ],
  });
  assert.deepEqual(await ok(kms, "ListResourceTags", { KeyId }), {
    Tags: [
      { TagKey: "a", TagValue: "" },
      { TagKey: "b", TagValue: "2" },
    ],
    Truncated: false,
  });
  assert.deepEqual(await failed(kms, "TagResource", { KeyId, Tags: tags(49) }), [
    "TagException",
    "Too many tags",
  ]);
  await ok(kms, "UntagResource", { KeyId, TagKeys: ["a", "unknown"] });
  assert.equal((await ok(kms, "ListResourceTags", { KeyId })).Tags.length, 1);
});

test("the managed key: made by the first DescribeKey, open to look at, closed to everything else", async () => {
  const { kms } = await testKms();
  const { KeyMetadata: key } = await ok(kms, "DescribeKey", { KeyId: "alias/aws/s3" });
  assert.equal(key.KeyManager, "AWS");
  assert.equal(key.Description, "Default key that protects my S3 objects when no other key is defined");
  const { KeyId } = key;
  assert.equal((await ok(kms, "GetKeyRotationStatus", { KeyId })).KeyRotationEnabled, true);
  assert.match((await ok(kms, "GetKeyPolicy", { KeyId })).Policy, /"auto-s3-2"/);
  const refused: Record<string, object> = {
    PutKeyPolicy: { Policy: '{"Statement":[]}' },
    DisableKey: {},
    EnableKey: {},
    ScheduleKeyDeletion: {},
    TagResource: { Tags: [] },
    UntagResource: { TagKeys: [] },
    UpdateKeyDescription: { Description: "" },
    Encrypt: { Plaintext: b64("x") },
    GenerateDataKey: { KeySpec: "AES_256" },
  };
  for (const [operation, more] of Object.entries(refused))
    assert.equal((await failed(kms, operation, { KeyId, ...more }))[0], "AccessDeniedException", operation);
  assert.equal(
    (await failed(kms, "CreateAlias", { AliasName: "alias/mine", TargetKeyId: KeyId }))[0],
    "AccessDeniedException",
  );
  assert.equal(
    (await failed(kms, "DeleteAlias", { AliasName: "alias/aws/s3" }))[0],
    "NotAuthorizedException",
  );
  assert.equal(
    (await failed(kms, "UpdateAlias", { AliasName: "alias/aws/s3", TargetKeyId: await newKey(kms) }))[0],
    "NotAuthorizedException",
  );
});

test("the order of failures", async () => {
  const { kms, authoriser } = await testKms();
  const KeyId = await newKey(kms);
  // Static validation comes before the key is looked for.
  assert.equal(
    (await failed(kms, "GenerateDataKey", { KeyId: GONE, KeySpec: "AES_512" }))[0],
    "ValidationException",
  );
  assert.equal(
    (await failed(kms, "TagResource", { KeyId: GONE, Tags: [TAG("a"), TAG("a")] }))[0],
    "TagException",
  );
  // The blob's header before the key.
  assert.deepEqual(await failed(kms, "Decrypt", { KeyId: GONE, CiphertextBlob: b64("nonsense") }), [
    "InvalidCiphertextException",
    "",
  ]);
  // Authorisation before the state, the state before the algorithm, the algorithm before a dry run.
  await ok(kms, "DisableKey", { KeyId });
  const input = { KeyId, Plaintext: b64("x"), EncryptionAlgorithm: "RSAES_OAEP_SHA_1", DryRun: true };
  authoriser.answer = (_, { action }) =>
    action === "kms:Encrypt" ? { kind: "implicit-deny", reason: "because" } : undefined;
  assert.equal((await failed(kms, "Encrypt", input))[0], "AccessDeniedException");
  authoriser.answer = undefined;
  assert.equal((await failed(kms, "Encrypt", input))[0], "DisabledException");
  await ok(kms, "EnableKey", { KeyId });
  assert.deepEqual(await failed(kms, "Encrypt", input), [
    "InvalidKeyUsageException",
    "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.",
  ]);
});

test("deletion: dates, bounds, states", async () => {
  const { kms, clock } = await testKms();
  const KeyId = await newKey(kms);
  for (const [days, words] of [
    [6, "greater than or equal to 7"],
    [31, "less than or equal to 30"],
  ] as const)
    assert.deepEqual(await failed(kms, "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: days }), [
      "ValidationException",
      `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${words}`,
    ]);
  assert.deepEqual(await failed(kms, "CancelKeyDeletion", { KeyId }), [
    "KMSInvalidStateException",
    `${arnOf(KeyId)} is not pending deletion`,
  ]);
  const DeletionDate = clock.nowMs / 1000 + 7 * 86_400;
  assert.deepEqual(await ok(kms, "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 }), {
    KeyId: arnOf(KeyId),
    DeletionDate,
    KeyState: "PendingDeletion",
    PendingWindowInDays: 7,
  });
  const { KeyMetadata: key } = await ok(kms, "DescribeKey", { KeyId });
  assert.deepEqual([key.KeyState, key.Enabled, key.DeletionDate], ["PendingDeletion", false, DeletionDate]);
  assert.deepEqual(await ok(kms, "CancelKeyDeletion", { KeyId }), { KeyId: arnOf(KeyId) });
});
