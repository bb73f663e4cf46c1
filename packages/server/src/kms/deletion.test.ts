import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryModel } from "../store/memory/model.ts";
import { createAlias, deleteAlias, updateAlias } from "./aliases.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { cancelDeletion, countDestroyed, destroyDue, scheduleDeletion } from "./deletion.ts";
import { encrypt } from "./encryption.ts";
import type { CountDependents, Kernel } from "./kernel.ts";
import { describeKey, enableKey } from "./lifecycle.ts";
import { ensureKey } from "./bootstrap.ts";
import { listKeys } from "./listing.ts";
import { rotateOnDemand } from "./rotation.ts";
import { ACCOUNT, directRequester, testKms } from "./test/kernel.ts";
import { type Dependents, type Tombstone, tombstoneCodec } from "./tombstone.ts";
import { verifyKeys } from "./verify.ts";

const me = directRequester();
const DAY_MS = 86_400_000;

async function rowsLeft(model: MemoryModel): Promise<readonly string[]> {
  const { rows } = await model.open().scan({ table: "kms", from: new Uint8Array(), limit: 1000 });
  return rows.map((row) => new TextDecoder().decode(row.key).split("\0")[0] ?? "");
}

async function keyWithAliases(
  kms: Kernel,
  aliases: number,
): Promise<{ readonly id: string; readonly arn: string }> {
  const { KeyId, Arn } = await createKey(kms, me, {});
  for (let i = 0; i < aliases; i++) await createAlias(kms, me, `alias/of-${i}`, String(KeyId));
  return { id: String(KeyId), arn: String(Arn) };
}

test("when the date has passed, key, material and aliases go, and the id is never used again", async () => {
  const model = new MemoryModel();
  const { kms, clock, deleted } = await testKms(model.open());
  const { id, arn } = await keyWithAliases(kms, 40);
  const { blob } = await encrypt(kms, me, {
    keyId: id,
    plaintext: new Uint8Array([1]),
    context: EMPTY_CONTEXT,
  });
  const { deletionMs, days } = await scheduleDeletion(kms, me, id);
  assert.equal(days, 30);
  assert.equal(await destroyDue(kms, clock.now()), 0);
  clock.nowMs = deletionMs;
  assert.equal(await destroyDue(kms, clock.now()), 1);
  assert.deepEqual(await rowsLeft(model), ["gone", "removal"]);
  assert.equal(deleted.length, 1);
  assert.equal(deleted[0]?.aliases.length, 40);
  assert.equal(deleted[0].materialIds.length, 1);
  await assert.rejects(describeKey(kms, me, id), {
    code: "NotFoundException",
    message: `Key '${arn}' does not exist`,
  });
  await assert.rejects(describeKey(kms, me, "alias/of-0"), { message: /^Alias .* is not found\.$/ });
  await assert.rejects(decrypt(kms, me, { blob, context: EMPTY_CONTEXT }), {
    code: "AccessDeniedException",
    message: /^The ciphertext refers/,
  });
  assert.equal(await ensureKey(kms, { account: ACCOUNT, keyId: id }), "deleted");
});

test("cancelled in time, the key comes back disabled", async () => {
  const { kms, clock } = await testKms();
  const { id, arn } = await keyWithAliases(kms, 1);
  const { deletionMs } = await scheduleDeletion(kms, me, id, 7);
  assert.equal(deletionMs, clock.now() + 7 * DAY_MS);
  assert.equal(await cancelDeletion(kms, me, id), arn);
  clock.nowMs = deletionMs + 1;
  assert.equal(await destroyDue(kms, clock.now()), 0);
  assert.equal((await describeKey(kms, me, id)).KeyState, "Disabled");
  await enableKey(kms, me, id);
  await encrypt(kms, me, { keyId: id, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });
});

test("a job cut off between its steps leaves nothing that clients see, and the next run ends it", async () => {
  for (const commits of [1, 2, 3]) {
    const model = new MemoryModel();
    const { kms, clock } = await testKms(model.open());
    const { id, arn } = await keyWithAliases(kms, 33);
    clock.nowMs = (await scheduleDeletion(kms, me, id, 7)).deletionMs;
    let left = commits;
    const dying: Kernel = {
      ...kms,
      rows: new Proxy(kms.rows, {
        get(rows, name) {
          if (name === "commit" && left-- <= 0) throw new Error("cut off");
          const member: unknown = Reflect.get(rows, name);
          return typeof member === "function" ? member.bind(rows) : member;
        },
      }),
    };
    await assert.rejects(destroyDue(dying, clock.now()), /cut off/);
    await assert.rejects(describeKey(kms, me, id), { message: `Key '${arn}' does not exist` });
    await assert.rejects(cancelDeletion(kms, me, id), { message: `Key '${arn}' does not exist` });
    assert.deepEqual((await listKeys(kms, me, {})).items, []);
    assert.equal(await destroyDue(kms, clock.now()), 1);
    assert.deepEqual(await rowsLeft(model), ["gone", "removal"]);
  }
});

test("an alias of a key under destruction is free, and what takes it keeps it", async () => {
  const { kms, clock } = await testKms();
  const { id } = await keyWithAliases(kms, 2);
  const other = String((await createKey(kms, me, {})).KeyId);
  clock.nowMs = (await scheduleDeletion(kms, me, id, 7)).deletionMs;
  await assert.rejects(destroyDue(cutOff(kms, 1), clock.now()), /cut off/);
  const gone = { code: "NotFoundException", message: /^Alias .* is not found\.$/ };
  await assert.rejects(describeKey(kms, me, "alias/of-0"), gone);
  await assert.rejects(updateAlias(kms, me, "alias/of-0", other), gone);
  await assert.rejects(deleteAlias(kms, me, "alias/of-0"), gone);
  await createAlias(kms, me, "alias/of-0", other);
  await ensureKey(kms, { account: ACCOUNT, keyId: "app", aliases: ["alias/of-1"] });
  assert.equal(await destroyDue(kms, clock.now()), 1);
  assert.equal((await describeKey(kms, me, "alias/of-0")).KeyId, other);
  assert.equal((await describeKey(kms, me, "alias/of-1")).KeyId, "app");
  for await (const { problems } of verifyKeys(kms)) assert.deepEqual(problems, []);
});

test("what is told at the end is what was destroyed, also where an alias left when it began", async () => {
  const { kms, clock, deleted } = await testKms();
  const { id } = await keyWithAliases(kms, 2);
  clock.nowMs = (await scheduleDeletion(kms, me, id, 7)).deletionMs;
  const told: Kernel = {
    ...kms,
    hooks: {
      ...kms.hooks,
      async keyDeleted(event, phase) {
        if (phase === "intent") await deleteAlias(kms, me, "alias/of-0");
        await kms.hooks.keyDeleted?.(event, phase);
      },
    },
  };
  assert.equal(await destroyDue(told, clock.now()), 1);
  assert.deepEqual(deleted[0]?.aliases, ["alias/of-1"]);
});

test("a use that another process writes down late leaves no row", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const { id } = await keyWithAliases(a.kms, 0);
  await encrypt(b.kms, me, { keyId: id, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });
  a.clock.nowMs = (await scheduleDeletion(a.kms, me, id, 7)).deletionMs;
  assert.equal(await destroyDue(a.kms, a.clock.now()), 1);
  await b.kms.usage.flush();
  assert.deepEqual(await rowsLeft(model), ["gone", "removal"]);
});

test("two processes may run the job at once", async () => {
  const model = new MemoryModel();
  const [a, b] = [await testKms(model.open()), await testKms(model.open())];
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await keyWithAliases(a.kms, 0)).id);
  for (const id of ids) await scheduleDeletion(a.kms, me, id, 7);
  a.clock.nowMs += 8 * DAY_MS;
  b.clock.nowMs = a.clock.nowMs;
  const done = await Promise.all([destroyDue(a.kms, a.clock.now()), destroyDue(b.kms, b.clock.now())]);
  assert.equal((done[0] ?? 0) + (done[1] ?? 0), 3);
  assert.deepEqual(await rowsLeft(model), ["gone", "gone", "gone", "removal"]);
});

test("the tombstone says what was destroyed, when and on whose order, also when the job was cut off", async () => {
  for (const commits of [0, 1, 2]) {
    const model = new MemoryModel();
    const { kms, clock } = await testKms(model.open());
    const { id } = await keyWithAliases(kms, 17);
    await encrypt(kms, me, { keyId: id, plaintext: new Uint8Array([1]), context: EMPTY_CONTEXT });
    for (let i = 0; i < 2; i++) await rotateOnDemand(kms, me, id);
    const materials = (await kms.rows.key(ACCOUNT, id))?.value.materials.map((m) => m.id);
    const scheduledMs = clock.now();
    clock.nowMs = (await scheduleDeletion(kms, me, id, 7)).deletionMs;
    await assert.rejects(destroyDue(cutOff(kms, commits), clock.now()), /cut off/);
    clock.nowMs += 1000;
    assert.equal(await destroyDue(kms, clock.now()), 1);
    const tombstone = await kms.rows.tombstone(ACCOUNT, id);
    assert.deepEqual(
      tombstone?.materials.map((m) => m.id),
      materials,
    );
    assert.deepEqual(
      tombstone?.materials.map(({ term }) => term),
      [1, 1, 1],
    );
    assert.equal(tombstone.aliases.length, 17);
    assert.equal(tombstone.scheduledMs, scheduledMs);
    assert.equal(tombstone.scheduledBy, me.arn);
    assert.equal(tombstone.lastUse?.operation, "Encrypt");
    assert.equal(tombstone.destroyedMs, clock.now());
    assert.equal(tombstone.dependents, undefined);
  }
});

function cutOff(kms: Kernel, commits: number): Kernel {
  let left = commits;
  return {
    ...kms,
    rows: new Proxy(kms.rows, {
      get(rows, name) {
        if (name === "commit" && left-- <= 0) throw new Error("cut off");
        const member: unknown = Reflect.get(rows, name);
        return typeof member === "function" ? member.bind(rows) : member;
      },
    }),
  };
}

const COUNT: Dependents = {
  beganMs: 1,
  endedMs: 2,
  looked: 3,
  unreadable: 0,
  uploadsLooked: 1,
  versions: 2,
  current: 1,
  bytes: 10,
  sseKms: 1,
  dsseKms: 1,
  bucketKey: 0,
  uploads: 1,
  formerly: 0,
  materials: [{ shortId: "00", versions: 2, bytes: 10, uploads: 1 }],
  buckets: [{ name: "b", id: "ff", versions: 2, bytes: 10, uploads: 1, formerly: 0 }],
  otherBuckets: 0,
  alsoOpenedBy: [{ key: "SSE-S3", versions: 1 }],
};

test("tombstones get their counts once, all in one walk, and again after a walk that failed", async () => {
  const { kms, clock } = await testKms();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await keyWithAliases(kms, 0)).id);
  for (const id of ids) await scheduleDeletion(kms, me, id, 7);
  clock.nowMs += 8 * DAY_MS;
  await destroyDue(kms, clock.now());
  let walks = 0;
  const countDependents: CountDependents = (keys) => {
    if (walks++ === 0) return Promise.reject(new Error("the process ends"));
    return Promise.resolve(keys.map(() => COUNT));
  };
  const counting = { ...kms, countDependents };
  await assert.rejects(countDestroyed(counting));
  assert.equal(await countDestroyed(counting), 3);
  assert.equal(await countDestroyed(counting), 0);
  assert.equal(walks, 2);
  for (const id of ids) assert.deepEqual((await kms.rows.tombstone(ACCOUNT, id))?.dependents, COUNT);
});

test("tombstones: format 1 was a mark only; format 2 reads as it was written and refuses other shapes", () => {
  assert.equal(tombstoneCodec.decode(Uint8Array.of(1, 1)), undefined);
  const whole: Tombstone = {
    account: ACCOUNT,
    keyId: "k",
    bornArn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/k` as Tombstone["bornArn"],
    spec: "SYMMETRIC_DEFAULT",
    origin: "EXTERNAL",
    createdMs: 1,
    aliases: ["alias/a"],
    materials: [
      { id: "aa", createdMs: 2, term: 3 },
      { id: "bb", createdMs: 2 },
    ],
    grants: 1,
    scheduledMs: 4,
    scheduledBy: me.arn,
    scheduledRequest: "r",
    deletionMs: 5,
    beganMs: 6,
    destroyedMs: 7,
    lastUse: { operation: "Decrypt", atMs: 8 },
    dependents: COUNT,
  };
  assert.deepEqual(tombstoneCodec.decode(tombstoneCodec.encode(whole)), whole);
  const { grants: _, ...less } = whole;
  assert.throws(() => tombstoneCodec.decode(tombstoneCodec.encode(less as Tombstone)), {
    name: "IntegrityError",
  });
});
