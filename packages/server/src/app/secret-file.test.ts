import assert from "node:assert/strict";
import { test } from "node:test";
import { isReadableByOthers } from "./secret-file.ts";

const REGULAR = 0o100000;
const ROOT = 0;
const SERVER = 1000;

test("a key file is its owner's alone; its group may read what root owns, for a server that is not root", () => {
  const refused = (uid: number, mode: number, user: number | undefined): boolean =>
    isReadableByOthers({ uid, mode: REGULAR | mode }, user);
  for (const user of [ROOT, SERVER, undefined]) {
    for (const uid of [ROOT, SERVER, 2000]) {
      for (const mode of [0o600, 0o400]) assert.equal(refused(uid, mode, user), false);
      for (const mode of [0o604, 0o606, 0o601, 0o620, 0o660, 0o650, 0o444, 0o644])
        assert.equal(refused(uid, mode, user), true);
      for (const mode of [0o440, 0o640])
        assert.equal(refused(uid, mode, user), !(uid === ROOT && user === SERVER));
    }
  }
});
