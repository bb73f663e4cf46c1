/** get and commit: conditions, atomicity, revisions, bounds. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newRev } from "../../base/ids.ts";
import {
  COMMIT_CONDITIONS_MAX,
  COMMIT_WRITES_MAX,
  ROW_KEY_BYTES_MAX,
  ROW_VALUE_BYTES_MAX,
} from "../../base/limits.ts";
import { TABLES } from "../port.ts";
import { at, bytes, commitOk, type OpenHome, put, sealed, sharedHome, text } from "./home.ts";

export function commitCases(openHome: OpenHome): void {
  describe("get", () => {
    const home = sharedHome(openHome);
    test("answers undefined for a row that isn't there", async () => {
      assert.deepEqual(await home().store.get([at("nothing")]), [undefined]);
    });
    test("answers nothing for no keys", async () => {
      assert.deepEqual(await home().store.get([]), []);
    });
    test("returns key, value and the commit's id as revision", async () => {
      const rev = await commitOk(home().store, { put: [put("a", "A")] });
      assert.deepEqual(await home().store.get([at("a")]), [{ key: text("a"), value: text("A"), rev }]);
    });
    test("answers in the order of the keys, repeats included", async () => {
      await commitOk(home().store, { put: [put("o1", "1"), put("o2", "2")] });
      const rows = await home().store.get([at("o2"), at("none"), at("o1"), at("o2")]);
      const values = rows.map((row) => row && Buffer.from(row.value).toString());
      assert.deepEqual(values, ["2", undefined, "1", "2"]);
    });
    test("keeps tables apart", async () => {
      for (const table of TABLES) await commitOk(home().store, { put: [put("same", table, table)] });
      const rows = await home().store.get(TABLES.map((table) => at("same", table)));
      assert.deepEqual(
        rows.map((row) => row && Buffer.from(row.value).toString()),
        [...TABLES],
      );
    });
    test("hands out bytes that later reads and writes leave alone", async () => {
      await commitOk(home().store, { put: [put("mine", "first")] });
      const [row] = await home().store.get([at("mine")]);
      await commitOk(home().store, { put: [put("mine", "other")] });
      await home().store.get([at("mine"), at("a")]);
      assert.deepEqual(row?.value, text("first"));
    });
    test("hands one row's value to whoever uses it at once, of any size", async () => {
      const { store } = home();
      const said = (value: Uint8Array | undefined): string | undefined =>
        value && Buffer.from(value).toString();
      for (const size of [0, 1, 5000, ROW_VALUE_BYTES_MAX]) {
        const value = "v".repeat(size);
        await commitOk(store, { put: [put("used", value)] });
        assert.equal(await store.use(at("used"), said), value);
      }
      assert.equal(await store.use(at("nothing"), said), undefined);
      const thrown = new Error("of whoever uses it");
      await assert.rejects(async () =>
        store.use(at("used"), () => {
          throw thrown;
        }),
      );
      const other = await home().another();
      await commitOk(other, { put: [put("used", "by another")] });
      assert.equal(await store.use(at("used"), said), "by another");
    });
    test("copies what it was given to put", async () => {
      const value = text("before");
      const key = text("lent");
      await commitOk(home().store, { put: [{ table: "head", key, value: sealed(value) }] });
      value.fill(0);
      key.fill(0);
      assert.deepEqual((await home().store.get([at("lent")]))[0]?.value, text("before"));
    });
    test("keeps an empty value", async () => {
      await commitOk(home().store, { put: [put("empty", "")] });
      assert.deepEqual((await home().store.get([at("empty")]))[0]?.value, new Uint8Array());
    });
    for (const key of [bytes(0), bytes(0, 0), bytes(255), bytes(255, 255, 255), bytes(5), bytes(0, 255, 0)]) {
      test(`keeps the key ${Buffer.from(key).toString("hex")}`, async () => {
        await commitOk(home().store, { put: [put(key, key, "part")] });
        assert.deepEqual((await home().store.get([at(key, "part")]))[0]?.value, key);
      });
    }
    test("keeps the longest key and the largest value", async () => {
      const key = new Uint8Array(ROW_KEY_BYTES_MAX).fill(0x61);
      const value = new Uint8Array(ROW_VALUE_BYTES_MAX).map((_, i) => i % 251);
      await commitOk(home().store, { put: [put(key, value, "inline")] });
      const [row] = await home().store.get([at(key, "inline")]);
      assert.deepEqual(row?.key, key);
      assert.deepEqual(row?.value, value);
    });
    test("refuses an empty key and one that is too long", async () => {
      await assert.rejects(async () => home().store.get([at("")]));
      await assert.rejects(async () => home().store.get([at(new Uint8Array(ROW_KEY_BYTES_MAX + 1))]));
    });
  });

  describe("commit", () => {
    const home = sharedHome(openHome);
    test("of nothing is ok", async () => {
      await commitOk(home().store, {});
    });
    test("replaces value and revision", async () => {
      await commitOk(home().store, { put: [put("r", "1")] });
      const rev = await commitOk(home().store, { put: [put("r", "2")] });
      assert.deepEqual(await home().store.get([at("r")]), [{ key: text("r"), value: text("2"), rev }]);
    });
    test("gives every row it puts the same revision", async () => {
      const rev = await commitOk(home().store, { put: [put("s1"), put("s2", "x", "version")] });
      const rows = await home().store.get([at("s1"), at("s2", "version")]);
      assert.deepEqual(
        rows.map((row) => row?.rev),
        [rev, rev],
      );
    });
    test("deletes, and deleting an absent row is no error", async () => {
      await commitOk(home().store, { put: [put("d")] });
      await commitOk(home().store, { delete: [at("d"), at("never")] });
      assert.deepEqual(await home().store.get([at("d")]), [undefined]);
    });
    test("absent holds only while there is no row", async () => {
      const expect = [{ ...at("abs"), rev: "absent" as const }];
      await commitOk(home().store, { expect, put: [put("abs", "1")] });
      const again = await home().store.commit({ id: newRev(), expect, put: [put("abs", "2")] });
      assert.deepEqual(again, { kind: "conflict", at: at("abs") });
      assert.deepEqual((await home().store.get([at("abs")]))[0]?.value, text("1"));
    });
    test("present holds only while there is a row", async () => {
      const expect = [{ ...at("pre"), rev: "present" as const }];
      const early = await home().store.commit({ id: newRev(), expect, put: [put("pre", "1")] });
      assert.deepEqual(early, { kind: "conflict", at: at("pre") });
      await commitOk(home().store, { put: [put("pre", "2")] });
      await commitOk(home().store, { expect, put: [put("pre", "3")] });
    });
    test("a revision holds only while it is the present one", async () => {
      const first = await commitOk(home().store, { put: [put("cas", "1")] });
      const expect = [{ ...at("cas"), rev: first }];
      await commitOk(home().store, { expect, put: [put("cas", "2")] });
      const stale = await home().store.commit({ id: newRev(), expect, put: [put("cas", "3")] });
      assert.deepEqual(stale, { kind: "conflict", at: at("cas") });
    });
    test("a revision doesn't hold for a row that is gone", async () => {
      const rev = await commitOk(home().store, { put: [put("gone")] });
      await commitOk(home().store, { delete: [at("gone")] });
      const result = await home().store.commit({ id: newRev(), expect: [{ ...at("gone"), rev }] });
      assert.equal(result.kind, "conflict");
    });
    test("a row made again is another row, though its bytes are the same", async () => {
      const rev = await commitOk(home().store, { put: [put("aba", "same")] });
      await commitOk(home().store, { delete: [at("aba")] });
      await commitOk(home().store, { put: [put("aba", "same")] });
      const result = await home().store.commit({ id: newRev(), expect: [{ ...at("aba"), rev }] });
      assert.equal(result.kind, "conflict");
    });
    test("writes nothing when one of its conditions fails", async () => {
      await commitOk(home().store, { put: [put("k1", "old"), put("k2", "old")] });
      const result = await home().store.commit({
        id: newRev(),
        expect: [
          { ...at("k1"), rev: "present" },
          { ...at("k3"), rev: "present" },
        ],
        put: [put("k1", "new"), put("k4", "new")],
        delete: [at("k2")],
      });
      assert.deepEqual(result, { kind: "conflict", at: at("k3") });
      const rows = await home().store.get([at("k1"), at("k2"), at("k4")]);
      assert.deepEqual(rows[0]?.value, text("old"));
      assert.deepEqual(rows[1]?.value, text("old"));
      assert.equal(rows[2], undefined);
    });
    test("names the first condition that failed", async () => {
      const expect = [at("n1"), at("n2")].map((key) => ({ ...key, rev: "present" as const }));
      assert.deepEqual(await home().store.commit({ id: newRev(), expect }), {
        kind: "conflict",
        at: at("n1"),
      });
    });
    test("checks conditions on rows that it doesn't write", async () => {
      const rev = await commitOk(home().store, { put: [put("life", "active", "life")] });
      const expect = [{ ...at("life", "life"), rev }];
      await commitOk(home().store, { expect, put: [put("obj", "1")] });
      await commitOk(home().store, { put: [put("life", "deleting", "life")] });
      const late = await home().store.commit({ id: newRev(), expect, put: [put("obj", "2")] });
      assert.deepEqual(late, { kind: "conflict", at: at("life", "life") });
    });
    test("moves a row from one table to another at once", async () => {
      await commitOk(home().store, { put: [put("m", "x", "head")] });
      await commitOk(home().store, { put: [put("m", "x", "marker")], delete: [at("m", "head")] });
      const [head, marker] = await home().store.get([at("m", "head"), at("m", "marker")]);
      assert.equal(head, undefined);
      assert.deepEqual(marker?.value, text("x"));
    });
    test("takes as many writes and conditions as the bounds say, and no more", async () => {
      const puts = Array.from({ length: COMMIT_WRITES_MAX }, (_, i) => put(`many-${i}`));
      const expect = puts
        .slice(0, COMMIT_CONDITIONS_MAX)
        .map((p) => ({ ...at(p.key), rev: "absent" as const }));
      await commitOk(home().store, { expect, put: puts });
      await assert.rejects(home().store.commit({ id: newRev(), put: [...puts, put("one more")] }));
      const tooMany = [...expect, { ...at("other"), rev: "absent" as const }];
      await assert.rejects(home().store.commit({ id: newRev(), expect: tooMany }));
    });
    test("refuses values, keys and sums over the bounds, and writes nothing of them", async () => {
      const large = new Uint8Array(ROW_VALUE_BYTES_MAX);
      const over = new Uint8Array(ROW_VALUE_BYTES_MAX + 1);
      const longKey = new Uint8Array(ROW_KEY_BYTES_MAX + 1);
      for (const bad of [
        [put("ok-1"), put("v", over)],
        [put("ok-1"), put(longKey)],
        [put("ok-1"), put("")],
        [put("ok-1"), ...["p", "q", "r", "s"].map((key) => put(key, large))],
      ]) {
        await assert.rejects(home().store.commit({ id: newRev(), put: bad }));
      }
      assert.deepEqual(await home().store.get([at("ok-1"), at("p")]), [undefined, undefined]);
    });
    test("goes on after a refused commit", async () => {
      await commitOk(home().store, { put: [put("after refusal")] });
    });
    test("of many at a time: each is all or nothing, and one of those that race wins", async () => {
      const racers = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          home().store.commit({
            id: newRev(),
            expect: [{ ...at("race"), rev: "absent" }],
            put: [put("race", `${i}`), put(`race-${i}`, "won")],
          }),
        ),
      );
      assert.equal(racers.filter((r) => r.kind === "ok").length, 1);
      const winner = racers.findIndex((r) => r.kind === "ok");
      const rows = await home().store.get([at("race"), ...racers.map((_, i) => at(`race-${i}`))]);
      assert.deepEqual(rows[0]?.value, text(`${winner}`));
      assert.deepEqual(
        rows.slice(1).flatMap((row, i) => (row ? [i] : [])),
        [winner],
      );
    });
    test("tells a clock that doesn't run backwards by much", async () => {
      const first = await home().store.now();
      const second = await home().store.now();
      assert.ok(second >= first - 1000 && first > 1_600_000_000_000);
    });
  });
}
