/** scan: ranges, pages, order. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compareKeys, hexOf } from "../key-order.ts";
import { MemoryModel } from "../memory/model.ts";
import type { Row, Scan, Store } from "../port.ts";
import { at, bytes, commitOk, type OpenHome, put, sharedHome, text } from "./home.ts";

/** Few byte values, the awkward ones among them, so that random keys collide and nest. */
export const awkwardKey = fc
  .array(fc.constantFrom(0x00, 0x01, 0x2f, 0x61, 0xfe, 0xff), { minLength: 1, maxLength: 6 })
  .map((values) => Uint8Array.from(values));
export const awkwardKeys = fc.uniqueArray(awkwardKey, { maxLength: 40, selector: hexOf });

/** Makes the table hold exactly these keys. */
export async function fill(
  store: Store,
  table: "part" | "version",
  keys: readonly Uint8Array[],
): Promise<void> {
  for (;;) {
    const { rows, more } = await store.scan({ table, from: bytes(), limit: 64 });
    await commitOk(store, { delete: rows.map(({ key }) => ({ table, key })) });
    if (!more) break;
  }
  for (let i = 0; i < keys.length; i += 64) {
    await commitOk(store, { put: keys.slice(i, i + 64).map((key) => put(key, key, table)) });
  }
}

async function allPages(store: Store, scan: Scan): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1);
    const page = await store.scan(last === undefined ? scan : { ...scan, after: last.key });
    rows.push(...page.rows);
    if (!page.more) return rows;
    assert.ok(page.rows.length > 0, "a page with more to come has a row");
  }
}

export function scanCases(openHome: OpenHome): void {
  describe("scan", () => {
    const home = sharedHome(openHome);
    const keysOf = (rows: readonly Row[]): string[] => rows.map(({ key }) => Buffer.from(key).toString());
    const scan = async (of: Partial<Scan>): Promise<{ keys: string[]; more: boolean }> => {
      const page = await home().store.scan({ table: "upload", from: bytes(), limit: 100, ...of });
      return { keys: keysOf(page.rows), more: page.more };
    };
    test("of an empty table is an empty page", async () => {
      assert.deepEqual(await scan({ table: "trash" }), { keys: [], more: false });
    });
    test("begins with from and ends before to", async () => {
      await commitOk(home().store, { put: ["a", "b", "c", "d"].map((k) => put(k, `=${k}`, "upload")) });
      assert.deepEqual(await scan({ from: text("b"), to: text("d") }), { keys: ["b", "c"], more: false });
    });
    test("goes to the end of the table without to", async () => {
      assert.deepEqual(await scan({ from: text("c") }), { keys: ["c", "d"], more: false });
    });
    test("goes on after a key that need not be there", async () => {
      assert.deepEqual(await scan({ after: text("b") }), { keys: ["c", "d"], more: false });
      assert.deepEqual(await scan({ after: text("bb") }), { keys: ["c", "d"], more: false });
      assert.deepEqual(await scan({ after: text("z") }), { keys: [], more: false });
    });
    test("keeps to from when after lies before it", async () => {
      assert.deepEqual(await scan({ from: text("c"), after: text("a") }), { keys: ["c", "d"], more: false });
    });
    test("says whether more follows", async () => {
      assert.deepEqual(await scan({ limit: 3 }), { keys: ["a", "b", "c"], more: true });
      assert.deepEqual(await scan({ limit: 4 }), { keys: ["a", "b", "c", "d"], more: false });
      assert.deepEqual(await scan({ limit: 2, to: text("c") }), { keys: ["a", "b"], more: false });
    });
    test("stops by bytes, but never before the first row", async () => {
      assert.deepEqual(await scan({ maxBytes: 1 }), { keys: ["a"], more: true });
      assert.deepEqual(await scan({ maxBytes: 6 }), { keys: ["a", "b"], more: true });
      assert.deepEqual(await scan({ maxBytes: 12 }), { keys: ["a", "b", "c", "d"], more: false });
    });
    test("returns values and revisions, or keys and revisions alone", async () => {
      const [stored] = await home().store.get([at("a", "upload")]);
      const of = { table: "upload" as const, from: text("a"), to: text("b"), limit: 1 };
      assert.deepEqual((await home().store.scan(of)).rows, [stored]);
      const { rows } = await home().store.scan({ ...of, keysOnly: true });
      assert.deepEqual(rows, [{ ...stored, value: bytes() }]);
    });
    test("of an empty or reversed range is empty", async () => {
      assert.deepEqual(await scan({ from: text("b"), to: text("b") }), { keys: [], more: false });
      assert.deepEqual(await scan({ from: text("d"), to: text("b") }), { keys: [], more: false });
    });
    test("sees a commit that was acknowledged before it", async () => {
      await commitOk(home().store, { put: [put("bb", "", "upload")] });
      assert.ok((await scan({})).keys.includes("bb"));
      await commitOk(home().store, { delete: [at("bb", "upload")] });
      assert.ok(!(await scan({})).keys.includes("bb"));
    });
    test("pages of thousands of rows come whole and in order", async () => {
      const keys = Array.from({ length: 2500 }, (_, i) => text(String(i).padStart(5, "0")));
      await fill(home().store, "version", keys);
      const rows = await allPages(home().store, { table: "version", from: bytes(), limit: 1000 });
      assert.deepEqual(
        rows.map(({ key }) => key),
        keys,
      );
    });
    test("any range, page size and set of keys: as the model", async () => {
      const bound = fc.option(awkwardKey, { nil: undefined });
      const run = async (
        keys: readonly Uint8Array[],
        from: Uint8Array | undefined,
        to: Uint8Array | undefined,
        limit: number,
      ): Promise<void> => {
        await fill(home().store, "part", keys);
        const scan: Scan = {
          table: "part",
          from: from ?? bytes(),
          limit,
          ...(to === undefined ? {} : { to }),
        };
        const got = await allPages(home().store, scan);
        const wanted = keys
          .filter((key) => compareKeys(key, scan.from) >= 0 && (to === undefined || compareKeys(key, to) < 0))
          .toSorted(compareKeys);
        assert.deepEqual(
          got.map(({ key }) => hexOf(key)),
          wanted.map(hexOf),
        );
        const model = new MemoryModel().open();
        await fill(model, "part", keys);
        assert.equal((await home().store.scan(scan)).more, (await model.scan(scan)).more);
      };
      await fc.assert(fc.asyncProperty(awkwardKeys, bound, bound, fc.integer({ min: 1, max: 9 }), run), {
        numRuns: 60,
      });
    });
  });
}
