/** Keys that a bootstrap file wants to be there: chosen ids and aliases, applied again at every start. */
import { randomBytes } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { checkAliasName } from "./aliases.ts";
import { blobNameOf } from "./blob-name.ts";
import { retried } from "./change.ts";
import { parseChosenKeyId } from "./key-id.ts";
import type { Kernel } from "./kernel.ts";
import { insertKey } from "./insert.ts";
import type { KeyRecord, Tag } from "./model.ts";
import { boundPolicy, checkPolicy, defaultPolicy } from "./policies.ts";
import type { Change, HeldKey } from "./rows.ts";
import { checkTags } from "./tags.ts";

export interface WantedKey {
  readonly account: AccountId;
  /** 1 to 128 of [A-Za-z0-9-]. */
  readonly keyId: string;
  /** With `alias/`. An alias that points elsewhere is moved here. */
  readonly aliases?: readonly string[];
  readonly description?: string;
  readonly policy?: string;
  readonly tags?: readonly Tag[];
}

/** `deleted`: a key of this id was destroyed; ids are never used again, so nothing was made. */
export type EnsuredKey = "made" | "updated" | "present" | "deleted";

/** What the file does not name stays as it is; a key's state and material are never touched. Throws ValidationException. */
export async function ensureKey(k: Kernel, wanted: WantedKey): Promise<EnsuredKey> {
  const keyId = parseChosenKeyId(wanted.keyId);
  const policy = wanted.policy ?? defaultPolicy(wanted.account);
  checkPolicy(policy);
  checkTags(wanted.tags ?? []);
  for (const name of wanted.aliases ?? []) checkAliasName(name);
  return retried(async () => {
    if (await k.rows.isGone(wanted.account, keyId)) return { done: "deleted" };
    const held = await k.rows.key(wanted.account, keyId);
    if (held !== undefined) {
      const change = await changeFor(k, held, wanted);
      if (change === undefined) return { done: "present" };
      return (await k.rows.commit(change)) ? { done: "updated" } : "again";
    }
    // Its aliases follow in the next round: one may point elsewhere now.
    const draft = {
      account: wanted.account,
      keyId,
      manager: "CUSTOMER",
      origin: "AWS_KMS",
      usage: "ENCRYPT_DECRYPT",
      spec: "SYMMETRIC_DEFAULT",
      multiRegion: false,
      state: { kind: "Enabled" },
      description: wanted.description ?? "",
      aliases: [],
      ...(await boundPolicy(k.principals, policy)),
      tags: wanted.tags ?? [],
    } as const;
    await insertKey(k, draft, { blobName: await freeBlobName(k, keyId) });
    const made = await k.rows.key(wanted.account, keyId);
    if (made === undefined) return "again";
    const change = await changeFor(k, made, wanted);
    return change === undefined || (await k.rows.commit(change)) ? { done: "made" } : "again";
  });
}

/** A UUID that another account uses too names only one of the two keys in blobs. */
async function freeBlobName(k: Kernel, keyId: string): Promise<Uint8Array> {
  const name = blobNameOf(keyId);
  return (await k.rows.blobOwner(name)) === undefined ? name : randomBytes(16);
}

/** What brings the key to what is wanted; undefined if it is there. */
async function changeFor(k: Kernel, held: HeldKey, wanted: WantedKey): Promise<Change | undefined> {
  const key = held.value;
  const aliases = (wanted.aliases ?? []).filter((name) => !key.aliases.includes(name));
  const texts = {
    description: wanted.description ?? key.description,
    policy: wanted.policy ?? key.policy,
    tags: wanted.tags ?? key.tags,
  };
  const same =
    texts.description === key.description &&
    texts.policy === key.policy &&
    JSON.stringify(texts.tags) === JSON.stringify(key.tags);
  if (aliases.length === 0 && same) return undefined;
  const moves = await Promise.all(aliases.map((name) => moveOf(k, held, name)));
  const bound = texts.policy === key.policy ? {} : await boundPolicy(k.principals, texts.policy);
  const after: KeyRecord = { ...key, ...texts, ...bound, aliases: [...key.aliases, ...aliases].toSorted() };
  return {
    keys: [{ before: held, after }, ...leaving(moves)],
    aliases: moves.map(({ alias, next }) => ({ before: alias, after: next })),
  };
}

async function moveOf(k: Kernel, { value: key }: HeldKey, name: string) {
  const alias = await k.rows.alias(key.account, name);
  const now = k.clock.now();
  const createdMs = alias?.value.createdMs ?? now;
  const next = { account: key.account, name, targetKeyId: key.keyId, createdMs, updatedMs: now };
  const from = alias === undefined ? undefined : await k.rows.key(key.account, alias.value.targetKeyId);
  if (from?.value.manager === "AWS") fail("NotAuthorizedException", `${name} belongs to an AWS managed key.`);
  return { name, alias, next, from };
}

/** Keys that lose aliases, each once however many it loses. */
function leaving(moves: readonly Awaited<ReturnType<typeof moveOf>>[]): Change["keys"] {
  const changes = new Map<string, { readonly before: HeldKey; readonly after: KeyRecord }>();
  for (const { from, name } of moves) {
    if (from === undefined) continue;
    const { before, after } = changes.get(from.value.keyId) ?? { before: from, after: from.value };
    const aliases = after.aliases.filter((a) => a !== name);
    changes.set(from.value.keyId, { before, after: { ...after, aliases } });
  }
  return [...changes.values()];
}
