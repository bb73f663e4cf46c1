/** The trail over the real server: who used which key, linked to the request that caused it, and no secret anywhere. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CreateGrantCommand, CreateKeyCommand, DecryptCommand, EncryptCommand } from "@aws-sdk/client-kms";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { at, query, verified } from "./audit/ask.ts";
import { command, serve, type Served, temporaryDirectory, until } from "./serve.ts";

const ACCOUNT = "000000000000";
const KEY_ARN = `arn:aws:kms:us-east-1:${ACCOUNT}:key/ledger`;
const APP = { accessKeyId: "app-key", secretAccessKey: "app-secret-7c1f" };
const ADMIN = { accessKeyId: "admin-key", secretAccessKey: "admin-secret-9d2e" };

const allow = (...actions: string[]) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
});
const BOOTSTRAP = {
  accounts: [
    {
      id: ACCOUNT,
      users: [
        { name: "app", inline: { all: allow("s3:*", "kms:*") }, accessKeys: [APP] },
        { name: "storage-admin", inline: { s3: allow("s3:*") }, accessKeys: [ADMIN] },
      ],
      roles: [
        {
          name: "reader",
          inline: { s3: allow("s3:*", "kms:*") },
          trust: {
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
                Action: "sts:AssumeRole",
              },
            ],
          },
        },
      ],
    },
  ],
  keys: [{ keyId: "ledger", aliases: ["alias/ledger"] }],
};
/** Once: the SDK's clients write into the credentials that they are given. */
const BOOTSTRAP_TEXT = JSON.stringify(BOOTSTRAP);

async function start(
  t: { after(fn: () => void | Promise<void>): void },
  args: readonly string[] = [],
): Promise<Served> {
  const data = temporaryDirectory();
  const file = join(data, "bootstrap.json");
  writeFileSync(file, BOOTSTRAP_TEXT);
  const server = await serve({ data, args: ["--bootstrap", file, ...args] });
  t.after(() => server.killAll());
  return server;
}

const statusOf = (error: unknown): unknown =>
  error instanceof Error && "$metadata" in error
    ? Reflect.get(Object(error.$metadata), "httpStatusCode")
    : error;

for (const workers of [1, 2]) {
  test(`allowed and denied uses of a key, linked to their request, ${workers} worker(s)`, async (t) => {
    const server = await start(t, ["--workers", String(workers)]);
    const root = server.s3();
    await root.send(new CreateBucketCommand({ Bucket: "ledger" }));
    const app = server.s3({ credentials: APP });
    const put = await app.send(
      new PutObjectCommand({
        Bucket: "ledger",
        Key: "2026/close.csv",
        Body: "42",
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: "alias/ledger",
      }),
    );
    const got = await app.send(new GetObjectCommand({ Bucket: "ledger", Key: "2026/close.csv" }));
    await got.Body?.transformToByteArray();
    const admin = server.s3({ credentials: ADMIN });
    const denied = await admin
      .send(new GetObjectCommand({ Bucket: "ledger", Key: "2026/close.csv" }))
      .catch((error: unknown) => error);
    assert.equal(statusOf(denied), 403);
    await admin.send(new HeadObjectCommand({ Bucket: "ledger", Key: "2026/close.csv" }));

    const object = "ledger/2026/close.csv";
    // Its caller has its answer: the record is there, whichever process wrote it.
    const reads = await query(server.data, "--object", object, "--event", "GetObject");
    assert.equal(reads.length, 2);
    const [allowed, refused] = reads;
    assert.equal(at(allowed, "userIdentity", "arn"), `arn:aws:iam::${ACCOUNT}:user/app`);
    assert.equal(at(allowed, "errorCode"), undefined);
    assert.equal(at(allowed, "additionalEventData", "SSEApplied"), "SSE_KMS");
    assert.equal(at(allowed, "additionalEventData", "sseKmsKeyArn"), KEY_ARN);
    assert.equal(at(allowed, "additionalEventData", "keyAccess"), "kms");
    assert.equal(at(allowed, "additionalEventData", "bytesTransferredOut"), 2);
    assert.equal(at(refused, "userIdentity", "userName"), "storage-admin");
    assert.equal(at(refused, "errorCode"), "AccessDenied");
    assert.match(String(at(refused, "errorMessage")), /kms:Decrypt/);

    for (const event of [allowed, refused]) {
      const both = await query(server.data, "--request", String(at(event, "requestID")));
      const kms = both.filter((e) => at(e, "eventSource") === "kms.amazonaws.com");
      assert.equal(kms.length, 1);
      const [use] = kms;
      assert.equal(at(use, "eventName"), "Decrypt");
      assert.equal(at(use, "userIdentity", "arn"), at(event, "userIdentity", "arn"));
      assert.equal(at(use, "userIdentity", "invokedBy"), "AWS Internal");
      assert.equal(at(use, "additionalEventData", "s3RequestID"), at(event, "requestID"));
      assert.deepEqual(at(event, "additionalEventData", "kmsRequestIDs"), [at(use, "requestID")]);
      assert.equal(at(use, "errorCode"), at(event, "errorCode"));
      assert.equal(at(use, "resources", 0, "ARN"), KEY_ARN);
      assert.equal(at(use, "requestParameters", "encryptionContext", "aws:s3:arn"), `arn:aws:s3:::${object}`);
    }
    assert.match(
      (await query(server.data, "denied-decrypts", "--group-by", "principal,key"))
        .map((g) => JSON.stringify(g))
        .join(),
      /"count":1,"principal":"arn:aws:iam::000000000000:user\/storage-admin"/,
    );
    const puts = await query(server.data, "--event", "PutObject", "--object", object);
    assert.equal(
      at(puts[0], "responseElements", "x-amz-server-side-encryption-aws-kms-key-id"),
      put.SSEKMSKeyId,
    );
    assert.equal(at(puts[0], "additionalEventData", "SSEApplied"), "SSE_KMS");
    const beside = await verified(server.data);
    assert.equal(at(beside, "problems", "length"), 0);
    await server.stop();
    const whole = await verified(server.data);
    assert.equal(at(whole, "unsigned"), 0);
    assert.equal(at(whole, "open"), 0);
  });
}

test("no secret stands in the trail", async (t) => {
  const server = await start(t);
  const root = server.s3();
  await root.send(new CreateBucketCommand({ Bucket: "canary" }));
  const app = server.s3({ credentials: APP });
  const customerKey = randomBytes(32);
  const md5 = createHash("md5").update(customerKey).digest("base64");
  const ssec = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: customerKey.toString("base64"),
    SSECustomerKeyMD5: md5,
  };
  const place = { Bucket: "canary", Key: "k" };
  await app.send(
    new PutObjectCommand({ ...place, ...ssec, Body: "canary-body", Metadata: { note: "canary-metadata" } }),
  );
  await (await app.send(new GetObjectCommand({ ...place, ...ssec }))).Body?.transformToByteArray();
  const kms = server.kms({ credentials: APP });
  const plaintext = Buffer.from("canary-plaintext");
  const sealed = await kms.send(new EncryptCommand({ KeyId: "alias/ledger", Plaintext: plaintext }));
  await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
  const grant = await kms.send(
    new CreateGrantCommand({
      KeyId: KEY_ARN,
      GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/app`,
      Operations: ["Decrypt"],
    }),
  );
  const config = { endpoint: server.endpoint, region: "us-east-1", maxAttempts: 1 };
  const iam = new IAMClient({
    ...config,
    credentials: { accessKeyId: "test-root", secretAccessKey: "test-root-secret" },
  });
  await iam.send(new CreateUserCommand({ UserName: "new" }));
  const made = await iam.send(new CreateAccessKeyCommand({ UserName: "new" }));
  const sts = new STSClient({
    ...config,
    credentials: { accessKeyId: "test-root", secretAccessKey: "test-root-secret" },
  });
  const role = await sts
    .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/reader`, RoleSessionName: "s" }))
    .catch(() => undefined);
  // Anybody's key id may be claimed; the secret that signed is not ours to know.
  const stranger = server.s3({ credentials: { accessKeyId: "app-key", secretAccessKey: "wrong-secret" } });
  await stranger.send(new HeadObjectCommand(place)).catch(() => undefined);

  const events = await query(server.data, "--intents");
  const text = JSON.stringify(events);
  const secrets = [
    customerKey.toString("base64"),
    customerKey.toString("hex"),
    md5,
    Buffer.from(md5, "base64").toString("hex"),
    "canary-body",
    "canary-metadata",
    plaintext.toString(),
    plaintext.toString("base64"),
    Buffer.from(sealed.CiphertextBlob ?? []).toString("base64"),
    grant.GrantToken ?? "no token",
    made.AccessKey?.SecretAccessKey ?? "no secret",
    role?.Credentials?.SecretAccessKey ?? "no secret",
    role?.Credentials?.SessionToken ?? "no token",
    APP.secretAccessKey,
    "wrong-secret",
    "Signature=",
  ];
  for (const secret of secrets) assert.equal(text.includes(secret), false, secret);
  assert.ok(text.includes(grant.GrantId ?? "no grant"));
  assert.ok(text.includes(made.AccessKey?.AccessKeyId ?? "no key"));
  const fingerprints = events
    .map((e) => at(e, "additionalEventData", "ssecKeyFingerprint"))
    .filter((f) => f !== undefined);
  assert.equal(new Set(fingerprints).size, 1);
  assert.ok(
    events.some(
      (e) =>
        at(e, "errorCode") === "SignatureDoesNotMatch" && at(e, "userIdentity", "accessKeyId") === "app-key",
    ),
  );
  assert.ok(events.some((e) => at(e, "eventName") === "AuditQuery"));
  const sources = new Set(events.map((e) => at(e, "eventSource")));
  for (const source of ["s3", "kms", "iam", "sts"]) assert.ok(sources.has(`${source}.amazonaws.com`), source);
  await server.stop();
  // At rest nothing can be read at all.
  for (const file of readdirSync(join(server.data, "audit"), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath, file.name));
    for (const word of ["canary", "GetObject", "app-key"]) assert.equal(bytes.includes(word), false, word);
  }
});

test("changes of rules stand in the trail before they happen", async (t) => {
  const server = await start(t);
  const root = server.s3();
  await root.send(new CreateBucketCommand({ Bucket: "ledger" }));
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Deny", Principal: "*", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::ledger/*" },
    ],
  });
  await root.send(new PutBucketPolicyCommand({ Bucket: "ledger", Policy: policy }));
  const changes = await query(server.data, "--event", "PutBucketPolicy", "--intents");
  assert.deepEqual(
    changes.map((e) => at(e, "additionalEventData", "phase")),
    ["intent", undefined],
  );
  assert.equal(at(changes[0], "requestID"), at(changes[1], "requestID"));
  // A new key has its policy from the start.
  await server.kms({ credentials: APP }).send(new CreateKeyCommand({}));
  assert.deepEqual(
    (await query(server.data, "policy-changes")).map((e) => at(e, "eventName")),
    ["PutBucketPolicy", "CreateKey"],
  );
  await server.stop();
});

test("what was answered is there after kill -9", async (t) => {
  const server = await start(t);
  const kms = server.kms({ credentials: APP });
  const answered: string[] = [];
  const clients = Array.from({ length: 8 }, async (_, c) => {
    for (let i = 0; ; i++) {
      const name = `${c}-${i}`;
      const input = { KeyId: "alias/ledger", Plaintext: Buffer.from("x"), EncryptionContext: { name } };
      await kms.send(new EncryptCommand(input));
      answered.push(name);
    }
  });
  const all = Promise.allSettled(clients);
  await until("200 answers", () => answered.length >= 200, 60_000);
  await server.killAll();
  await all;
  const again = await serve({ data: server.data });
  t.after(() => again.killAll());
  const events = await query(server.data, "--event", "Encrypt");
  const names = new Set(events.map((e) => at(e, "requestParameters", "encryptionContext", "name")));
  assert.deepEqual(
    answered.filter((name) => !names.has(name)),
    [],
  );
  assert.deepEqual(at(await verified(server.data), "problems"), []);
  await again.stop();
});

test("a record is proved offline; old segments go, on record, and the rest verifies", async (t) => {
  const server = await start(t);
  await server.s3().send(new CreateBucketCommand({ Bucket: "ledger" }));
  await server.stop();
  const [event] = await query(server.data, "--event", "CreateBucket");
  const eventId = String(at(event, "eventID"));
  const proof = await command(["audit", "prove", "--data", server.data, eventId]);
  assert.equal(proof.code, 0, proof.err);
  const keys = await command(["key", "public-key", "--data", server.data]);
  const key = keys.out.trim();
  const file = join(temporaryDirectory(), "proof.json");
  writeFileSync(file, proof.out);
  const check = (publicKey: string) =>
    command(["audit", "verify", "--proof", file, "--public-key", publicKey]);
  const valid = await check(key);
  assert.equal(valid.code, 0, valid.err);
  assert.match(valid.out, /^VALID: [\s\S]*CreateBucket/);
  assert.equal((await check(randomBytes(32).toString("base64"))).code, 1);
  writeFileSync(file, proof.out.replace("CreateBucket", "DeleteBucket"));
  const forged = await check(key);
  assert.equal(forged.code, 1);
  assert.match(forged.err, /INVALID/);

  const before = await verified(server.data);
  const pruned = await command(["audit", "prune", "--data", server.data, "--older-than", "0m"]);
  assert.equal(pruned.code, 0, pruned.err);
  assert.match(pruned.out, /removed/);
  const after = await verified(server.data);
  assert.ok(Number(at(after, "pruned")) >= Number(at(before, "records")));
  assert.deepEqual(await query(server.data, "--event", "CreateBucket"), []);
  const [record] = await query(server.data, "--event", "SegmentPruned");
  assert.equal(at(record, "eventSource"), "system");
  assert.equal(at(record, "serviceEventDetails", "by"), "command");
  const again = await command(["audit", "prove", "--data", server.data, eventId]);
  assert.equal(again.code, 1);
});

test("copies name their source, deletions of many their keys, changes of rules their documents", async (t) => {
  const server = await start(t);
  const root = server.s3();
  for (const Bucket of ["ledger", "archive"]) await root.send(new CreateBucketCommand({ Bucket }));
  await root.send(new PutObjectCommand({ Bucket: "ledger", Key: "a/1", Body: "x" }));
  await root.send(new CopyObjectCommand({ Bucket: "archive", Key: "copy", CopySource: "ledger/a%2F1" }));
  const arn = (name: string): string => `arn:aws:s3:::${name}`;
  const [copy] = await query(server.data, "--object", "ledger/a/1", "--event", "CopyObject");
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => at(copy, "resources", i, "ARN")),
    [arn("archive/copy"), arn("archive"), arn("ledger/a/1"), arn("ledger")],
  );
  assert.equal(at(copy, "resources", 3, "accountId"), ACCOUNT);
  assert.equal((await query(server.data, "--bucket", "ledger", "--event", "CopyObject")).length, 1);

  const long = Array.from({ length: 60 }, (_, n) => `${"k".repeat(900)}${n}`);
  await root.send(
    new DeleteObjectsCommand({
      Bucket: "ledger",
      Delete: {
        Objects: [{ Key: "a/1" }, { Key: "none", VersionId: "bad" }, ...long.map((Key) => ({ Key }))],
      },
    }),
  );
  const deletions = await query(server.data, "--event", "DeleteObjects");
  const keys = deletions.flatMap((e) => at(e, "additionalEventData", "keys") as readonly unknown[]);
  assert.deepEqual(at(keys[0]), { key: "a/1" });
  assert.equal(at(keys[1], "key"), "none");
  assert.equal(at(keys[1], "versionId"), "bad");
  assert.equal(typeof at(keys[1], "errorCode"), "string");
  assert.equal(keys.length, 62);
  assert.equal(new Set(deletions.map((e) => at(e, "requestID"))).size, 1);
  assert.ok(deletions.length > 1);
  // Each is found by the keys that it names.
  const found = await query(server.data, "--object", `ledger/${long.at(-1)}`);
  assert.deepEqual(
    found.map((e) => at(e, "additionalEventData", "keysPart")),
    [deletions.length],
  );

  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Principal: "*", Action: "s3:DeleteBucket", Resource: arn("ledger") }],
  };
  await root.send(new PutBucketPolicyCommand({ Bucket: "ledger", Policy: JSON.stringify(policy) }));
  const [change] = await query(server.data, "--event", "PutBucketPolicy");
  assert.deepEqual(at(change, "requestParameters", "bucketPolicy"), policy);
  await root.send(
    new PutBucketEncryptionCommand({
      Bucket: "ledger",
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: KEY_ARN } }],
      },
    }),
  );
  const [encryption] = await query(server.data, "--event", "PutBucketEncryption");
  assert.equal(at(encryption, "requestParameters", "encryption", "rule", "kmsKeyId"), KEY_ARN);
  assert.equal((await verified(server.data))["problems"] instanceof Array, true);
  await server.stop();
});

test("starts, ends and changed settings stand in the trail", async (t) => {
  const first = await start(t);
  await first.stop();
  const second = await serve({ data: first.data, args: ["--bucket-key-seconds", "60"] });
  t.after(() => second.killAll());
  await second.stop();
  const events = (await query(first.data, "--source", "system")).map((e) => at(e, "eventName"));
  assert.deepEqual(events, [
    "Unseal",
    "RootAccessChange",
    "BootstrapApply",
    "Seal",
    "Unseal",
    "ConfigChange",
    "Seal",
  ]);
  const [change] = await query(first.data, "--event", "ConfigChange");
  const changed = at(change, "serviceEventDetails", "changed");
  assert.deepEqual(at(changed, "bucketKeySeconds"), { from: 300, to: 60 });
  assert.equal(JSON.stringify(change).includes("test-root-secret"), false);
  const [unseal] = await query(first.data, "--event", "Unseal");
  assert.equal(at(unseal, "serviceEventDetails", "source"), "file");
});
