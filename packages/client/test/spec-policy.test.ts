/** The specification's test list, 35 to 42: policies, legacy options, encryption context, key choice. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import {
  type CommitmentPolicy,
  type EncryptionAlgorithm,
  KmsKeyring,
  MultiKeyring,
  RawAesKeyring,
  RawRsaKeyring,
  S3EncryptionClient,
} from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import { aes, client, failsWith, get, kms, PERMISSIVE, put, rsaReader, V2 } from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());

const POLICIES: readonly CommitmentPolicy[] = [
  "FORBID_ENCRYPT_ALLOW_DECRYPT",
  "REQUIRE_ENCRYPT_ALLOW_DECRYPT",
  "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
];

test("35: every policy with every suite at construction", async () => {
  const suites: readonly EncryptionAlgorithm[] = [
    "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY",
    "ALG_AES_256_GCM_IV12_TAG16_NO_KDF",
    "ALG_AES_256_CBC_IV16_NO_KDF",
    "ALG_AES_256_CTR_IV16_TAG16_NO_KDF",
    "ALG_AES_256_CTR_HKDF_SHA512_COMMIT_KEY",
  ];
  for (const commitmentPolicy of POLICIES)
    for (const [i, encryptionAlgorithm] of suites.entries()) {
      const allowed = i === (commitmentPolicy === "FORBID_ENCRYPT_ALLOW_DECRYPT" ? 1 : 0);
      const make = () => client(fake, { commitmentPolicy, encryptionAlgorithm });
      if (allowed) make();
      else await failsWith("InvalidOption", make);
    }
  await failsWith("InvalidOption", () => client(fake, { commitmentPolicy: "ANY" as CommitmentPolicy }));
  await failsWith("InvalidOption", () => client(fake, { enableLegacyUnauthenticatedModes: true }));
  await failsWith("InvalidOption", () =>
    client(fake, { enableDelayedAuthentication: true, bufferSize: 100 }),
  );
  for (const bufferSize of [15, 1.5, 68_719_476_705, Number.NaN])
    await failsWith("InvalidOption", () => client(fake, { bufferSize }));
  await failsWith("InvalidOption", () => new S3EncryptionClient({ client: fake.s3() } as never));
});

test("36, 38: every policy with every stored format; a refusal makes no KMS call", async () => {
  const keyring = kms(fake);
  await put(client(fake, { keyring }), "v3", "three");
  await put(client(fake, { keyring, ...V2 }), "v2", "two");
  for (const commitmentPolicy of POLICIES) {
    const s3 = client(fake, { keyring, commitmentPolicy });
    assert.equal((await get(s3, "v3")).toString(), "three");
    fake.kmsLog.length = 0;
    if (commitmentPolicy !== "REQUIRE_ENCRYPT_REQUIRE_DECRYPT")
      assert.equal((await get(s3, "v2")).toString(), "two");
    else {
      await failsWith("CommitmentMissing", get(s3, "v2"));
      assert.deepEqual(fake.kmsLog, []);
    }
  }
});

test("37: legacy wraps with the option off and on are in the vectors; off makes no KMS call", async () => {
  await put(client(fake, { keyring: kms(fake), ...V2 }), "k", "x");
  fake.get("k").metadata["x-amz-wrap-alg"] = "kms";
  fake.kmsLog.length = 0;
  await failsWith("LegacyWrapDisabled", get(client(fake, { keyring: kms(fake), ...V2 }), "k"));
  assert.deepEqual(fake.kmsLog, []);
});

test("39: V3 names added to a V2 object do not pass the gate, in any combination", async () => {
  await put(client(fake, V2), "k", "x");
  const plain = { ...fake.get("k").metadata };
  const spoofs = [
    { "x-amz-c": "115", "x-amz-w": "02" },
    { "x-amz-c": "115" },
    { "x-amz-d": "a", "x-amz-i": "a" },
    { "x-amz-c": "115", "x-amz-d": "a", "x-amz-i": "a", "x-amz-3": "a", "x-amz-w": "02" },
  ];
  for (const spoof of spoofs)
    for (const options of [{}, PERMISSIVE]) {
      fake.get("k").metadata = { ...plain, ...spoof };
      await failsWith("ConflictingFormats", get(client(fake, options), "k"));
    }
});

test("40: the context must be exactly the stored one", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  const encryptionContext = { a: "1", b: "2" };
  await put(s3, "k", "x", { encryptionContext });
  assert.equal((await get(s3, "k", { encryptionContext: { b: "2", a: "1" } })).toString(), "x");
  fake.kmsLog.length = 0;
  for (const wrong of [{ a: "1" }, { a: "1", b: "3" }, { a: "1", b: "2", c: "3" }, {}, undefined]) {
    const options = wrong === undefined ? {} : { encryptionContext: wrong };
    await failsWith("ContextMismatch", get(s3, "k", options));
  }
  assert.deepEqual(fake.kmsLog, []);
  const reserved = { encryptionContext: { "aws:x-amz-cek-alg": "115" } };
  await failsWith("ReservedContextKey", get(s3, "k", reserved));
  await failsWith("ReservedContextKey", put(s3, "k", "x", reserved));
  await failsWith("InvalidOption", put(s3, "k", "x", { encryptionContext: { a: 1 } as never }));
});

test("40: a stored context that names another suite is refused before KMS is asked", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  await put(s3, "k", "x");
  fake.kmsLog.length = 0;
  for (const context of ["{}", '{"aws:x-amz-cek-alg":"AES/GCM/NoPadding"}']) {
    fake.get("k").metadata["x-amz-t"] = context;
    await failsWith("MalformedMetadata", get(s3, "k"));
  }
  assert.deepEqual(fake.kmsLog, []);
});

test("41: a caller's context with a wrap that binds none is refused, on reading and on writing", async () => {
  const keyring = kms(fake);
  await put(client(fake, { keyring, ...V2 }), "k", "x", { encryptionContext: { a: "1" } });
  fake.get("k").metadata["x-amz-wrap-alg"] = "kms";
  const s3 = client(fake, { keyring, ...PERMISSIVE });
  await failsWith("ContextNotVerifiable", get(s3, "k", { encryptionContext: { a: "1" } }));
  await failsWith("ContextNotVerifiable", put(client(fake), "k", "x", { encryptionContext: { a: "1" } }));
  await put(client(fake), "k", "x");
  await failsWith("ContextNotVerifiable", get(client(fake), "k", { encryptionContext: { a: "1" } }));
});

test("42: further keys are chosen by material description; no match falls back to the default", async () => {
  const keys = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
  const writer = (n: number) =>
    new RawAesKeyring({ key: keys[n] ?? new Uint8Array(0), materialDescription: { generation: String(n) } });
  for (const n of [0, 1, 2]) await put(client(fake, { keyring: writer(n) }), `g${n}`, `text ${n}`);
  const decryptionKeys = [0, 1].map((n) => ({
    materialDescription: { generation: String(n) },
    key: keys[n] ?? new Uint8Array(0),
  }));
  const reader = client(fake, {
    keyring: new RawAesKeyring({ key: keys[2] ?? new Uint8Array(0), decryptionKeys }),
  });
  for (const n of [0, 1, 2]) assert.equal((await get(reader, `g${n}`)).toString(), `text ${n}`);
  await failsWith("WrongKey", get(client(fake, { keyring: writer(0) }), "g1"));
});

test("several keyrings: the first that fits reads, a service's error passes through, only the primary writes", async () => {
  const [one, two] = [new RawAesKeyring({ key: new Uint8Array(32).fill(1) }), aes()];
  await put(client(fake, { keyring: two }), "k", "x");
  const both = new MultiKeyring({ primary: one, readers: [rsaReader(), two] });
  assert.equal((await get(client(fake, { keyring: both }), "k")).toString(), "x");
  const readOnly = new MultiKeyring({ primary: rsaReader(), readers: [two] });
  await failsWith("CannotWrite", put(client(fake, { keyring: readOnly }), "k", "x"));
  await failsWith("CannotWrite", put(client(fake, { keyring: rsaReader() }), "k", "x"));
  await failsWith(
    "WrongKey",
    get(client(fake, { keyring: new MultiKeyring({ primary: one, readers: [] }) }), "k"),
  );
  await put(client(fake, { keyring: kms(fake) }), "k", "x");
  const mixed = client(fake, {
    keyring: new MultiKeyring({ primary: aes(), readers: [kms(fake), kms(fake)] }),
  });
  fake.fault = ({ path }, response) => {
    if (!path.startsWith("kms")) return false;
    response.writeHead(400, { "Content-Type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ __type: "ThrottlingException", message: "slower" }));
    return true;
  };
  await assert.rejects(get(mixed, "k"), { name: "ThrottlingException" });
  fake.fault = undefined;
  assert.equal((await get(mixed, "k")).toString(), "x");
});

test("a KMS keyring without a key id reads and never writes", async () => {
  await put(client(fake, { keyring: kms(fake) }), "k", "x");
  const keyring = new KmsKeyring({ client: fake.kms() });
  assert.equal((await get(client(fake, { keyring }), "k")).toString(), "x");
  await failsWith("CannotWrite", put(client(fake, { keyring }), "k", "x"));
});

test("unusable keys are refused with the keyring, or at their first use when they must be parsed", async () => {
  await failsWith("InvalidKey", () => new RawAesKeyring({ key: new Uint8Array(31) }));
  await failsWith("InvalidKey", () => new RawRsaKeyring({}));
  await failsWith(
    "InvalidKey",
    put(client(fake, { keyring: new RawRsaKeyring({ publicKey: "no key" }) }), "k", "x"),
  );
});

test("another copy of the SDK is recognised by its schema, and an unknown command with a body is refused", async () => {
  const s3 = client(fake);
  await put(s3, "k", "x");
  class Foreign extends GetObjectCommand {}
  const command = new Foreign({ Bucket: "b", Key: "k" });
  assert.equal(await (await s3.send(command)).Body?.transformToString(), "x");
  const unknown = {
    input: { Bucket: "b", Key: "k", Body: "secret" },
    middlewareStack: {},
    resolveMiddleware: () => 0,
  };
  await failsWith("Unsupported", s3.send(unknown as never));
});

test("a GCM object relabelled as CBC does not unwrap, even with every legacy option on", async () => {
  for (const keyring of [aes(), kms(fake)]) {
    await put(client(fake, { keyring, ...V2 }), "k", "x".repeat(40));
    const iv = Buffer.alloc(16, 1).toString("base64");
    fake.get("k").metadata["x-amz-cek-alg"] = "AES/CBC/PKCS5Padding";
    fake.get("k").metadata["x-amz-tag-len"] = "0";
    fake.get("k").metadata["x-amz-iv"] = iv;
    await failsWith(["WrongKey", "MalformedMetadata"], get(client(fake, { keyring, ...PERMISSIVE }), "k"));
  }
});
