/**
 * The role-separation scenarios of the access contract (spec access 10), one test each, through the AWS SDK against a
 * running server. Key K1 under a policy without delegation (strict), K2 under the default policy, `aws/s3` under its own;
 * a bucket for each with that key as its default.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { PutUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UpdateObjectEncryptionCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { STRICT } from "./access/policies.ts";
import {
  ACCOUNT,
  type Actor,
  denied,
  kmsDenied,
  OTHER,
  policy,
  refused,
  startWorld,
} from "./access/world.ts";

const w = await startWorld();
/** Full S3 administrator without a right on any key. */
let storage: Actor;
let keyAdmin: Actor;
let app: Actor;
let appArn: string;
/** Of the other account; everything in S3, and kms:Decrypt. */
let bob: Actor;
/** Wrapped under a strict key, by somebody who might then. */
let captured: Uint8Array | undefined;
let k1: string;
let k2: string;

const GRANT_SOURCE = "because no resource-based policy allows";
const OWN_SOURCE = "because no identity-based policy allows";

const get = (who: Actor, bucket: string, key = "x") =>
  who.s3
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    .then(({ Body }) => Body?.transformToString());
const put = (who: Actor, bucket: string, key = "x", more: Partial<PutObjectCommand["input"]> = {}) =>
  who.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: `${bucket}/${key}`, ...more }));
const setPolicy = (bucket: string, document: string, by = w.root) =>
  by.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: document }));

async function bucketUnder(name: string, kmsKeyId?: string): Promise<void> {
  await w.bucket(name);
  const rule = {
    SSEAlgorithm: "aws:kms" as const,
    ...(kmsKeyId === undefined ? {} : { KMSMasterKeyID: kmsKeyId }),
  };
  await w.root.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: name,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] },
    }),
  );
}

async function key(by: Actor, document?: string): Promise<string> {
  const { KeyMetadata } = await by.kms.send(new CreateKeyCommand({ Policy: document }));
  assert.ok(KeyMetadata?.Arn !== undefined);
  return KeyMetadata.Arn;
}

before(async () => {
  storage = await w.user("storage", policy({ Action: "s3:*" }));
  const adminArn = await w.role("KeyAdmin", policy({ Action: "kms:CreateKey" }));
  appArn = await w.role("AppRole", policy({ Action: ["s3:GetObject", "s3:PutObject"] }));
  keyAdmin = await w.session(adminArn);
  app = await w.session(appArn);
  bob = await w.user("bob", policy({ Action: ["s3:*", "kms:Decrypt"] }), w.otherRoot);
  k1 = await key(keyAdmin, STRICT);
  k2 = await key(w.root);
  await bucketUnder("strict", k1);
  await bucketUnder("delegated", k2);
  await bucketUnder("managed");
  await put(app, "strict");
  await put(w.root, "delegated");
  await put(w.root, "managed");
});

test("1: a storage administrator can't read under a strict key", async () => {
  await assert.rejects(get(storage, "strict"), denied("kms:Decrypt", GRANT_SOURCE));
});

test("2: nor write under it", async () => {
  await assert.rejects(put(storage, "strict", "new"), denied("kms:GenerateDataKey", GRANT_SOURCE));
});

test("3: metadata and destruction are not the key's to protect; old objects stay under it", async () => {
  await bucketUnder("shop", k1);
  await put(app, "shop", "kept");
  await put(app, "shop", "gone");
  const listed = await storage.s3.send(new ListObjectsV2Command({ Bucket: "shop" }));
  assert.deepEqual(
    listed.Contents?.map(({ Key }) => Key),
    ["gone", "kept"],
  );
  await storage.s3.send(new DeleteObjectCommand({ Bucket: "shop", Key: "gone" }));
  await setPolicy(
    "shop",
    policy({ Effect: "Deny", Principal: "*", Action: "s3:PutBucketTagging", Resource: "arn:aws:s3:::shop" }),
    storage,
  );
  await storage.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: "shop",
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
    }),
  );
  const head = await storage.s3.send(new HeadObjectCommand({ Bucket: "shop", Key: "kept" }));
  assert.equal(head.SSEKMSKeyId, k1);
  await assert.rejects(get(storage, "shop", "kept"), denied("kms:Decrypt", GRANT_SOURCE));
});

test("4: a copy to SSE-S3 needs the source's key", async () => {
  await w.bucket("own");
  const copy = new CopyObjectCommand({
    Bucket: "own",
    Key: "stolen",
    CopySource: "strict/x",
    ServerSideEncryption: "AES256",
  });
  await assert.rejects(storage.s3.send(copy), denied("kms:Decrypt", GRANT_SOURCE));
});

test("5: under the default key policy the caller's own policies must allow", async () => {
  await assert.rejects(get(storage, "delegated"), denied("kms:Decrypt", OWN_SOURCE));
});

test("6 and 7: whoever edits IAM helps himself under the default key policy, and not under a strict one", async () => {
  const own = policy({ Action: ["s3:*", "iam:PutUserPolicy"] });
  const editor = await w.user("editor", own);
  await assert.rejects(get(editor, "delegated"), denied("kms:Decrypt", OWN_SOURCE));
  await editor.iam.send(
    new PutUserPolicyCommand({
      UserName: "editor",
      PolicyName: "more",
      PolicyDocument: policy({ Action: "kms:*" }),
    }),
  );
  assert.equal(await get(editor, "delegated"), "delegated/x");
  await assert.rejects(get(editor, "strict"), denied("kms:Decrypt", GRANT_SOURCE));
});

test("8: the key aws/s3 lets in whomever S3 lets in", async () => {
  assert.equal(await get(storage, "managed"), "managed/x");
});

test("9: a key administrator can't open a captured wrapped key", async () => {
  const open = JSON.parse(STRICT);
  open.Statement.push({
    Effect: "Allow",
    Principal: { AWS: appArn },
    Action: "kms:Encrypt",
    Resource: "*",
  });
  const own = await key(keyAdmin, JSON.stringify(open));
  const { CiphertextBlob } = await app.kms.send(
    new EncryptCommand({ KeyId: own, Plaintext: Buffer.from("a data key") }),
  );
  await keyAdmin.kms.send(new PutKeyPolicyCommand({ KeyId: own, Policy: STRICT }));
  captured = CiphertextBlob;
  await assert.rejects(
    keyAdmin.kms.send(new DecryptCommand({ CiphertextBlob })),
    kmsDenied("kms:Decrypt", GRANT_SOURCE),
  );
});

test("10: it can let itself in at the key, in the open, and S3 still says no", async () => {
  const own = await key(keyAdmin, STRICT);
  await bucketUnder("escalated", own);
  await put(app, "escalated");
  const wider = JSON.parse(STRICT);
  wider.Statement.push({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/KeyAdmin` },
    Action: "kms:Decrypt",
    Resource: "*",
  });
  await keyAdmin.kms.send(new PutKeyPolicyCommand({ KeyId: own, Policy: JSON.stringify(wider) }));
  await assert.rejects(get(keyAdmin, "escalated"), denied("s3:GetObject", OWN_SOURCE));
});

test("11: disabling a key stops its readers at once, with bucket keys in the cache as well", async () => {
  await w.root.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: "strict",
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: k1 },
            BucketKeyEnabled: true,
          },
        ],
      },
    }),
  );
  await put(app, "strict", "cached");
  assert.equal(await get(app, "strict", "cached"), "strict/cached");
  await keyAdmin.kms.send(new DisableKeyCommand({ KeyId: k1 }));
  for (const name of ["x", "cached"])
    await assert.rejects(get(app, "strict", name), refused(400, "KMS.DisabledException"));
  await keyAdmin.kms.send(new EnableKeyCommand({ KeyId: k1 }));
  assert.equal(await get(app, "strict", "cached"), "strict/cached");
});

test("12: the application reads and writes", async () => {
  await put(app, "strict", "mine");
  assert.equal(await get(app, "strict", "mine"), "strict/mine");
});

test("13: and can't use the key but through S3", async () => {
  await assert.rejects(
    app.kms.send(new DecryptCommand({ CiphertextBlob: captured })),
    kmsDenied("kms:Decrypt"),
  );
});

test("14: a session policy without KMS takes the key away", async () => {
  const narrow = await w.session(appArn, policy({ Action: "s3:*" }));
  await assert.rejects(get(narrow, "strict"), denied("kms:Decrypt"));
});

test("15: an auditor describes and does not decrypt", async () => {
  const auditor = await w.user(
    "auditor",
    policy({ Action: ["kms:Describe*", "kms:List*", "kms:GetKeyPolicy"] }),
  );
  const { KeyMetadata } = await auditor.kms.send(new DescribeKeyCommand({ KeyId: k2 }));
  assert.equal(KeyMetadata?.Arn, k2);
  const { CiphertextBlob } = await w.root.kms.send(
    new EncryptCommand({ KeyId: k2, Plaintext: Buffer.from("x") }),
  );
  await assert.rejects(
    auditor.kms.send(new DecryptCommand({ CiphertextBlob })),
    kmsDenied("kms:Decrypt", OWN_SOURCE),
  );
});

test("16: root reads what the key's policy gives it, and no more", async () => {
  assert.equal(await get(w.root, "delegated"), "delegated/x");
  await assert.rejects(get(w.root, "strict"), denied("kms:Decrypt", GRANT_SOURCE));
});

test("17: root can't change a strict key's policy", async () => {
  const open = new PutKeyPolicyCommand({ KeyId: k1, Policy: policy({ Principal: "*", Action: "kms:*" }) });
  await assert.rejects(w.root.kms.send(open), kmsDenied("kms:PutKeyPolicy"));
});

test("18 and 19: across accounts the bucket, the key and the caller's own side must all allow", async () => {
  await setPolicy(
    "delegated",
    policy({
      Principal: { AWS: `arn:aws:iam::${OTHER}:user/bob` },
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::delegated/*",
    }),
  );
  await assert.rejects(get(bob, "delegated"), denied("kms:Decrypt"));
  const document = policy(
    { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*" },
    { Principal: { AWS: OTHER }, Action: "kms:Decrypt" },
  );
  await w.root.kms.send(new PutKeyPolicyCommand({ KeyId: k2, Policy: document }));
  assert.equal(await get(bob, "delegated"), "delegated/x");
});

test("20: aws/s3 is its own account's alone", async () => {
  await setPolicy(
    "managed",
    policy({
      Principal: { AWS: `arn:aws:iam::${OTHER}:user/bob` },
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::managed/*",
    }),
  );
  await assert.rejects(get(bob, "managed"), denied("kms:Decrypt"));
});

test("21: anonymous readers see SSE-S3 objects of a public bucket, and never SSE-KMS ones", async () => {
  await w.bucket("public");
  await put(w.root, "public", "plain");
  await put(w.root, "public", "under-kms", { ServerSideEncryption: "aws:kms" });
  const open = policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::public/*" });
  await assert.rejects(setPolicy("public", open), denied("s3:PutBucketPolicy", "BlockPublicPolicy"));
  await w.root.s3.send(new DeletePublicAccessBlockCommand({ Bucket: "public" }));
  await setPolicy("public", open);
  const plain = await w.anonymous("/public/plain");
  assert.deepEqual([plain.status, await plain.text()], [200, "public/plain"]);
  const secret = await w.anonymous("/public/under-kms");
  const text = await secret.text();
  assert.equal(secret.status, 400);
  assert.match(text, /<Code>InvalidArgument<\/Code>/);
  assert.match(
    text,
    /Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4\./,
  );
  assert.match(text, /<ArgumentName>Authorization<\/ArgumentName><ArgumentValue>null<\/ArgumentValue>/);
});

test("22: a grant with a constraint opens one object and no other", async () => {
  const reader = await w.user("reader", policy({ Action: "s3:GetObject" }));
  for (const name of ["a", "b"]) await put(w.root, "delegated", name);
  await assert.rejects(get(reader, "delegated", "a"), denied("kms:Decrypt"));
  await w.root.kms.send(
    new CreateGrantCommand({
      KeyId: k2,
      GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/reader`,
      Operations: ["Decrypt"],
      Constraints: { EncryptionContextEquals: { "aws:s3:arn": "arn:aws:s3:::delegated/a" } },
    }),
  );
  assert.equal(await get(reader, "delegated", "a"), "delegated/a");
  await assert.rejects(get(reader, "delegated", "b"), denied("kms:Decrypt"));
});

test("23: a deny of the caller's own wins over aws/s3", async () => {
  const barred = await w.user(
    "barred",
    policy({ Action: "s3:GetObject" }, { Effect: "Deny", Action: "kms:Decrypt" }),
  );
  await assert.rejects(
    get(barred, "managed"),
    denied("kms:Decrypt", "with an explicit deny in an identity-based policy"),
  );
});

test("24: SSE-C asks for the customer's key, whoever comes", async () => {
  await w.bucket("customer");
  const customer = { SSECustomerAlgorithm: "AES256", SSECustomerKey: "k".repeat(32) };
  await put(w.root, "customer", "c", customer);
  const at = { Bucket: "customer", Key: "c" };
  await assert.rejects(storage.s3.send(new GetObjectCommand(at)), refused(400, "InvalidRequest"));
  await assert.rejects(storage.s3.send(new HeadObjectCommand(at)), (error: unknown) => {
    assert.ok(error instanceof Error && "$metadata" in error);
    assert.deepEqual(
      Object.entries(Object(error.$metadata)).find(([n]) => n === "httpStatusCode"),
      ["httpStatusCode", 400],
    );
    return true;
  });
  const wrong = { ...customer, SSECustomerKey: "w".repeat(32) };
  await assert.rejects(storage.s3.send(new GetObjectCommand({ ...at, ...wrong })), denied());
});

test("25: a presigned URL is worth what its signer may do at that moment", async () => {
  const role = await w.role("Presigner", policy({ Action: ["s3:GetObject", "kms:Decrypt"] }));
  const signer = await w.session(role);
  const url = await getSignedUrl(signer.s3, new GetObjectCommand({ Bucket: "delegated", Key: "x" }));
  const used = await fetch(url);
  assert.deepEqual([used.status, await used.text()], [200, "delegated/x"]);
  await w.rolePolicy("Presigner", policy({ Action: "s3:GetObject" }));
  assert.equal((await fetch(url)).status, 403);
  await w.rolePolicy("Presigner", policy({ Action: "kms:Decrypt" }));
  assert.equal((await fetch(url)).status, 403);
  const strict = await getSignedUrl(app.s3, new GetObjectCommand({ Bucket: "strict", Key: "x" }));
  assert.equal((await fetch(strict)).status, 200);
  await keyAdmin.kms.send(new DisableKeyCommand({ KeyId: k1 }));
  assert.equal((await fetch(strict)).status, 400);
  await keyAdmin.kms.send(new EnableKeyCommand({ KeyId: k1 }));
});

test("26: changing an object's key needs both keys", async () => {
  const update = new UpdateObjectEncryptionCommand({
    Bucket: "strict",
    Key: "x",
    ObjectEncryption: { SSEKMS: { KMSKeyArn: k2 } },
  });
  await assert.rejects(storage.s3.send(update), denied("kms:"));
});

test("27: a policy on the key header denies whoever leaves the header out; the effective key does not", async () => {
  await bucketUnder("header", k2);
  const deny = (name: string): string =>
    policy({
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::header/*",
      Condition: { StringNotEquals: { [name]: k2 } },
    });
  const named = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: k2 } as const;
  await setPolicy("header", deny("s3:x-amz-server-side-encryption-aws-kms-key-id"));
  await assert.rejects(
    put(w.root, "header"),
    denied("s3:PutObject", "with an explicit deny in a resource-based policy"),
  );
  await put(w.root, "header", "x", named);
  await setPolicy("header", deny("strongroom:effective-kms-key-id"));
  await put(w.root, "header");
  await put(w.root, "header", "x", named);
  await assert.rejects(
    put(w.root, "header", "x", { ServerSideEncryption: "AES256" }),
    denied("s3:PutObject"),
  );
});
