import assert from "node:assert/strict";
import { test } from "node:test";
import { testKms } from "../../kms/test/kernel.ts";
import { failed, ok } from "./test/wire.ts";

test("a key is made, described, used, disabled, enabled", async () => {
  const { kms } = await testKms();
  const { KeyMetadata: key } = await ok(kms, "CreateKey", {
    Description: "one",
    Tags: [{ TagKey: "a", TagValue: "b" }],
  });
  assert.equal(key.KeyState, "Enabled");
  await ok(kms, "CreateAlias", { AliasName: "alias/one", TargetKeyId: key.KeyId });
  const { KeyMetadata: described } = await ok(kms, "DescribeKey", { KeyId: "alias/one" });
  assert.deepEqual(described, key);
  const data = await ok(kms, "GenerateDataKey", {
    KeyId: "alias/one",
    KeySpec: "AES_256",
    EncryptionContext: { a: "b" },
  });
  const opened = await ok(kms, "Decrypt", {
    CiphertextBlob: data.CiphertextBlob,
    EncryptionContext: { a: "b" },
  });
  assert.equal(opened.Plaintext, data.Plaintext);
  await ok(kms, "DisableKey", { KeyId: key.KeyId });
  assert.deepEqual(await failed(kms, "Decrypt", { CiphertextBlob: data.CiphertextBlob }), [
    "DisabledException",
    `${key.Arn} is disabled.`,
  ]);
});
