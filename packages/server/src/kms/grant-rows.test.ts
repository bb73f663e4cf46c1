/** A grant's name makes CreateGrant repeatable (spec kms 8.5), also where several grants share it. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { newRev } from "../base/ids.ts";
import { grantIdCodec } from "./codec.ts";
import { createKey } from "./creation.ts";
import { listGrants, revokeGrant } from "./grant-ends.ts";
import { createGrant, type NewGrant } from "./grants.ts";
import { rangeOf } from "./row-keys.ts";
import { ACCOUNT, directRequester, testKms, type TestKms } from "./test/kernel.ts";

const root = directRequester();
let made: TestKms;
let keyId: string;
beforeEach(async () => {
  made = await testKms();
  keyId = String((await createKey(made.kms, root, {})).KeyId);
});

const grant = (input: Partial<NewGrant> & Pick<NewGrant, "operations">) =>
  createGrant(made.kms, root, { keyId, grantee: `arn:aws:iam::${ACCOUNT}:user/ann`, ...input });
const living = async (): Promise<readonly string[]> =>
  (await listGrants(made.kms, root, { keyId })).items.map(({ id }) => id).toSorted();
const revoke = (id: string) => revokeGrant(made.kms, root, keyId, id, undefined);
/** As docs/format/grant-rows.md has them: without a grant's id in stores of before. */
const nameKey = (name: string, ...ids: readonly string[]): string =>
  ["grantname", ACCOUNT, keyId, name, ...ids].join("\0");
const nameKeys = async (): Promise<readonly string[]> => {
  const { rows } = await made.records.store.scan({ table: "kms", ...rangeOf("grantname"), limit: 10 });
  return rows.map(({ key }) => new TextDecoder().decode(key));
};

test("a name makes CreateGrant repeatable", async () => {
  const first = await grant({ operations: ["Encrypt", "Decrypt"], name: "n" });
  const again = await grant({ operations: ["Decrypt", "Encrypt"], name: "n" });
  assert.equal(again.id, first.id);
  assert.notEqual(again.token, first.token);
  assert.notEqual((await grant({ operations: ["Encrypt"], name: "n" })).id, first.id);
  assert.notEqual((await grant({ operations: ["Encrypt"] })).id, first.id);
});

test("a name that several grants share makes each of them repeatable", async () => {
  const asked: readonly Pick<NewGrant, "operations" | "equals">[] = [
    { operations: ["Decrypt"] },
    { operations: ["Encrypt"] },
    { operations: ["Encrypt"], equals: new Map([["a", "1"]]) },
  ];
  const make = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (const input of asked) ids.push((await grant({ ...input, name: "n" })).id);
    return ids;
  };
  const ids = await make();
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(await nameKeys(), ids.map((id) => nameKey("n", id)).toSorted());
  assert.deepEqual(await make(), ids);
  // The end of one leaves the others what they were.
  await revoke(String(ids[0]));
  const [again = "", ...others] = await make();
  assert.deepEqual(others, ids.slice(1));
  assert.deepEqual(await living(), [again, ...others].toSorted());
  assert.deepEqual(await make(), [again, ...others]);
  for (const id of await living()) await revoke(id);
  assert.deepEqual(await nameKeys(), []);
});

/** As releases before wrote it: one row for a name, which the latest grant took over. */
async function namedAsBefore(name: string, grantId: string): Promise<void> {
  const { records } = made;
  const { store } = records;
  const encoder = new TextEncoder();
  const row = (id: string) => ({ table: "kms", key: encoder.encode(nameKey(name, id)) }) as const;
  const put = records.seal(grantIdCodec, "kms", encoder.encode(nameKey(name)), grantId);
  await store.commit({ id: newRev(), delete: (await living()).map(row), put: [put] });
}

test("name rows of before are read, and go with the grant that they name", async () => {
  const first = await grant({ operations: ["Decrypt"], name: "n" });
  const second = await grant({ operations: ["Encrypt"], name: "n" });
  await namedAsBefore("n", second.id);
  assert.deepEqual(await nameKeys(), [nameKey("n")]);
  assert.equal((await grant({ operations: ["Encrypt"], name: "n" })).id, second.id);
  assert.equal((await grant({ operations: ["Decrypt"], name: "n" })).id, first.id);
  await revoke(first.id);
  assert.equal((await grant({ operations: ["Encrypt"], name: "n" })).id, second.id);
  const third = await grant({ operations: ["Decrypt"], name: "n" });
  assert.deepEqual(await nameKeys(), [nameKey("n"), nameKey("n", third.id)]);
  await revoke(second.id);
  assert.deepEqual(await nameKeys(), [nameKey("n", third.id)]);
  assert.equal((await grant({ operations: ["Decrypt"], name: "n" })).id, third.id);
  await revoke(third.id);
  assert.deepEqual(await nameKeys(), []);
});
