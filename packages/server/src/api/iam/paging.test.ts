/** Pages of lists: complete, ordered, unmoved by changes in between, and only for whom and what they were made. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { createGroup, deleteGroup } from "../../iam/groups.ts";
import { createPolicy } from "../../iam/managed-policies.ts";
import { addToGroup, createUser, deleteUser } from "../../iam/users.ts";
import { call } from "./test/calls.ts";
import { ACCOUNT, allow, OTHER, policyText, refused, World } from "./test/world.ts";

describe("pages", () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(async () => {
    await world.close();
  });

  async function pages(name: string, member: string, input: object, MaxItems: number): Promise<string[][]> {
    const all: string[][] = [];
    for (let Marker: string | undefined, more = true; more; ) {
      const page = await call(world.iam(), name, { ...input, MaxItems, Marker });
      all.push(
        page[member].map((entry: Record<string, string> | string) =>
          typeof entry === "string" ? entry : (entry.UserName ?? entry.GroupName ?? entry.PolicyName),
        ),
      );
      assert.ok(page[member].length <= MaxItems);
      assert.equal(page.IsTruncated, page.Marker !== undefined);
      assert.ok((page.Marker ?? "").length <= 320, "the API model's bound of a marker");
      more = page.IsTruncated;
      Marker = page.Marker;
    }
    return all;
  }

  test("any size of page gives every user once, in order, whatever the names", async () => {
    const d = world.identities.directory;
    const name = fc.stringMatching(/^[\w+=,.@-]{1,12}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 9, selector: (n) => n.toLowerCase() }),
        fc.integer({ min: 1, max: 5 }),
        async (names, size) => {
          for (const n of names)
            await createUser(d, ACCOUNT, { name: n, path: n.length % 2 === 0 ? "/even/" : "/", tags: [] });
          try {
            const found = await pages("ListUsers", "Users", {}, size);
            const sorted = names.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
            assert.deepEqual(found.flat(), sorted);
            const even = await pages("ListUsers", "Users", { PathPrefix: "/even/" }, size);
            assert.deepEqual(
              even.flat(),
              sorted.filter((n) => n.length % 2 === 0),
            );
          } finally {
            for (const n of names) await deleteUser(d, ACCOUNT, n);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  test("entries that go or come between two pages neither hide nor repeat the others", async () => {
    const d = world.identities.directory;
    for (const name of ["a", "b", "c", "d"]) await createGroup(d, ACCOUNT, { name, path: "/" });
    const first = await call(world.iam(), "ListGroups", { MaxItems: 2 });
    await deleteGroup(d, ACCOUNT, "b");
    await createGroup(d, ACCOUNT, { name: "bb", path: "/" });
    const second = await call(world.iam(), "ListGroups", { MaxItems: 9, Marker: first.Marker });
    assert.deepEqual(
      second.Groups.map((group: { GroupName: string }) => group.GroupName),
      ["bb", "c", "d"],
    );
  });

  test("members, policies, own before ready-made", async () => {
    const d = world.identities.directory;
    const document = policyText(allow("s3:*"));
    for (const name of ["z-policy", "A-policy"])
      await createPolicy(d, ACCOUNT, { name, path: "/", document, tags: [] });
    const names = (await pages("ListPolicies", "Policies", {}, 3)).flat();
    assert.deepEqual(names.slice(0, 2), ["A-policy", "z-policy"]);
    assert.deepEqual(names.slice(2), names.slice(2).toSorted());
    assert.ok(names.includes("StorageAdministrator"));
    for (let i = 0; i < 5; i++) {
      await createUser(d, ACCOUNT, { name: `m${i}`, path: "/", tags: [] });
      await addToGroup(d, ACCOUNT, "c", `m${i}`);
    }
    assert.deepEqual((await pages("GetGroup", "Users", { GroupName: "c" }, 2)).flat(), [
      "m0",
      "m1",
      "m2",
      "m3",
      "m4",
    ]);
    const details = await pages("GetAccountAuthorizationDetails", "UserDetailList", { Filter: ["User"] }, 2);
    assert.equal(details.flat().length, 5);
  });

  test("a marker is good for its own list, account and filter alone", async () => {
    const { Marker } = await call(world.iam(), "ListGroups", { MaxItems: 1 });
    const invalid = async (input: object, name = "ListGroups", client = world.iam()) =>
      assert.deepEqual((await refused(call(client, name, { ...input, Marker }))).slice(0, 3), [
        "ValidationError",
        400,
        "Invalid Marker.",
      ]);
    await invalid({}, "ListUsers");
    await invalid({ PathPrefix: "/x/" });
    await invalid({}, "ListGroups", world.iam(await world.identities.makeRootKey(OTHER)));
    assert.equal((await refused(call(world.iam(), "ListGroups", { Marker: "b" })))[0], "ValidationError");
    assert.equal((await refused(call(world.iam(), "ListGroups", { MaxItems: 0 })))[0], "ValidationError");
    assert.equal((await refused(call(world.iam(), "ListGroups", { MaxItems: 1001 })))[0], "ValidationError");
  });
});
