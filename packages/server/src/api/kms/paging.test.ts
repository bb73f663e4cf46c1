import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OTHER_ACCOUNT, testKms } from "../../kms/test/kernel.ts";
import { failed, ok } from "./test/wire.ts";

const name = fc.integer({ min: 0, max: 40 }).map((n) => `alias/n${n}`);

/** Between two pages, some entries come and go. */
test("what stays during a listing is shown exactly once, in every order of changes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.boolean(), name), { maxLength: 12 }),
      async (names, Limit, changes) => {
        const { kms } = await testKms();
        const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
        const live = new Set<string>();
        const add = async (AliasName: string) => {
          if (live.has(AliasName)) return;
          await ok(kms, "CreateAlias", { AliasName, TargetKeyId: KeyId });
          live.add(AliasName);
        };
        for (const n of names) await add(n);
        const staying = new Set(names);
        for (const byKey of [false, true]) {
          const seen: string[] = [];
          const todo = [...changes];
          let Marker: string | undefined;
          do {
            const page = await ok(kms, "ListAliases", { Limit, Marker, ...(byKey && { KeyId }) });
            assert.equal(page.Truncated, page.NextMarker !== undefined);
            assert.ok(page.Aliases.length <= Limit);
            seen.push(...page.Aliases.map((a: { AliasName: string }) => a.AliasName));
            Marker = page.NextMarker;
            const change = todo.shift();
            if (change === undefined) continue;
            const [adds, n] = change;
            if (adds) await add(n);
            else if (live.delete(n)) {
              staying.delete(n);
              await ok(kms, "DeleteAlias", { AliasName: n });
            }
          } while (Marker !== undefined);
          assert.equal(new Set(seen).size, seen.length);
          for (const n of staying) assert.ok(seen.includes(n), n);
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("ListKeys shows all keys of the account, a page at a time", async () => {
  const { kms } = await testKms();
  const made = new Set<string>();
  for (let i = 0; i < 7; i++) made.add((await ok(kms, "CreateKey", {})).KeyMetadata.KeyId);
  await ok(kms, "CreateKey", {}, OTHER_ACCOUNT);
  const seen: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await ok(kms, "ListKeys", { Limit: 3, Marker });
    seen.push(...page.Keys.map((k: { KeyId: string }) => k.KeyId));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  assert.deepEqual(seen, [...made].toSorted());
});

test("a marker belongs to its operation, its filter and its account, and to nobody's invention", async () => {
  const { kms } = await testKms();
  const { KeyId } = (await ok(kms, "CreateKey", {})).KeyMetadata;
  await ok(kms, "CreateKey", {});
  for (const n of ["a", "b", "c"])
    await ok(kms, "CreateAlias", { AliasName: `alias/${n}`, TargetKeyId: KeyId });
  const { NextMarker: Marker } = await ok(kms, "ListAliases", { Limit: 1 });
  await ok(kms, "ListAliases", { Marker });
  const invalid = "InvalidMarkerException";
  assert.equal((await failed(kms, "ListKeys", { Marker }))[0], invalid);
  assert.equal((await failed(kms, "ListAliases", { Marker, KeyId }))[0], invalid);
  assert.equal((await failed(kms, "ListAliases", { Marker }, OTHER_ACCOUNT))[0], invalid);
  assert.equal((await failed(kms, "ListKeyPolicies", { Marker, KeyId }))[0], invalid);
  assert.equal((await failed(kms, "ListAliases", { Marker: "AAAA" }))[0], invalid);
});
