import assert from "node:assert/strict";
import { test } from "node:test";
import { isOpenToOthers } from "./key-file.ts";

const REGULAR = 0o100000;

test("a key file is its owner's alone; its group may read what root owns, as secrets are mounted for who is not root", () => {
  const open = (uid: number, mode: number, user: number | undefined) =>
    isOpenToOthers({ uid, mode: REGULAR | mode }, user);
  for (const user of [0, 1000, undefined])
    for (const uid of [0, 1000, 2000]) {
      for (const mode of [0o600, 0o400]) assert.equal(open(uid, mode, user), false, `${uid} ${mode}`);
      for (const mode of [0o604, 0o606, 0o601, 0o620, 0o660, 0o650, 0o444, 0o644])
        assert.equal(open(uid, mode, user), true, `${uid} ${mode}`);
      for (const mode of [0o440, 0o640])
        assert.equal(open(uid, mode, user), !(uid === 0 && user === 1000), `${uid} ${mode} ${user}`);
    }
});
