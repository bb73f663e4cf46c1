/** Two processes on one data directory change the same account's identities at the same time. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { User } from "./entity-records.ts";
import { ACCOUNT, openPlace } from "./test/place.ts";
import { race, type Won } from "./test/racer.ts";
import { createUser } from "./users.ts";

const COUNT = 12;
const RACER = join(import.meta.dirname, "test/racer.ts");

/** What the child says next. */
async function said(child: ChildProcess): Promise<unknown> {
  assert.ok(child.connected, "the child has ended");
  const gone = new AbortController();
  const end = (): void => gone.abort(new Error("the child has ended"));
  // Not its exit: that may be told before its last word.
  child.once("disconnect", end);
  try {
    const [message] = await once(child, "message", { signal: gone.signal });
    return message;
  } finally {
    child.off("disconnect", end);
  }
}

test("no change is lost, no name and no key is given twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "strongroom-iam-"));
  const place = await openPlace(directory);
  const child = fork(RACER, [directory, "child", String(COUNT)]);
  try {
    // Nobody writes while it opens the store (ADR 14).
    assert.equal(await said(child), "opened");
    const d = place.identities.directory;
    await place.identities.ensureAccount({ id: ACCOUNT });
    await createUser(d, ACCOUNT, { name: "shared", path: "/", tags: [] });
    const ended = once(child, "exit");
    const won = said(child) as Promise<Won>;
    child.send("go");
    const [mine, theirs] = await Promise.all([race(d, "parent", COUNT), won]);
    assert.deepEqual(await ended, [0, null]);

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
    child.kill("SIGKILL");
    await place.close();
    await rm(directory, { recursive: true });
  }
});
