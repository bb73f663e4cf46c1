/** What a bootstrap file names is brought about once, kept, and brought back; nothing else is touched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { parseAccountId } from "../base/ids.ts";
import { CountedRecords } from "../store/counted.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { openTestRecords, testRoot } from "../store/test-keyring.ts";
import { attach, deleteInline, getInline, putInline } from "./attachments.ts";
import type { Directory } from "./directory.ts";
import { ensureGroup, ensurePolicy, ensureRole, ensureUser } from "./ensure.ts";
import { Identities } from "./identities.ts";
import { documentOf, needPolicy } from "./managed-policies.ts";
import { groupsOf } from "./users.ts";

const ACCOUNT = parseAccountId("111122223333");
const policy = (action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: action, Resource: "*" } });
const trust = (principal: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" },
  });

test("ensure functions are idempotent, also when several processes run them", async () => {
  const model = new MemoryModel();
  const root = testRoot();
  const open = async (): Promise<Identities> => {
    const { records } = await openTestRecords(model.open(), root);
    return new Identities(records, new CountedRecords(records), systemClock);
  };
  const [one, two] = [await open(), await open()];
  await one.ensureAccount({ id: ACCOUNT });
  const arn = `arn:aws:iam::${ACCOUNT}:policy/app`;
  const key = { accessKeyId: "AKIDBOOTSTRAPKEY1", secretAccessKey: "a secret of the bootstrap file" };
  const apply = async (identities: Identities, action = "s3:Get*") => {
    const d = identities.directory;
    return [
      await ensurePolicy(d, ACCOUNT, {
        name: "app",
        document: policy(action),
        tags: [{ key: "a", value: "1" }],
      }),
      await ensureGroup(d, ACCOUNT, {
        name: "crew",
        attached: [arn],
        inline: { extra: policy("kms:List*") },
      }),
      await ensureUser(d, ACCOUNT, {
        name: "ann",
        path: "/staff/",
        groups: ["crew"],
        boundary: "arn:aws:iam::aws:policy/AdministratorAccess",
        tags: [{ key: "team", value: "x" }],
        accessKeys: [key],
      }),
      await ensureRole(d, ACCOUNT, {
        name: "app",
        trust: trust(`arn:aws:iam::${ACCOUNT}:user/staff/ann`),
        description: "made by the file",
        maxSessionSeconds: 7200,
        attached: ["arn:aws:iam::aws:policy/KeyUser"],
      }),
    ];
  };
  await Promise.all([apply(one), apply(two)]);
  assert.deepEqual(await apply(one), ["present", "present", "present", "present"]);
  assert.deepEqual(await apply(two), ["present", "present", "present", "present"]);

  const d = one.directory;
  const found = await one.lookup(key.accessKeyId, undefined);
  assert.ok(found !== undefined && found !== "invalid-token" && found.principal.kind === "user");
  assert.equal(found.principal.arn, `arn:aws:iam::${ACCOUNT}:user/staff/ann`);
  const ann = await d.find(ACCOUNT, "User", "ann");
  assert.ok(ann);
  assert.deepEqual(
    (await groupsOf(d, ACCOUNT, ann)).map((group) => group.name),
    ["crew"],
  );

  await putInline(d, ACCOUNT, "User", "ann", "by-hand", policy("s3:*"));
  await attach(d, ACCOUNT, "User", "ann", "arn:aws:iam::aws:policy/Auditor");
  for (let i = 0; i < 7; i++) assert.equal((await apply(two, `s3:Get${i}*`))[0], "changed");
  const view = await needPolicy(d, ACCOUNT, arn);
  assert.equal((await documentOf(d, ACCOUNT, view)).text, policy("s3:Get6*"));
  assert.equal(view.policy.versions.length, 5);
  // Two starts with a new file: one version is made, and one goes.
  await Promise.all([apply(one, "s3:Put*"), apply(two, "s3:Put*")]);
  const { versions } = (await needPolicy(d, ACCOUNT, arn)).policy;
  assert.deepEqual(
    versions.map(({ number }) => number),
    [5, 6, 7, 8, 9],
  );
  assert.deepEqual((await d.find(ACCOUNT, "User", "ann"))?.inline, ["by-hand"]);
});

test("an inline policy that goes while the file is applied is put again", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const { directory: d } = new Identities(records, new CountedRecords(records), systemClock);
  const wanted = { name: "ann", inline: { extra: policy("kms:List*") } };
  await ensureUser(d, ACCOUNT, wanted);
  let raced = 0;
  const racing: Directory = Object.assign(Object.create(d), {
    async inline(...args: Parameters<Directory["inline"]>) {
      if (raced++ === 0) await deleteInline(d, ACCOUNT, "User", "ann", "extra");
      return d.inline(...args);
    },
  });
  await ensureUser(racing, ACCOUNT, wanted);
  assert.ok(raced > 0);
  assert.equal(await getInline(d, ACCOUNT, "User", "ann", "extra"), wanted.inline.extra);
});

test("accounts are made once, under a random number or a chosen one", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const identities = new Identities(records, new CountedRecords(records), systemClock);
  const ids = async () => (await identities.accounts()).map(({ id }) => id);
  const made = await identities.createAccount({ displayName: "first" });
  assert.match(made.account.id, /^[1-9][0-9]{11}$/);
  await identities.createAccount({ id: ACCOUNT });
  await assert.rejects(identities.createAccount({ id: ACCOUNT }), { code: "EntityAlreadyExists" });
  assert.deepEqual(await ids(), [made.account.id, ACCOUNT].toSorted());
  const [key] = await identities.rootKeys(made.account.id);
  assert.equal(key?.accessKeyId, made.key.accessKeyId);
});

test("a new account that nobody hears of goes with its key, unless somebody gave it more", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const identities = new Identities(records, new CountedRecords(records), systemClock);
  const first = await identities.createAccount({ id: ACCOUNT });
  await identities.removeNewAccount(first);
  await identities.removeNewAccount(first);
  assert.deepEqual(await identities.accounts(), []);
  assert.deepEqual(await identities.rootKeys(ACCOUNT), []);

  const second = await identities.createAccount({ id: ACCOUNT });
  await ensureUser(identities.directory, ACCOUNT, { name: "ann" });
  await identities.removeNewAccount(second);
  assert.equal((await identities.accounts()).length, 1);
  assert.deepEqual(await identities.rootKeys(ACCOUNT), []);
});
