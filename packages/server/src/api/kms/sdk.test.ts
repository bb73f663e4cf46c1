/** The official SDK against the wire layer over a real socket: what it parses, and how failures become its classes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as sdk from "@aws-sdk/client-kms";
import { ACCOUNT, REGION, type TestKms, testKms } from "../../kms/test/kernel.ts";
import { listen, type WireServer } from "./test/wire.ts";

let held: TestKms;
let server: WireServer;
let client: sdk.KMSClient;
before(async () => {
  held = await testKms();
  server = await listen(held.kms);
  client = new sdk.KMSClient({
    endpoint: server.endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: "secret" },
    maxAttempts: 1,
  });
});
after(async () => {
  client.destroy();
  await server.close();
});

async function newKey(
  input: sdk.CreateKeyCommandInput = {},
): Promise<sdk.KeyMetadata & { KeyId: string; Arn: string }> {
  const { KeyMetadata } = await client.send(new sdk.CreateKeyCommand(input));
  assert.ok(KeyMetadata?.KeyId !== undefined && KeyMetadata.Arn !== undefined);
  return { ...KeyMetadata, KeyId: KeyMetadata.KeyId, Arn: KeyMetadata.Arn };
}

test("times arrive as dates, void operations and lists parse", async () => {
  const { KeyId, CreationDate } = await newKey({ Description: "é𝄞", Tags: [{ TagKey: "k", TagValue: "v" }] });
  assert.equal(CreationDate?.getTime(), held.clock.nowMs);
  assert.equal((await client.send(new sdk.DescribeKeyCommand({ KeyId }))).KeyMetadata?.Description, "é𝄞");
  await client.send(new sdk.DisableKeyCommand({ KeyId }));
  await client.send(new sdk.EnableKeyCommand({ KeyId }));
  await client.send(new sdk.UpdateKeyDescriptionCommand({ KeyId, Description: "" }));
  await client.send(new sdk.CreateAliasCommand({ AliasName: "alias/sdk", TargetKeyId: KeyId }));
  const { Aliases } = await client.send(new sdk.ListAliasesCommand({ KeyId }));
  assert.equal(Aliases?.[0]?.LastUpdatedDate?.getTime(), held.clock.nowMs);
  const { KeyRotationEnabled } = await client.send(new sdk.GetKeyRotationStatusCommand({ KeyId }));
  assert.equal(KeyRotationEnabled, false);
  const { DeletionDate } = await client.send(new sdk.ScheduleKeyDeletionCommand({ KeyId }));
  assert.equal(DeletionDate?.getTime(), held.clock.nowMs + 30 * 86_400_000);
});

test("the SDK's paginator walks every page", async () => {
  const { KeyId } = await newKey();
  for (let i = 0; i < 5; i++)
    await client.send(new sdk.CreateAliasCommand({ AliasName: `alias/page-${i}`, TargetKeyId: KeyId }));
  const seen: (string | undefined)[] = [];
  for await (const page of sdk.paginateListAliases({ client, pageSize: 2 }, { KeyId }))
    seen.push(...(page.Aliases ?? []).map((a) => a.AliasName));
  assert.deepEqual(
    seen,
    [0, 1, 2, 3, 4].map((i) => `alias/page-${i}`),
  );
});

test("encrypt, decrypt, data keys, random bytes, re-encryption", async () => {
  const a = await newKey();
  const b = await newKey();
  const EncryptionContext = { "aws:s3:arn": "arn:aws:s3:::b/k", ö: "𝄞" };
  const Plaintext = new Uint8Array(4096).fill(0x80);
  const { CiphertextBlob, ...rest } = await client.send(
    new sdk.EncryptCommand({ KeyId: a.KeyId, Plaintext, EncryptionContext }),
  );
  assert.equal(rest.EncryptionAlgorithm, "SYMMETRIC_DEFAULT");
  assert.ok(!("KeyMaterialId" in rest));
  const opened = await client.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext }));
  assert.deepEqual(opened.Plaintext, Plaintext);
  assert.deepEqual([opened.KeyId, opened.KeyMaterialId], [a.Arn, a.CurrentKeyMaterialId]);
  const moved = await client.send(
    new sdk.ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: b.Arn,
    }),
  );
  assert.deepEqual(
    [moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId],
    [a.CurrentKeyMaterialId, b.CurrentKeyMaterialId],
  );
  const data = await client.send(new sdk.GenerateDataKeyCommand({ KeyId: b.KeyId, KeySpec: "AES_256" }));
  assert.equal(data.Plaintext?.length, 32);
  const bare = await client.send(
    new sdk.GenerateDataKeyWithoutPlaintextCommand({ KeyId: b.KeyId, NumberOfBytes: 64 }),
  );
  assert.equal(bare.CiphertextBlob?.length, 64 + 85);
  assert.equal(
    (await client.send(new sdk.GenerateRandomCommand({ NumberOfBytes: 17 }))).Plaintext?.length,
    17,
  );
});

/** Modelled failures are classes of the SDK; the others are told by name. */
test("failures become the SDK's classes", async () => {
  const { KeyId, Arn } = await newKey();
  const { CiphertextBlob } = await client.send(
    new sdk.EncryptCommand({ KeyId, Plaintext: new Uint8Array([1]) }),
  );
  const Plaintext = new Uint8Array([1]);
  await assert.rejects(
    client.send(new sdk.DescribeKeyCommand({ KeyId: "alias/none" })),
    sdk.NotFoundException,
  );
  await assert.rejects(
    client.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: { a: "b" } })),
    sdk.InvalidCiphertextException,
  );
  await assert.rejects(
    client.send(new sdk.EncryptCommand({ KeyId, Plaintext, DryRun: true })),
    sdk.DryRunOperationException,
  );
  await assert.rejects(
    client.send(new sdk.TagResourceCommand({ KeyId, Tags: [{ TagKey: "aws:x", TagValue: "" }] })),
    sdk.TagException,
  );
  await assert.rejects(client.send(new sdk.ListKeysCommand({ Marker: "x" })), sdk.InvalidMarkerException);
  await assert.rejects(client.send(new sdk.CreateAliasCommand({ AliasName: "nope", TargetKeyId: KeyId })), {
    name: "ValidationException",
  });
  await client.send(new sdk.DisableKeyCommand({ KeyId }));
  await assert.rejects(
    client.send(new sdk.EncryptCommand({ KeyId, Plaintext })),
    (error) => error instanceof sdk.DisabledException && error.message === `${Arn} is disabled.`,
  );
  await client.send(new sdk.ScheduleKeyDeletionCommand({ KeyId }));
  await assert.rejects(
    client.send(new sdk.EncryptCommand({ KeyId, Plaintext })),
    sdk.KMSInvalidStateException,
  );
  await assert.rejects(
    client.send(new sdk.DescribeKeyCommand({ KeyId: `arn:aws:kms:${REGION}:999999999999:key/${KeyId}` })),
    (error) =>
      error instanceof Error && error.name === "AccessDeniedException" && error.message.startsWith("User: "),
  );
});
