/** Two processes on one data directory change the same account's identities at the same time. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { User } from "./entity-records.ts";
import { ACCOUNT, openPlace } from "./test/place.ts";
import { race, type Won } from "./test/racer.ts";
import { createUser } from "./users.ts";

const COUNT = 12;
const RACER = join(import.meta.dirname, "test/racer.ts");

test("no change is lost, no name and no key is given twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-iam-"));
  const place = await openPlace(directory);
  try {
    const d = place.identities.directory;
    await place.identities.ensureAccount({ id: ACCOUNT });
    await createUser(d, ACCOUNT, { name: "shared", path: "/", tags: [] });
    const child = promisify(execFile)(process.execPath, [RACER, directory, "child", String(COUNT)]);
    const mine = await race(d, "parent", COUNT);
    const theirs: Won = JSON.parse((await child).stdout);

    const users: User[] = [];
    for await (const user of d.all(ACCOUNT, "User")) users.push(user);
    assert.equal(users.length, 3 * COUNT + 1);
    assert.equal(new Set(users.map((user) => user.id)).size, users.length);
    assert.deepEqual(
      [...mine.names, ...theirs.names].toSorted(),
      Array.from({ length: COUNT }, (_, i) => `wanted-${i}`).toSorted(),
    );
    const shared = await d.find(ACCOUNT, "User", "shared");
    assert.deepEqual([...mine.keys, ...theirs.keys].toSorted(), shared?.accessKeys.toSorted());
    assert.equal(shared?.accessKeys.length, 2);
    assert.equal(shared.inline.length, 6);
    for (const user of users)
      if (/^(parent|child)-/.test(user.name))
        assert.deepEqual(user.attached, ["arn:aws:iam::aws:policy/KeyUser"]);
  } finally {
    await place.close();
    await rm(directory, { recursive: true });
  }
});
