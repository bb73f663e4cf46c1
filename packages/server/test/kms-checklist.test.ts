/**
 * The key service's conformance checklist (spec kms 17), line by line, with the AWS SDK against a running server. What needs
 * another clock (import tokens of yesterday, keys whose waiting period has passed) is tested beside the code.
 */
import assert from "node:assert/strict";
import {
  constants,
  createCipheriv,
  createHmac,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
} from "node:crypto";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { ACCOUNT, type Actor, kmsDenied, policy, refused, startWorld } from "./access/world.ts";
import { until } from "./serve.ts";

const w = await startWorld(["--log-level", "debug"]);
const { root } = w;
const { kms } = root;
const MARKER = "planted-plaintext-marker-0123456789";

type Key = sdk.KeyMetadata & { readonly KeyId: string; readonly Arn: string };
async function newKey(input: sdk.CreateKeyCommandInput = {}, by: Actor = root): Promise<Key> {
  const { KeyMetadata } = await by.kms.send(new sdk.CreateKeyCommand(input));
  assert.ok(KeyMetadata?.KeyId !== undefined && KeyMetadata.Arn !== undefined);
  return { ...KeyMetadata, KeyId: KeyMetadata.KeyId, Arn: KeyMetadata.Arn };
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function seal(
  KeyId: string,
  EncryptionContext: Record<string, string> = {},
  by: Actor = root,
): Promise<Uint8Array> {
  const { CiphertextBlob } = await by.kms.send(
    new sdk.EncryptCommand({ KeyId, Plaintext: bytes(MARKER), EncryptionContext }),
  );
  assert.ok(CiphertextBlob !== undefined);
  return CiphertextBlob;
}
const open = (
  CiphertextBlob: Uint8Array,
  EncryptionContext: Record<string, string> = {},
  by: Actor = root,
  KeyId?: string,
) =>
  by.kms
    .send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId }))
    .then(({ Plaintext, KeyMaterialId }) => {
      assert.equal(Buffer.from(Plaintext ?? []).toString(), MARKER);
      return KeyMaterialId;
    });

async function importMaterial(KeyId: string, material: Uint8Array, more: object = {}): Promise<void> {
  // More than one OAEP block holds travels under an AES key.
  const large = material.length > 190;
  const parameters = await kms.send(
    new sdk.GetParametersForImportCommand({
      KeyId,
      WrappingAlgorithm: large ? "RSA_AES_KEY_WRAP_SHA_256" : "RSAES_OAEP_SHA_256",
      WrappingKeySpec: "RSA_2048",
    }),
  );
  const kek = randomBytes(32);
  const wrap = createCipheriv("id-aes256-wrap-pad", kek, Buffer.from("A65959A6", "hex"));
  const key = {
    key: Buffer.from(parameters.PublicKey ?? []),
    format: "der" as const,
    type: "spki" as const,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: "sha256",
  };
  await kms.send(
    new sdk.ImportKeyMaterialCommand({
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: large
        ? Buffer.concat([publicEncrypt(key, kek), wrap.update(material), wrap.final()])
        : publicEncrypt(key, material),
      ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      ...more,
    }),
  );
}
const stateOf = async (KeyId: string) =>
  (await kms.send(new sdk.DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState;

test("1: void operations parse, and failures are the SDK's classes", async () => {
  const { KeyId } = await newKey();
  await kms.send(new sdk.DisableKeyCommand({ KeyId }));
  await assert.rejects(seal(KeyId), sdk.DisabledException);
  await kms.send(new sdk.EnableKeyCommand({ KeyId }));
  await kms.send(new sdk.UpdateKeyDescriptionCommand({ KeyId, Description: "d" }));
  const missing = new sdk.DescribeKeyCommand({ KeyId: "alias/none" });
  await assert.rejects(kms.send(missing), sdk.NotFoundException);
  const twice = new sdk.CreateAliasCommand({ AliasName: "alias/twice", TargetKeyId: KeyId });
  await kms.send(twice);
  await assert.rejects(kms.send(twice), sdk.AlreadyExistsException);
});

test("2: times are dates, and DescribeKey has the fields of each kind of key", async () => {
  const common = [
    "AWSAccountId",
    "Arn",
    "CreationDate",
    "CustomerMasterKeySpec",
    "Description",
    "Enabled",
    "KeyId",
    "KeyManager",
    "KeySpec",
    "KeyState",
    "KeyUsage",
    "MultiRegion",
    "Origin",
  ];
  const cases = [
    [{}, ["CurrentKeyMaterialId", "EncryptionAlgorithms"]],
    [{ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }, ["MacAlgorithms"]],
    [{ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" }, ["EncryptionAlgorithms"]],
    [{ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }, ["SigningAlgorithms"]],
    [{ KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" }, ["KeyAgreementAlgorithms"]],
  ] as const;
  for (const [input, own] of cases) {
    const { KeyId } = await newKey(input);
    const { KeyMetadata = {} } = await kms.send(new sdk.DescribeKeyCommand({ KeyId }));
    assert.deepEqual(Object.keys(KeyMetadata).toSorted(), [...common, ...own].toSorted());
    assert.ok(Object.entries(KeyMetadata).some(([n, v]) => n === "CreationDate" && v instanceof Date));
  }
});

test("3: after three rotations the first blob opens, by the first material", async () => {
  const { KeyId, CurrentKeyMaterialId } = await newKey();
  const blob = await seal(KeyId);
  for (let i = 0; i < 3; i++) await kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId }));
  assert.equal(await open(blob), CurrentKeyMaterialId);
  assert.notEqual(await open(await seal(KeyId)), CurrentKeyMaterialId);
});

test("4: any other context, and any flipped bit, is InvalidCiphertextException", async () => {
  const { KeyId } = await newKey();
  const blob = await seal(KeyId, { a: "1", B: "2" });
  await open(blob, { B: "2", a: "1" });
  for (const context of [{}, { a: "1" }, { A: "1", B: "2" }, { a: "1", B: "2", c: "3" }, { a: "2", B: "1" }])
    await assert.rejects(open(blob, context), sdk.InvalidCiphertextException);
  for (let i = 0; i < blob.length; i++) {
    const flipped = blob.slice();
    flipped[i] = (flipped[i] ?? 0) ^ (1 << (i % 8));
    await assert.rejects(
      open(flipped, { a: "1", B: "2" }),
      (error) =>
        error instanceof sdk.InvalidCiphertextException ||
        (error instanceof Error && error.name === "AccessDeniedException"),
    );
  }
});

test("5: pairs don't run into one another, and their order is that of code points", async () => {
  const { KeyId } = await newKey();
  await assert.rejects(open(await seal(KeyId, { a: "bc" }), { ab: "c" }), sdk.InvalidCiphertextException);
  await open(await seal(KeyId, { "\u{1F511}": "2", Ａ: "1" }), { Ａ: "1", "\u{1F511}": "2" });
});

test("6: another KeyId is IncorrectKeyException; a blob of nobody's key says no more than that", async () => {
  const [a, b] = [await newKey(), await newKey()];
  const blob = await seal(a.KeyId);
  await open(blob, {}, root, a.Arn);
  await assert.rejects(open(blob, {}, root, b.Arn), sdk.IncorrectKeyException);
  await assert.rejects(
    open(blob, {}, w.otherRoot),
    refused(
      400,
      "AccessDeniedException",
      /^The ciphertext refers to a customer master key that does not exist/,
    ),
  );
});

type Cell = "ok" | "DisabledException" | "KMSInvalidStateException" | "UnsupportedOperationException";
const [OK, D, S, U] = [
  "ok",
  "DisabledException",
  "KMSInvalidStateException",
  "UnsupportedOperationException",
] as const satisfies readonly Cell[];
const STATES = ["Enabled", "Disabled", "PendingDeletion", "PendingImport"] as const;
let aliases = 0;
const alias = (TargetKeyId: string) =>
  new sdk.CreateAliasCommand({ AliasName: `alias/state-${++aliases}`, TargetKeyId });
const TABLE: readonly (readonly [
  name: string,
  kind: "symmetric" | "hmac" | "external",
  use: (KeyId: string) => Promise<unknown>,
  cells: readonly Cell[],
])[] = [
  ["Encrypt", "symmetric", (KeyId) => seal(KeyId), [OK, D, S, S]],
  [
    "GenerateMac",
    "hmac",
    (KeyId) =>
      kms.send(new sdk.GenerateMacCommand({ KeyId, Message: bytes("m"), MacAlgorithm: "HMAC_SHA_256" })),
    [OK, D, S],
  ],
  [
    "CreateGrant",
    "symmetric",
    (KeyId) =>
      kms.send(
        new sdk.CreateGrantCommand({
          KeyId,
          GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
          Operations: ["Decrypt"],
        }),
      ),
    [OK, D, S, S],
  ],
  ["DescribeKey", "symmetric", (KeyId) => kms.send(new sdk.DescribeKeyCommand({ KeyId })), [OK, OK, OK, OK]],
  ["CreateAlias", "symmetric", (KeyId) => kms.send(alias(KeyId)), [OK, OK, S, OK]],
  [
    "UpdateAlias",
    "symmetric",
    async (TargetKeyId) => {
      const made = alias((await newKey()).KeyId);
      await kms.send(made);
      return kms.send(new sdk.UpdateAliasCommand({ AliasName: made.input.AliasName, TargetKeyId }));
    },
    [OK, OK, S, OK],
  ],
  [
    "TagResource",
    "symmetric",
    (KeyId) => kms.send(new sdk.TagResourceCommand({ KeyId, Tags: [{ TagKey: "a", TagValue: "b" }] })),
    [OK, OK, S, OK],
  ],
  ["DisableKey", "symmetric", (KeyId) => kms.send(new sdk.DisableKeyCommand({ KeyId })), [OK, OK, S, S]],
  [
    "ScheduleKeyDeletion",
    "symmetric",
    (KeyId) => kms.send(new sdk.ScheduleKeyDeletionCommand({ KeyId })),
    [OK, OK, S, OK],
  ],
  [
    "CancelKeyDeletion",
    "symmetric",
    (KeyId) => kms.send(new sdk.CancelKeyDeletionCommand({ KeyId })),
    [S, S, OK, S],
  ],
  [
    "EnableKeyRotation",
    "symmetric",
    (KeyId) => kms.send(new sdk.EnableKeyRotationCommand({ KeyId })),
    [OK, D, S, U],
  ],
  [
    "GetKeyRotationStatus",
    "symmetric",
    (KeyId) => kms.send(new sdk.GetKeyRotationStatusCommand({ KeyId })),
    [OK, OK, OK, OK],
  ],
  [
    "RotateKeyOnDemand",
    "symmetric",
    (KeyId) => kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId })),
    [OK, D, S, S],
  ],
  [
    "GetParametersForImport",
    "external",
    (KeyId) =>
      kms.send(
        new sdk.GetParametersForImportCommand({
          KeyId,
          WrappingAlgorithm: "RSAES_OAEP_SHA_256",
          WrappingKeySpec: "RSA_2048",
        }),
      ),
    [OK, OK, S, OK],
  ],
  [
    "DeleteImportedKeyMaterial",
    "external",
    (KeyId) => kms.send(new sdk.DeleteImportedKeyMaterialCommand({ KeyId })),
    [OK, OK, OK, OK],
  ],
];

async function keyIn(state: (typeof STATES)[number], kind: (typeof TABLE)[number][1]): Promise<string> {
  if (state === "PendingImport") return (await newKey({ Origin: "EXTERNAL" })).KeyId;
  const input =
    kind === "hmac"
      ? ({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" } as const)
      : kind === "external"
        ? ({ Origin: "EXTERNAL" } as const)
        : {};
  const { KeyId } = await newKey(input);
  if (kind === "external") await importMaterial(KeyId, randomBytes(32));
  if (state === "Disabled") await kms.send(new sdk.DisableKeyCommand({ KeyId }));
  if (state === "PendingDeletion") await kms.send(new sdk.ScheduleKeyDeletionCommand({ KeyId }));
  return KeyId;
}

test("7: the table of states, an operation for each row", async () => {
  for (const [name, kind, use, cells] of TABLE)
    for (const [i, cell] of cells.entries()) {
      const state = STATES[i] ?? "Enabled";
      const KeyId = await keyIn(state, kind);
      assert.equal(await stateOf(KeyId), state);
      const outcome = await use(KeyId).then(
        () => "ok",
        (error: unknown) => (error instanceof Error ? error.name : ""),
      );
      assert.equal(outcome, cell, `${name} of a key in state ${state}`);
    }
});

test("8: an alias moves, old blobs open; types must agree; management takes no alias", async () => {
  const [a, b] = [await newKey(), await newKey()];
  const AliasName = "alias/moving";
  await kms.send(new sdk.CreateAliasCommand({ AliasName, TargetKeyId: a.KeyId }));
  const blob = await seal(AliasName);
  await kms.send(new sdk.UpdateAliasCommand({ AliasName, TargetKeyId: b.KeyId }));
  await open(blob);
  await open(await seal(AliasName), {}, root, b.Arn);
  await assert.rejects(open(blob, {}, root, AliasName), sdk.IncorrectKeyException);
  const mac = await newKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  await assert.rejects(kms.send(new sdk.UpdateAliasCommand({ AliasName, TargetKeyId: mac.KeyId })), {
    name: "ValidationException",
  });
  await assert.rejects(kms.send(new sdk.DisableKeyCommand({ KeyId: AliasName })), sdk.NotFoundException);
});

test("9: grants", async () => {
  const nothing = policy({ Action: "sts:GetCallerIdentity" });
  const [ann, ben] = [await w.user("ann", nothing), await w.user("ben", nothing)];
  const arn = (name: string): string => `arn:aws:iam::${ACCOUNT}:user/${name}`;
  const { KeyId } = await newKey();
  const grant = async (input: Partial<sdk.CreateGrantCommandInput>, by: Actor = root) =>
    by.kms.send(
      new sdk.CreateGrantCommand({
        KeyId,
        GranteePrincipal: arn("ann"),
        Operations: ["Encrypt"],
        ...input,
      }),
    );
  const subset = await grant({
    Operations: ["Encrypt", "CreateGrant"],
    Constraints: { EncryptionContextSubset: { a: "1" } },
  });
  await seal(KeyId, { a: "1", more: "2" }, ann);
  await assert.rejects(seal(KeyId, { a: "2" }, ann), kmsDenied("kms:Encrypt"));
  await assert.rejects(seal(KeyId, { a: "1" }, ben), kmsDenied("kms:Encrypt"));
  const child = { GranteePrincipal: arn("ben"), Constraints: { EncryptionContextEquals: { a: "1" } } };
  await assert.rejects(grant({ GranteePrincipal: arn("ben") }, ann), kmsDenied("kms:CreateGrant"));
  await grant(child, ann);
  await seal(KeyId, { a: "1" }, ben);
  await assert.rejects(seal(KeyId, { a: "1", b: "2" }, ben), kmsDenied("kms:Encrypt"));
  const named = { Name: "again", Operations: ["Decrypt" as const], RetiringPrincipal: arn("ben") };
  const first = await grant(named);
  assert.equal((await grant(named)).GrantId, first.GrantId);
  const retire = () => new sdk.RetireGrantCommand({ GrantToken: first.GrantToken });
  await assert.rejects(ann.kms.send(retire()), kmsDenied("kms:RetireGrant"));
  await ben.kms.send(retire());
  await kms.send(new sdk.RevokeGrantCommand({ KeyId, GrantId: subset.GrantId }));
  await assert.rejects(seal(KeyId, { a: "1" }, ann), kmsDenied("kms:Encrypt"));
});

test("10: the lockout check, its bypass, and a statement without a resource", async () => {
  const somebody = { AWS: `arn:aws:iam::${ACCOUNT}:user/ann` };
  const Policy = policy({ Principal: somebody, Action: "kms:*" });
  await assert.rejects(newKey({ Policy }), sdk.MalformedPolicyDocumentException);
  await newKey({ Policy, BypassPolicyLockoutSafetyCheck: true });
  const bare = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: "kms:PutKeyPolicy",
        Resource: "*",
      },
      { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:Encrypt" },
    ],
  });
  const { KeyId } = await newKey({ Policy: bare });
  await assert.rejects(seal(KeyId), kmsDenied("kms:Encrypt", "no resource-based policy allows"));
});

test("11: without delegation an administrator of IAM with kms:* is denied by the key's policy", async () => {
  const admin = await w.user("iam-admin", policy({ Action: ["iam:*", "kms:*"] }));
  const Policy = policy({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/ann` }, Action: "kms:*" });
  const { KeyId } = await newKey({ Policy, BypassPolicyLockoutSafetyCheck: true }, admin);
  await assert.rejects(seal(KeyId, {}, admin), kmsDenied("kms:Encrypt", "no resource-based policy allows"));
});

test("12: a cancelled deletion leaves a disabled key; disabling blocks the next GET under a bucket key", async () => {
  const { KeyId, Arn } = await newKey();
  const Bucket = "cached";
  await root.s3.send(new CreateBucketCommand({ Bucket }));
  const rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: Arn },
    BucketKeyEnabled: true,
  };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await root.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  await root.s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const get = () => root.s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
  for (let i = 0; i < 3; i++) assert.equal(await (await get()).Body?.transformToString(), "x");
  await kms.send(new sdk.DisableKeyCommand({ KeyId }));
  await assert.rejects(get(), refused(400, "KMS.DisabledException"));
  await kms.send(new sdk.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await assert.rejects(get(), refused(400, "KMS.KMSInvalidStateException"));
  await kms.send(new sdk.CancelKeyDeletionCommand({ KeyId }));
  assert.equal(await stateOf(KeyId), "Disabled");
  await kms.send(new sdk.EnableKeyCommand({ KeyId }));
  assert.equal(await (await get()).Body?.transformToString(), "x");
});

test("13: imported material: wrong tokens, expiry, the same again, a second one by rotation", async () => {
  const { KeyId } = await newKey({ Origin: "EXTERNAL" });
  const other = await newKey({ Origin: "EXTERNAL" });
  const { ImportToken } = await kms.send(
    new sdk.GetParametersForImportCommand({
      KeyId: other.KeyId,
      WrappingAlgorithm: "RSAES_OAEP_SHA_256",
      WrappingKeySpec: "RSA_2048",
    }),
  );
  const material = randomBytes(32);
  await assert.rejects(importMaterial(KeyId, material, { ImportToken }), {
    name: "InvalidImportTokenException",
  });
  await importMaterial(KeyId, material, {
    ExpirationModel: "KEY_MATERIAL_EXPIRES",
    ValidTo: new Date(Date.now() + 5000),
  });
  const blob = await seal(KeyId);
  await until("the material has expired", async () => (await stateOf(KeyId)) === "PendingImport", 20_000);
  await assert.rejects(open(blob), sdk.KMSInvalidStateException);
  await assert.rejects(importMaterial(KeyId, randomBytes(32)), { name: "IncorrectKeyMaterialException" });
  await importMaterial(KeyId, material);
  const first = await open(blob);
  await importMaterial(KeyId, randomBytes(32), { ImportType: "NEW_KEY_MATERIAL" });
  await kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId }));
  assert.equal(await open(blob), first);
  assert.notEqual(await open(await seal(KeyId)), first);
});

test("13: imported HMAC keys and private keys, which are never another", async () => {
  const secret = randomBytes(48);
  const mac = await newKey({ Origin: "EXTERNAL", KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC" });
  await assert.rejects(importMaterial(mac.KeyId, randomBytes(32)), sdk.IncorrectKeyMaterialException);
  await importMaterial(mac.KeyId, secret);
  const { Mac } = await kms.send(
    new sdk.GenerateMacCommand({ KeyId: mac.KeyId, Message: bytes("m"), MacAlgorithm: "HMAC_SHA_384" }),
  );
  assert.deepEqual(Buffer.from(Mac ?? []), createHmac("sha384", secret).update("m").digest());
  for (const [spec, SigningAlgorithm, pair] of [
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ECC_NIST_P256", "ECDSA_SHA_256", () => generateKeyPairSync("ec", { namedCurve: "prime256v1" })],
  ] as const) {
    const { publicKey, privateKey } = pair();
    const der = privateKey.export({ format: "der", type: "pkcs8" });
    const other = pair().privateKey.export({ format: "der", type: "pkcs8" });
    const { KeyId } = await newKey({ Origin: "EXTERNAL", KeySpec: spec, KeyUsage: "SIGN_VERIFY" });
    await importMaterial(KeyId, der);
    await kms.send(new sdk.DeleteImportedKeyMaterialCommand({ KeyId }));
    assert.equal(await stateOf(KeyId), "PendingImport");
    await assert.rejects(importMaterial(KeyId, other), sdk.IncorrectKeyMaterialException);
    await importMaterial(KeyId, der);
    const signed = await kms.send(new sdk.SignCommand({ KeyId, Message: bytes("m"), SigningAlgorithm }));
    assert.ok(verify("sha256", bytes("m"), publicKey, signed.Signature ?? bytes("")));
    await assert.rejects(
      kms.send(new sdk.RotateKeyOnDemandCommand({ KeyId })),
      sdk.UnsupportedOperationException,
    );
  }
});

test("14: a dry run changes nothing, and says so by its error", async () => {
  const { KeyId } = await newKey();
  const dry = { KeyId, DryRun: true };
  for (const attempt of [
    kms.send(new sdk.EncryptCommand({ ...dry, Plaintext: bytes("x") })),
    kms.send(new sdk.GenerateDataKeyCommand({ ...dry, KeySpec: "AES_256" })),
    kms.send(
      new sdk.CreateGrantCommand({
        ...dry,
        GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`,
        Operations: ["Decrypt"],
      }),
    ),
  ])
    await assert.rejects(attempt, sdk.DryRunOperationException);
  assert.deepEqual((await kms.send(new sdk.ListGrantsCommand({ KeyId }))).Grants, []);
  assert.deepEqual((await kms.send(new sdk.GetKeyLastUsageCommand({ KeyId }))).KeyLastUsage, {});
});

test("15: what was encrypted here stands in no line that the server wrote", () => {
  const written = w.served.out + w.served.err;
  for (const form of [MARKER, Buffer.from(MARKER).toString("base64"), Buffer.from(MARKER).toString("hex")])
    assert.ok(!written.includes(form));
});
