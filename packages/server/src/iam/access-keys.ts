/** Access keys of users and of root. A secret is shown when it is made and never again. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { ACCESS_KEYS_PER_USER_MAX } from "../base/limits.ts";
import { newAccessKey } from "../base/random-text.ts";
import { countedCodec, entryRow } from "../store/list-page.ts";
import { type AccessKey, accessKeyCodec, accessKeyRow, identitiesParent } from "./account-records.ts";
import type { Change, Directory } from "./directory.ts";
import { need } from "./entities.ts";
import { type LastUse, lastUseCodec, lastUseRow, type User } from "./entity-records.ts";

/** Whose keys are meant: a user's by name, or those of the account's root. */
export type KeyOwner = { readonly kind: "root" } | { readonly kind: "user"; readonly name: string };

export interface ShownOnce {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
export interface MadeKey extends ShownOnce {
  readonly createdMs: number;
}

interface Owned {
  readonly user: User | undefined;
  readonly ids: readonly string[];
}
async function ownedBy(d: Directory, account: AccountId, owner: KeyOwner): Promise<Owned> {
  if (owner.kind === "root")
    return { user: undefined, ids: (await rootKeys(d, account)).map((key) => key.accessKeyId) };
  const user = await need(d, account, "User", owner.name);
  return { user, ids: user.accessKeys };
}

/** Throws LimitExceeded. */
export function createAccessKey(d: Directory, account: AccountId, owner: KeyOwner): Promise<MadeKey> {
  const made = newAccessKey();
  return d.change(account, async (change) => {
    const { user, ids } = await ownedBy(d, account, owner);
    if (ids.length >= ACCESS_KEYS_PER_USER_MAX)
      fail("LimitExceeded", `Cannot exceed quota for AccessKeysPerUser: ${ACCESS_KEYS_PER_USER_MAX}`);
    const createdMs = d.clock.now();
    writeKey(change, user, made, "generated", createdMs);
    return { ...made, createdMs };
  });
}

/**
 * Sets the secret of a chosen access key id; a changed secret takes effect with the next request. Idempotent. Throws
 * EntityAlreadyExists when the id is somebody else's.
 */
export function setAccessKey(
  d: Directory,
  account: AccountId,
  owner: KeyOwner,
  key: ShownOnce,
  origin: AccessKey["origin"],
): Promise<"unchanged" | "set"> {
  const row = accessKeyRow(key.accessKeyId);
  return d.change(account, async (change) => {
    const { user, ids } = await ownedBy(d, account, owner);
    const found = await d.records.get(countedCodec(accessKeyCodec), row.table, row.key);
    const present = found?.value.value;
    if (present !== undefined && !ids.includes(key.accessKeyId))
      fail("EntityAlreadyExists", `The access key id ${key.accessKeyId} is taken.`);
    const secret = new TextEncoder().encode(key.secretAccessKey);
    if (present?.active === true && Buffer.compare(present.secret, secret) === 0) return "unchanged";
    if (present === undefined && user !== undefined && ids.length >= ACCESS_KEYS_PER_USER_MAX)
      fail("LimitExceeded", `Cannot exceed quota for AccessKeysPerUser: ${ACCESS_KEYS_PER_USER_MAX}`);
    // Another account's list is not this change's to watch.
    change.expect.push({ ...row, rev: found?.rev ?? "absent" });
    writeKey(change, user, key, origin, d.clock.now());
    return "set";
  });
}

/** The first key of a root user, as part of the commit that makes its account. */
export function writeFirstKey(change: Change, createdMs: number): ShownOnce {
  const made = newAccessKey();
  writeKey(change, undefined, made, "generated", createdMs);
  return made;
}

/** The record of a key with a given secret, and its place in its owner's record. */
function writeKey(
  change: Change,
  user: User | undefined,
  key: ShownOnce,
  origin: AccessKey["origin"],
  createdMs: number,
): void {
  change.write(accessKeyCodec, accessKeyRow(key.accessKeyId), {
    accessKeyId: key.accessKeyId,
    account: change.account,
    ...(user === undefined ? {} : { userId: user.id }),
    secret: new TextEncoder().encode(key.secretAccessKey),
    active: true,
    createdMs,
    origin,
  });
  if (user !== undefined && !user.accessKeys.includes(key.accessKeyId))
    change.entity("User", { ...user, accessKeys: [...user.accessKeys, key.accessKeyId] });
}

async function needKey(
  d: Directory,
  account: AccountId,
  owned: Owned,
  accessKeyId: string,
): Promise<AccessKey> {
  const entry = owned.ids.includes(accessKeyId)
    ? await d.get(accessKeyCodec, account, accessKeyRow(accessKeyId))
    : undefined;
  return entry?.value ?? fail("NoSuchEntity", `The Access Key with id ${accessKeyId} cannot be found.`);
}

/** Takes effect with the next request that the key signs. */
export function updateAccessKey(
  d: Directory,
  account: AccountId,
  owner: KeyOwner,
  accessKeyId: string,
  active: boolean,
): Promise<void> {
  return d.change(account, async (change) => {
    const key = await needKey(d, account, await ownedBy(d, account, owner), accessKeyId);
    if (key.active !== active) change.write(accessKeyCodec, accessKeyRow(accessKeyId), { ...key, active });
  });
}

export function deleteAccessKey(
  d: Directory,
  account: AccountId,
  owner: KeyOwner,
  accessKeyId: string,
): Promise<void> {
  return d.change(account, async (change) => {
    const owned = await ownedBy(d, account, owner);
    await needKey(d, account, owned, accessKeyId);
    change.delete(accessKeyRow(accessKeyId));
    change.unindex(lastUseRow(accessKeyId));
    const { user } = owned;
    if (user !== undefined)
      change.entity("User", { ...user, accessKeys: user.accessKeys.filter((id) => id !== accessKeyId) });
  });
}

/** Without their secrets' use: for listings. */
export async function accessKeysOf(
  d: Directory,
  account: AccountId,
  owner: KeyOwner,
): Promise<readonly AccessKey[]> {
  const { value } = await d.consistently(account, async () => {
    const owned = await ownedBy(d, account, owner);
    return Promise.all(owned.ids.map((id) => needKey(d, account, owned, id)));
  });
  return value;
}

export async function rootKeys(d: Directory, account: AccountId): Promise<readonly AccessKey[]> {
  const keys: AccessKey[] = [];
  for (const name of (await d.counted.entries(identitiesParent(account))).keys()) {
    if (!name.startsWith(KEY_ENTRIES)) continue;
    const row = entryRow(name);
    const entry = row && (await d.get(accessKeyCodec, account, row));
    if (entry !== undefined && entry.value.userId === undefined) keys.push(entry.value);
  }
  return keys.toSorted((a, b) => a.createdMs - b.createdMs);
}
const KEY_ENTRIES = "credential/";

export interface KeyUse {
  /** Undefined for root's. */
  readonly userName: string | undefined;
  readonly lastUse: LastUse | undefined;
}
/** Throws NoSuchEntity for a key that is not of this account. */
export async function lastUseOf(d: Directory, account: AccountId, accessKeyId: string): Promise<KeyUse> {
  const entry = await d.get(accessKeyCodec, account, accessKeyRow(accessKeyId));
  if (entry === undefined)
    return fail("NoSuchEntity", `The Access Key with id ${accessKeyId} cannot be found.`);
  const { userId } = entry.value;
  const row = lastUseRow(accessKeyId);
  const use = await d.records.get(lastUseCodec, row.table, row.key);
  const user = userId === undefined ? undefined : await d.byIdOf(account, "User", userId);
  return { userName: user?.name, lastUse: use?.value };
}
