/** groups: common prefixes, seeks, continuation; compared with the model. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hexOf } from "../key-order.ts";
import { MemoryModel } from "../memory/model.ts";
import type { GroupItem, Groups, Store } from "../port.ts";
import { bytes, commitOk, type OpenHome, put, sharedHome, text } from "./home.ts";
import { awkwardKey, awkwardKeys, fill } from "./scans.ts";

const show = (item: GroupItem): string =>
  item.kind === "row" ? Buffer.from(item.row.key).toString() : `[${Buffer.from(item.prefix).toString()}]`;
const showHex = (item: GroupItem): string =>
  item.kind === "row" ? hexOf(item.row.key) + hexOf(item.row.value) : `[${hexOf(item.prefix)}]`;

async function allPages(store: Store, groups: Groups): Promise<string[]> {
  const items: string[] = [];
  for (let page = groups; ; ) {
    const { items: more, more: goOn } = await store.groups(page);
    items.push(...more.map(showHex));
    const last = more.at(-1);
    if (!goOn) return items;
    assert.ok(last !== undefined, "a page with more to come has an item");
    page =
      last.kind === "row"
        ? { ...groups, after: last.row.key, afterIsGroup: false }
        : { ...groups, after: last.prefix, afterIsGroup: true };
  }
}

export function groupCases(openHome: OpenHome): void {
  describe("groups", () => {
    const home = sharedHome(openHome);
    const list = async (of: Partial<Groups>): Promise<{ items: string[]; more: boolean }> => {
      const page = await home().store.groups({
        table: "head",
        prefix: bytes(),
        delimiter: text("/"),
        limit: 100,
        ...of,
      });
      return { items: page.items.map(show), more: page.more };
    };
    test("collapses keys into common prefixes, in order with the rows between", async () => {
      const keys = ["a/1", "a/2", "b", "c/x/1", "c/y", "d"];
      await commitOk(home().store, { put: keys.map((key) => put(key)) });
      assert.deepEqual(await list({}), { items: ["[a/]", "b", "[c/]", "d"], more: false });
    });
    test("looks for the delimiter after the prefix", async () => {
      assert.deepEqual(await list({ prefix: text("c/") }), { items: ["[c/x/]", "c/y"], more: false });
      assert.deepEqual(await list({ prefix: text("a/") }), { items: ["a/1", "a/2"], more: false });
    });
    test("takes a prefix that ends within a name", async () => {
      assert.deepEqual(await list({ prefix: text("c") }), { items: ["[c/]"], more: false });
      assert.deepEqual(await list({ prefix: text("nothing") }), { items: [], more: false });
    });
    test("counts rows and groups together against the limit", async () => {
      assert.deepEqual(await list({ limit: 1 }), { items: ["[a/]"], more: true });
      assert.deepEqual(await list({ limit: 3 }), { items: ["[a/]", "b", "[c/]"], more: true });
      assert.deepEqual(await list({ limit: 4 }), { items: ["[a/]", "b", "[c/]", "d"], more: false });
    });
    test("goes on after a group past all of its keys", async () => {
      const of = { after: text("a/"), afterIsGroup: true };
      assert.deepEqual(await list(of), { items: ["b", "[c/]", "d"], more: false });
    });
    test("goes on after a key inside a group with the rest of that group", async () => {
      assert.deepEqual((await list({ after: text("a/1") })).items, ["[a/]", "b", "[c/]", "d"]);
      assert.deepEqual((await list({ after: text("a/2") })).items, ["b", "[c/]", "d"]);
    });
    test("keeps to the prefix when after lies before or behind it", async () => {
      assert.deepEqual((await list({ prefix: text("c/"), after: text("a") })).items, ["[c/x/]", "c/y"]);
      assert.deepEqual((await list({ prefix: text("c/"), after: text("d") })).items, []);
      assert.deepEqual((await list({ prefix: text("c/"), after: text("c/x/"), afterIsGroup: true })).items, [
        "c/y",
      ]);
    });
    test("takes delimiters of several bytes, and none", async () => {
      assert.deepEqual((await list({ delimiter: text("x/") })).items.slice(3), ["[c/x/]", "c/y", "d"]);
      assert.deepEqual((await list({ delimiter: bytes() })).items.length, 6);
    });
    test("ends the search at the terminator", async () => {
      // Name, separator 00 00, and a binary suffix that holds the delimiter's byte.
      const keys = [text("n"), text("p/q")].map((name) => bytes(...name, 0, 0, 0x2f, 0x2f));
      await fill(home().store, "version", keys);
      const of = { table: "version" as const, terminator: bytes(0, 0) };
      assert.deepEqual((await list(of)).items, ["n\0\0//", "[p/]"]);
      const within = await list({ ...of, prefix: text("p/") });
      assert.deepEqual(within.items, ["p/q\0\0//"]);
    });
    test("a prefix of FF bytes has no end but the table's", async () => {
      await fill(home().store, "version", [
        bytes(0xfe),
        bytes(0xff),
        bytes(0xff, 0x2f, 1),
        bytes(0xff, 0xff),
      ]);
      const page = await home().store.groups({
        table: "version",
        prefix: bytes(0xff),
        delimiter: text("/"),
        limit: 9,
      });
      assert.deepEqual(
        page.items.map((item) => item.kind),
        ["row", "group", "row"],
      );
    });
    test("costs the same whatever lies below a group", async () => {
      // 40 groups of 100 keys: a page that scanned would copy 4000 rows of 4 KiB; the page's time says little, its size
      // and completeness do. The bench measures.
      const keys = Array.from({ length: 4000 }, (_, i) => text(`${String(i % 40).padStart(2, "0")}/${i}`));
      await fill(home().store, "version", keys);
      const page = await home().store.groups({
        table: "version",
        prefix: bytes(),
        delimiter: text("/"),
        limit: 39,
      });
      assert.equal(page.items.length, 39);
      assert.ok(page.more && page.items.every((item) => item.kind === "group"));
    });
    test("any keys, prefix, delimiter, start and page size: as the model", async () => {
      const delimiter = fc.constantFrom(
        bytes(0x2f),
        bytes(0x61),
        bytes(0x2f, 0x61),
        bytes(0xff),
        bytes(0x00, 0xff),
      );
      const start = fc.option(fc.record({ after: awkwardKey, afterIsGroup: fc.boolean() }), {
        nil: undefined,
      });
      const short = fc.array(fc.constantFrom(0x00, 0x2f, 0x61, 0xff), { maxLength: 2 });
      const input = fc.record({
        keys: awkwardKeys,
        prefix: short.map((values) => Uint8Array.from(values)),
        delimiter,
        terminator: fc.option(fc.constantFrom(bytes(0, 0), bytes(0x01)), { nil: undefined }),
        start,
        limit: fc.integer({ min: 1, max: 7 }),
      });
      await fc.assert(
        fc.asyncProperty(input, async ({ keys, prefix, delimiter: by, terminator, start: from, limit }) => {
          const model = new MemoryModel().open();
          await fill(model, "part", keys);
          await fill(home().store, "part", keys);
          const groups: Groups = {
            table: "part",
            prefix,
            delimiter: by,
            limit,
            ...(terminator === undefined ? {} : { terminator }),
            ...from,
          };
          const got = await home().store.groups(groups);
          const wanted = await model.groups(groups);
          assert.deepEqual(got.items.map(showHex), wanted.items.map(showHex));
          assert.equal(got.more, wanted.more);
          assert.deepEqual(
            await allPages(home().store, groups),
            await allPages(model, { ...groups, limit: 1000 }),
          );
        }),
        { numRuns: 150 },
      );
    });
  });
}
