import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretKey } from "@strongroom/crypto";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { tokensUnder } from "./tokens.ts";

const first = SecretKey.generate("token");
const second = SecretKey.generate("token");
const all = () =>
  new Map([
    [1, first],
    [2, second],
  ]);
const tokens = tokensUnder({ current: () => ({ term: 2, key: second }), all });

test("a token opens to its text, for its purpose only", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, purpose) => {
      const token = tokens.seal(purpose, text);
      assert.match(token, /^[A-Za-z0-9_-]+$/);
      assert.equal(tokens.open(purpose, token), text);
      assert.equal(tokens.tryOpen(`${purpose}x`, token), undefined);
    }),
  );
});

test("a token of an earlier term still opens", () => {
  const old = tokensUnder({ current: () => ({ term: 1, key: first }), all });
  assert.equal(tokens.open("list", old.seal("list", "k")), "k");
});

test("any changed character is refused", () => {
  const token = tokens.seal("list", "some key");
  for (let i = 0; i < token.length; i++) {
    const changed = `${token.slice(0, i)}${token[i] === "A" ? "B" : "A"}${token.slice(i + 1)}`;
    assert.equal(tokens.tryOpen("list", changed), undefined, `character ${i}`);
  }
  for (const foreign of ["", "x", "1234", `${token}=`, "é", token.slice(0, -4)]) {
    assert.throws(
      () => tokens.open("list", foreign),
      (e) => e instanceof ServiceError && e.code === "InvalidArgument",
    );
  }
});
