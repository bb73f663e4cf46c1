import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryModel } from "../store/memory/model.ts";
import { ensureKey } from "./bootstrap.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { encrypt } from "./encryption.ts";
import { describeKey, disableKey } from "./lifecycle.ts";
import { listAliases } from "./listing.ts";
import { ACCOUNT, directRequester, OTHER_ACCOUNT, testKms } from "./test/kernel.ts";

const me = directRequester();
const UUID = "01234567-89ab-4cde-8f01-23456789abcd";

test("a chosen key is there after every start, as the file says and otherwise untouched", async () => {
  const { kms } = await testKms();
  const wanted = {
    account: ACCOUNT,
    keyId: "testkey-1",
    aliases: ["alias/t", "alias/u"],
    description: "one",
  };
  assert.equal(await ensureKey(kms, wanted), "made");
  assert.equal(await ensureKey(kms, wanted), "present");
  await disableKey(kms, me, "testkey-1");
  assert.equal(
    await ensureKey(kms, { ...wanted, description: "two", tags: [{ key: "k", value: "v" }] }),
    "updated",
  );
  const shown = await describeKey(kms, me, "alias/t");
  assert.equal(shown.KeyState, "Disabled");
  assert.equal(shown.Description, "two");
  assert.equal(shown.Arn, `arn:aws:kms:us-east-1:${ACCOUNT}:key/testkey-1`);
});

test("ids that are no UUIDs work like any other, also in blobs", async () => {
  const { kms } = await testKms();
  await ensureKey(kms, { account: ACCOUNT, keyId: "testkey-1" });
  const { blob } = await encrypt(kms, me, {
    keyId: "testkey-1",
    plaintext: new Uint8Array([7]),
    context: EMPTY_CONTEXT,
  });
  assert.deepEqual([...(await decrypt(kms, me, { blob, context: EMPTY_CONTEXT })).plaintext], [7]);
});

test("one id in two accounts is two keys", async () => {
  const { kms } = await testKms();
  const owners = [ACCOUNT, OTHER_ACCOUNT];
  for (const account of owners) assert.equal(await ensureKey(kms, { account, keyId: UUID }), "made");
  for (const account of owners) {
    const requester = directRequester(account);
    const { blob } = await encrypt(kms, requester, {
      keyId: UUID,
      plaintext: new Uint8Array([7]),
      context: EMPTY_CONTEXT,
    });
    const opened = await decrypt(kms, requester, { blob, context: EMPTY_CONTEXT });
    assert.equal(opened.arn, `arn:aws:kms:us-east-1:${account}:key/${UUID}`);
  }
});

test("an alias that points elsewhere is moved", async () => {
  const { kms } = await testKms();
  await ensureKey(kms, { account: ACCOUNT, keyId: "old", aliases: ["alias/a", "alias/b", "alias/c"] });
  assert.equal(
    await ensureKey(kms, { account: ACCOUNT, keyId: "new", aliases: ["alias/a", "alias/b"] }),
    "made",
  );
  const of = async (keyId: string) => (await listAliases(kms, me, keyId, {})).items.map((a) => a.name);
  assert.deepEqual([await of("old"), await of("new")], [["alias/c"], ["alias/a", "alias/b"]]);
});

test("several processes start at once", async () => {
  const model = new MemoryModel();
  const processes = await Promise.all([1, 2, 3].map(() => testKms(model.open())));
  await Promise.all(
    processes.map(({ kms }) => ensureKey(kms, { account: ACCOUNT, keyId: UUID, aliases: ["alias/a"] })),
  );
  const { kms } = processes[0] ?? assert.fail();
  assert.equal((await describeKey(kms, me, "alias/a")).KeyId, UUID);
});

test("what breaks the rules is refused", async () => {
  const { kms } = await testKms();
  const bad = [
    { keyId: "a/b" },
    { keyId: "" },
    { keyId: "x", aliases: ["no-prefix"] },
    { keyId: "x", policy: "{}" },
    { keyId: "x", tags: [{ key: "aws:x", value: "" }] },
  ];
  for (const wanted of bad) await assert.rejects(ensureKey(kms, { account: ACCOUNT, ...wanted }));
  await createKey(kms, me, {});
});
