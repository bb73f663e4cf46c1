import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyAuthoriser } from "../iam/policy-authoriser.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { createAlias } from "./aliases.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { scheduleDeletion } from "./deletion.ts";
import { embeddedKeyService } from "./embedded.ts";
import { generateDataKey } from "./encryption.ts";
import { describeKey, disableKey } from "./lifecycle.ts";
import { ACCOUNT, directRequester, OTHER_ACCOUNT, REGION, rootCaller, testKms } from "./test/kernel.ts";

const me = directRequester();
const context = new Map([["aws:s3:arn", "arn:aws:s3:::bucket/key"]]);

test("a data key comes back from its blob, for the same requester and context", async () => {
  const { kms, calls } = await testKms();
  const service = embeddedKeyService(kms);
  const caller = rootCaller();
  const made = await service.generateDataKey(caller, undefined, context);
  const again = await service.decrypt(caller, made.keyArn, made.blob, context);
  assert.ok(again.equals(made.plaintext));
  assert.equal(made.blob.length, 117);
  assert.deepEqual(
    [...calls],
    [
      ["GenerateDataKey", 1],
      ["Decrypt", 1],
    ],
  );
  await assert.rejects(async () => service.decrypt(caller, made.keyArn, made.blob, new Map()), {
    code: "InvalidCiphertextException",
  });
});

test("the managed key is made once, whoever comes first", async () => {
  const model = new MemoryModel();
  const processes = await Promise.all(Array.from({ length: 4 }, () => testKms(model.open())));
  const arns = await Promise.all(
    processes.flatMap(({ kms }) =>
      [1, 2].map(async () =>
        embeddedKeyService(kms).authoriseUse(rootCaller(), undefined, "GenerateDataKey", context),
      ),
    ),
  );
  assert.equal(new Set(arns).size, 1);
  const other = await embeddedKeyService(processes[0]?.kms ?? assert.fail()).authoriseUse(
    rootCaller(OTHER_ACCOUNT),
    undefined,
    "Encrypt",
    context,
  );
  assert.notEqual(other, arns[0]);
});

test("all four forms of a key id lead to its ARN", async () => {
  const { kms } = await testKms();
  const service = embeddedKeyService(kms);
  const { KeyId, Arn } = await createKey(kms, me, {});
  await createAlias(kms, me, "alias/data", String(KeyId));
  for (const id of [String(KeyId), String(Arn), "alias/data", `arn:aws:kms:${REGION}:${ACCOUNT}:alias/data`])
    assert.equal(await service.authoriseUse(rootCaller(), id, "GenerateDataKey", context), Arn);
});

test("each use is authorised as the requester, by the values that S3 owes", async () => {
  const { kms, authoriser, calls } = await testKms();
  const service = embeddedKeyService(kms);
  await createKey(kms, me, {}).then((key) => createAlias(kms, me, "alias/data", String(key.KeyId)));
  const caller = rootCaller();
  authoriser.asked.length = 0;
  const arn = await service.authoriseUse(caller, "alias/data", "Decrypt", context);
  assert.equal(calls.size, 0);
  const [asked] = authoriser.asked;
  assert.equal(asked?.action, "kms:Decrypt");
  assert.equal(asked.resource, arn);
  assert.match(asked.resourcePolicy?.text ?? "", /key-default-1/);
  const owed = {
    "kms:keyspec": "SYMMETRIC_DEFAULT",
    "kms:keyusage": "ENCRYPT_DECRYPT",
    "kms:keyorigin": "AWS_KMS",
    "kms:multiregion": "false",
    "kms:multiregionkeytype": undefined,
    "kms:resourcealiases": ["alias/data"],
    "kms:calleraccount": ACCOUNT,
    "aws:viaawsservice": "true",
    "kms:viaservice": "s3.us-east-1.amazonaws.com",
    "kms:requestalias": "alias/data",
    "kms:encryptionalgorithm": "SYMMETRIC_DEFAULT",
    "aws:sourceip": undefined,
  };
  for (const [name, value] of Object.entries(owed)) assert.deepEqual(asked.conditions.get(name), value, name);
  assert.equal(asked.encryptionContext, context);
});

test("a removed permission and a changed state stop the very next use", async () => {
  const { kms, authoriser } = await testKms();
  const service = embeddedKeyService(kms);
  const { KeyId, Arn } = await createKey(kms, me, {});
  const { blob, keyArn } = await service.generateDataKey(rootCaller(), String(KeyId), context);
  authoriser.answer = (_, { action }) =>
    action === "kms:Decrypt"
      ? { kind: "explicit-deny", reason: "with an explicit deny in a resource-based policy" }
      : undefined;
  await assert.rejects(async () => service.decrypt(rootCaller(), keyArn, blob, context), {
    code: "AccessDeniedException",
    message: `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: kms:Decrypt on resource: ${Arn} with an explicit deny in a resource-based policy`,
  });
  authoriser.answer = undefined;
  await service.decrypt(rootCaller(), keyArn, blob, context);
  await disableKey(kms, me, String(KeyId));
  await assert.rejects(async () => service.authoriseUse(rootCaller(), keyArn, "Decrypt", context), {
    code: "DisabledException",
    message: `${Arn} is disabled.`,
  });
  await scheduleDeletion(kms, me, String(KeyId));
  await assert.rejects(async () => service.decrypt(rootCaller(), keyArn, blob, context), {
    code: "KMSInvalidStateException",
    message: `${Arn} is pending deletion.`,
  });
});

test("nobody without an identity uses a key", async () => {
  const { kms } = await testKms();
  const service = embeddedKeyService(kms);
  for (const principal of [{ kind: "anonymous" }, { kind: "internal", name: "collector" }] as const)
    await assert.rejects(
      async () => service.generateDataKey({ ...rootCaller(), principal }, undefined, context),
      {
        code: "AccessDeniedException",
      },
    );
});

test("a store that serves under another region name still opens what it sealed", async () => {
  const model = new MemoryModel();
  const { kms } = await testKms(model.open());
  const caller = rootCaller();
  const made = await embeddedKeyService(kms).generateDataKey(caller, undefined, context);
  const moved = embeddedKeyService((await testKms(model.open(), undefined, "eu-west-1")).kms);
  assert.ok((await moved.decrypt(caller, made.keyArn, made.blob, context)).equals(made.plaintext));
  await assert.rejects(async () => moved.generateDataKey(caller, made.keyArn, context), {
    code: "NotFoundException",
    message: "Invalid arn us-east-1",
  });
});

test("under the policy engine the managed key serves its account through S3, and nobody otherwise", async () => {
  const { kms: bare } = await testKms();
  const kms = { ...bare, authoriser: new PolicyAuthoriser() };
  const service = embeddedKeyService(kms);
  const made = await service.generateDataKey(rootCaller(), undefined, context);
  assert.ok((await service.decrypt(rootCaller(), made.keyArn, made.blob, context)).equals(made.plaintext));
  const denied = { code: "AccessDeniedException" };
  await assert.rejects(
    async () => service.decrypt(rootCaller(OTHER_ACCOUNT), made.keyArn, made.blob, context),
    denied,
  );
  await assert.rejects(decrypt(kms, me, { blob: made.blob, context }), denied);
  await assert.rejects(disableKey(kms, me, made.keyArn), denied);
  assert.equal((await describeKey(kms, me, made.keyArn)).KeyManager, "AWS");
});

test("under the policy engine a condition on the context decides each use", async () => {
  const { kms: bare } = await testKms();
  const kms = { ...bare, authoriser: new PolicyAuthoriser() };
  const service = embeddedKeyService(kms);
  const allow = (Action: string, Condition?: object) => ({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action,
    Resource: "*",
    ...(Condition && { Condition }),
  });
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow("kms:PutKeyPolicy"),
      allow("kms:GenerateDataKey", {
        StringEquals: {
          "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::bucket/key",
          "kms:ViaService": "s3.us-east-1.amazonaws.com",
        },
      }),
    ],
  });
  const { KeyId } = await createKey(kms, me, { policy });
  await service.generateDataKey(rootCaller(), String(KeyId), context);
  const other = new Map([["aws:s3:arn", "arn:aws:s3:::bucket/other"]]);
  for (const refused of [other, new Map<string, string>()])
    await assert.rejects(async () => service.generateDataKey(rootCaller(), String(KeyId), refused), {
      code: "AccessDeniedException",
      message: /because no resource-based policy allows the kms:GenerateDataKey action$/,
    });
  await assert.rejects(
    generateDataKey(kms, me, "GenerateDataKey", { keyId: String(KeyId), context, bytes: 32 }),
    { code: "AccessDeniedException" },
  );
});
