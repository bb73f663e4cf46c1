/**
 * Aliases (spec kms 7). An alias is a row of its own and stands in its key's record too, in the same commit: the record
 * feeds kms:ResourceAliases and the quota, the row resolves names.
 */
import { fail } from "../base/errors.ts";
import { ALIASES_PER_KEY_MAX } from "../base/limits.ts";
import { requirePlainAccess } from "./authorise.ts";
import { retried } from "./change.ts";
import { enter, enterHeld } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { ALIAS_PREFIX, aliasArn, isAliasName, RESERVED_ALIAS_PREFIX } from "./key-id.ts";
import type { AliasRecord, KeyRecord } from "./model.ts";
import { type Held, type HeldKey, unlessDestroying } from "./rows.ts";
import { SPECS } from "./specs.ts";

/** Static rules of an alias name that a client may administer. */
export function checkAliasName(name: string): void {
  if (!name.startsWith(ALIAS_PREFIX))
    fail(
      "ValidationException",
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  if (!isAliasName(name)) fail("InvalidAliasNameException", `${name} is not a valid alias name`);
}

/** The API model's pattern lets colons through for the sake of ARNs; AWS makes no alias with one. */
function refuseColons(name: string): void {
  if (name.includes(":")) fail("ValidationException", `${name} contains invalid characters for an alias`);
}

/** `alias/aws/` belongs to the service. */
function refuseReserved(name: string): void {
  if (name.startsWith(RESERVED_ALIAS_PREFIX))
    fail("NotAuthorizedException", `The alias prefix ${RESERVED_ALIAS_PREFIX} is reserved.`);
}

function withAlias(key: KeyRecord, name: string): KeyRecord {
  return { ...key, aliases: [...key.aliases, name].toSorted() };
}
function withoutAlias(key: KeyRecord, name: string): KeyRecord {
  return { ...key, aliases: key.aliases.filter((a) => a !== name) };
}

function requireRoom(key: KeyRecord): void {
  if (key.aliases.length >= ALIASES_PER_KEY_MAX)
    fail("LimitExceededException", `A key can have at most ${ALIASES_PER_KEY_MAX} aliases.`);
}

interface Found {
  readonly alias: Held<AliasRecord>;
  /** Undefined: it is being destroyed, and the alias with it, which is free already. */
  readonly target: HeldKey | undefined;
}

/** `again`: the alias moved between the two reads, or its key has gone. */
async function findAlias(
  k: Kernel,
  { account }: Requester,
  name: string,
): Promise<Found | "again" | undefined> {
  const alias = await k.rows.alias(account, name);
  if (alias === undefined) return undefined;
  const target = await k.rows.keyEvenDestroying(account, alias.value.targetKeyId);
  return target === undefined ? "again" : { alias, target: unlessDestroying(target) };
}

async function requireAlias(
  k: Kernel,
  requester: Requester,
  name: string,
): Promise<{ readonly alias: Held<AliasRecord>; readonly target: HeldKey } | "again"> {
  const found = await findAlias(k, requester, name);
  if (found === "again") return found;
  if (found?.target === undefined)
    return fail("NotFoundException", `Alias ${aliasArn(k.region, requester.account, name)} is not found.`);
  return { alias: found.alias, target: found.target };
}

export async function createAlias(
  k: Kernel,
  requester: Requester,
  name: string,
  targetKeyId: string,
): Promise<void> {
  checkAliasName(name);
  refuseReserved(name);
  refuseColons(name);
  const arn = aliasArn(k.region, requester.account, name);
  await requirePlainAccess(k, requester, "kms:CreateAlias", arn);
  await retried(async () => {
    const { held, key } = await enter(k, requester, "CreateAlias", targetKeyId);
    const found = await findAlias(k, requester, name);
    if (found === "again") return found;
    if (found?.target !== undefined)
      fail("AlreadyExistsException", `An alias with the name ${arn} already exists`);
    requireRoom(key);
    const now = k.clock.now();
    const after = { account: key.account, name, targetKeyId: key.keyId, createdMs: now, updatedMs: now };
    const ok = await k.rows.commit({
      keys: [{ before: held, after: withAlias(key, name) }],
      aliases: [{ before: found?.alias, after }],
    });
    return ok ? { done: undefined } : "again";
  });
}

export async function updateAlias(
  k: Kernel,
  requester: Requester,
  name: string,
  targetKeyId: string,
): Promise<void> {
  checkAliasName(name);
  refuseReserved(name);
  const arn = aliasArn(k.region, requester.account, name);
  await requirePlainAccess(k, requester, "kms:UpdateAlias", arn);
  await retried(async () => {
    const { held, key } = await enter(k, requester, "UpdateAlias", targetKeyId);
    const found = await requireAlias(k, requester, name);
    if (found === "again") return found;
    const { alias, target: old } = found;
    await enterHeld(k, requester, "UpdateAliasFrom", old);
    requireSameType(old.value, key);
    const next = { ...alias.value, targetKeyId: key.keyId, updatedMs: k.clock.now() };
    const moves = old.value.keyId !== key.keyId;
    if (moves) requireRoom(key);
    const ok = await k.rows.commit({
      keys: moves
        ? [
            { before: old, after: withoutAlias(old.value, name) },
            { before: held, after: withAlias(key, name) },
          ]
        : [],
      aliases: [{ before: alias, after: next }],
    });
    return ok ? { done: undefined } : "again";
  });
}

function requireSameType(old: KeyRecord, key: KeyRecord): void {
  if (SPECS[old.spec].kind !== SPECS[key.spec].kind || old.usage !== key.usage)
    fail(
      "ValidationException",
      "The new key and the alias's present key must have the same type and the same key usage.",
    );
}

export async function deleteAlias(k: Kernel, requester: Requester, name: string): Promise<void> {
  checkAliasName(name);
  refuseReserved(name);
  const arn = aliasArn(k.region, requester.account, name);
  await requirePlainAccess(k, requester, "kms:DeleteAlias", arn);
  await retried(async () => {
    const found = await requireAlias(k, requester, name);
    if (found === "again") return found;
    const { alias, target } = found;
    await enterHeld(k, requester, "DeleteAlias", target);
    const ok = await k.rows.commit({
      keys: [{ before: target, after: withoutAlias(target.value, name) }],
      aliases: [{ before: alias, after: undefined }],
    });
    return ok ? { done: undefined } : "again";
  });
}
