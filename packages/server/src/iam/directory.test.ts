/** What holds of records whatever the operation: verified reads, prompt effect, bounded cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { IntegrityError } from "../base/errors.ts";
import { newRev, parseAccountId } from "../base/ids.ts";
import { CountedRecords } from "../store/counted.ts";
import { MemoryModel } from "../store/memory/model.ts";
import type { Row, Store } from "../store/port.ts";
import { openTestRecords, testRoot } from "../store/test-keyring.ts";
import { createAccessKey, deleteAccessKey, updateAccessKey } from "./access-keys.ts";
import { attach, detach, putInline } from "./attachments.ts";
import { entityRow, inlineRow } from "./entity-records.ts";
import { createGroup } from "./groups.ts";
import { callerAs } from "../base/test-caller.ts";
import { Identities } from "./identities.ts";
import { createPolicy, createPolicyVersion, setDefaultVersion } from "./managed-policies.ts";
import { PolicyAuthoriser } from "./policy-authoriser.ts";
import { addToGroup, createUser, removeFromGroup } from "./users.ts";

const ACCOUNT = parseAccountId("111122223333");
const ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}';
const DENY = ALLOW.replace("Allow", "Deny");

interface Setting {
  readonly store: Store;
  readonly here: Identities;
  /** As another process sees the same store. */
  readonly there: Identities;
  readonly gets: { count: number };
  readonly looks: { count: number };
  readonly open: () => Promise<Identities>;
}
async function setting(): Promise<Setting> {
  const plain = new MemoryModel().open();
  const gets = { count: 0 };
  const looks = { count: 0 };
  const store: Store = {
    ...plain,
    get: (keys) => {
      gets.count += keys.length;
      return plain.get(keys);
    },
    holds: (expect) => {
      looks.count += expect.length;
      return plain.holds(expect);
    },
  };
  const root = testRoot();
  const open = async (): Promise<Identities> => {
    const { records } = await openTestRecords(store, root);
    return new Identities(records, new CountedRecords(records), systemClock);
  };
  const here = await open();
  await here.ensureAccount({ id: ACCOUNT });
  return { store, here, there: await open(), gets, looks, open };
}
const authoriser = new PolicyAuthoriser();

async function mayRead(identities: Identities, accessKeyId: string): Promise<boolean | "unknown key"> {
  const found = await identities.lookup(accessKeyId, undefined);
  if (found === undefined || found === "invalid-token" || !found.active) return "unknown key";
  const caller = callerAs(found.principal);
  const request = {
    action: "s3:GetObject",
    resource: "arn:aws:s3:::b/k",
    resourceAccount: ACCOUNT,
    conditions: new Map(),
  };
  return authoriser.decide(caller, request).kind === "allow";
}

test("whatever one process changes, the next request anywhere is decided by", async () => {
  const { here, there } = await setting();
  const d = here.directory;
  await createUser(d, ACCOUNT, { name: "ann", path: "/", tags: [] });
  const { accessKeyId } = await createAccessKey(d, ACCOUNT, { kind: "user", name: "ann" });
  const expect = async (wanted: boolean | "unknown key"): Promise<void> => {
    assert.equal(await mayRead(there, accessKeyId), wanted);
    assert.equal(await mayRead(here, accessKeyId), wanted);
  };
  await expect(false);
  await putInline(d, ACCOUNT, "User", "ann", "p", ALLOW);
  await expect(true);
  await createGroup(d, ACCOUNT, { name: "shut", path: "/" });
  await putInline(d, ACCOUNT, "Group", "shut", "p", DENY);
  await expect(true);
  await addToGroup(d, ACCOUNT, "shut", "ann");
  await expect(false);
  await removeFromGroup(d, ACCOUNT, "shut", "ann");
  await expect(true);
  const { arn } = await createPolicy(d, ACCOUNT, { name: "m", path: "/", document: DENY, tags: [] });
  await attach(d, ACCOUNT, "User", "ann", arn);
  await expect(false);
  await createPolicyVersion(d, ACCOUNT, arn, ALLOW, false);
  await expect(false);
  await setDefaultVersion(d, ACCOUNT, arn, "v2");
  await expect(true);
  await detach(d, ACCOUNT, "User", "ann", arn);
  await updateAccessKey(d, ACCOUNT, { kind: "user", name: "ann" }, accessKeyId, false);
  await expect("unknown key");
  await updateAccessKey(d, ACCOUNT, { kind: "user", name: "ann" }, accessKeyId, true);
  await expect(true);
  await deleteAccessKey(d, ACCOUNT, { kind: "user", name: "ann" }, accessKeyId);
  await expect("unknown key");
});

test("a known caller costs one look at one row and no read, whatever its policies", async () => {
  const { here, gets, looks } = await setting();
  const d = here.directory;
  await createUser(d, ACCOUNT, { name: "ann", path: "/", tags: [] });
  for (let i = 0; i < 8; i++) await putInline(d, ACCOUNT, "User", "ann", `p${i}`, ALLOW);
  const { accessKeyId } = await createAccessKey(d, ACCOUNT, { kind: "user", name: "ann" });
  const first = await here.lookup(accessKeyId, undefined);
  gets.count = 0;
  looks.count = 0;
  const second = await here.lookup(accessKeyId, undefined);
  assert.equal(second, first);
  assert.equal(gets.count, 0);
  assert.equal(looks.count, 1);
});

test("a row brought back from yesterday, or taken away, is noticed", async () => {
  const { store, here, there, open } = await setting();
  const d = here.directory;
  const user = await createUser(d, ACCOUNT, { name: "ann", path: "/", tags: [] });
  const { accessKeyId } = await createAccessKey(d, ACCOUNT, { kind: "user", name: "ann" });
  await putInline(d, ACCOUNT, "User", "ann", "p", ALLOW);
  const row = inlineRow(ACCOUNT, user.id, "p");
  const [old] = await store.get([row]);
  await putInline(d, ACCOUNT, "User", "ann", "p", DENY);
  assert.equal(await mayRead(there, accessKeyId), false);
  const replace = async (at: typeof row, value: Row | undefined): Promise<void> => {
    const write = value === undefined ? { delete: [at] } : { put: [{ ...at, value: value.value }] };
    assert.equal((await store.commit({ id: newRev(), ...write })).kind, "ok");
  };
  const fresh = async (): Promise<unknown> => {
    // As a process that starts now: nothing of it is in memory.
    return mayRead(await open(), accessKeyId);
  };
  await replace(row, old);
  await assert.rejects(fresh(), IntegrityError);
  await replace(row, undefined);
  await assert.rejects(fresh(), IntegrityError);
  await replace(entityRow(ACCOUNT, "User", "ann"), undefined);
  await assert.rejects(fresh(), IntegrityError);
});
