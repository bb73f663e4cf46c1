import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { failed, ok } from "../api/kms/test/wire.ts";
import { ServiceError } from "../base/errors.ts";
import { RSA_TURNS_MAX } from "../base/limits.ts";
import { inRsaTurn } from "./rsa-turns.ts";
import { testKms } from "./test/kernel.ts";

test("one at a time, up to a number that waits; who has gone is passed over", async () => {
  let working = 0;
  let begun = 0;
  const work = async (): Promise<number> => {
    assert.equal(++working, 1);
    await turn();
    working--;
    return ++begun;
  };
  const all = Array.from({ length: RSA_TURNS_MAX }, (_, i) => inRsaTurn(work, () => i === 1));
  assert.throws(
    () => inRsaTurn(work),
    (error) => error instanceof ServiceError && error.code === "ThrottlingException",
  );
  const results = await Promise.allSettled(all);
  assert.equal(results.filter((result) => result.status === "rejected").length, 1);
  assert.equal(results[1]?.status, "rejected");
  assert.equal(begun, RSA_TURNS_MAX - 1);
  // A failure does not end the turns of others.
  await assert.rejects(inRsaTurn(() => Promise.reject(new Error("on purpose"))));
  assert.equal(await inRsaTurn(work), RSA_TURNS_MAX);
});

test("data key pairs and import parameters of RSA wait for their turn, others don't", async () => {
  const { kms } = await testKms();
  const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  const external = (await ok(kms, "CreateKey", { Origin: "EXTERNAL" })).KeyMetadata;
  let end = (): void => undefined;
  const held = new Promise<void>((resolve) => (end = resolve));
  const all = Array.from({ length: RSA_TURNS_MAX }, () => inRsaTurn(() => held));
  const pair = (KeyPairSpec: string) => ({ KeyId, KeyPairSpec });
  const throttled = "ThrottlingException";
  const operation = "GenerateDataKeyPairWithoutPlaintext";
  assert.equal((await failed(kms, operation, pair("RSA_2048")))[0], throttled);
  assert.equal(
    (await failed(kms, "CreateKey", { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" }))[0],
    throttled,
  );
  const wrapping = {
    KeyId: external.KeyId,
    WrappingAlgorithm: "RSAES_OAEP_SHA_256",
    WrappingKeySpec: "RSA_2048",
  };
  assert.equal((await failed(kms, "GetParametersForImport", wrapping))[0], throttled);
  await ok(kms, operation, pair("ECC_NIST_P256"));
  end();
  await Promise.all(all);
  await ok(kms, operation, pair("RSA_2048"));
});
