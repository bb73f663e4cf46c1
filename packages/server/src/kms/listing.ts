/** ListKeys and ListAliases: the identity side alone decides, and only the caller's own account is listed. */
import { denyForeign, requirePlainAccess } from "./authorise.ts";
import { resolve } from "./enter.ts";
import { arnOf, type Kernel, type Requester } from "./kernel.ts";
import type { StoredKey } from "./codec.ts";
import type { AliasRecord } from "./model.ts";
import { type Found, type Page, pageOf, pageOfAll, type Paging } from "./paging.ts";

export async function listKeys(k: Kernel, requester: Requester, paging: Paging): Promise<Page<StoredKey>> {
  await requirePlainAccess(k, requester, "kms:ListKeys");
  const { account } = requester;
  const list = { operation: "ListKeys", scope: account };
  return pageOf(k, list, paging, { standard: 100, max: 1000 }, (after, limit) =>
    k.rows.keys(account, after, limit),
  );
}

const ALIASES = { standard: 50, max: 100 };

export async function listAliases(
  k: Kernel,
  requester: Requester,
  keyId: string | undefined,
  paging: Paging,
): Promise<Page<AliasRecord>> {
  await requirePlainAccess(k, requester, "kms:ListAliases");
  if (keyId !== undefined) return listAliasesOf(k, requester, keyId, paging);
  const { account } = requester;
  return pageOf(k, { operation: "ListAliases", scope: account }, paging, ALIASES, (after, limit) =>
    k.rows.aliases(account, after, limit),
  );
}

/** The names stand in the key's record; their dates in rows of their own. */
async function listAliasesOf(
  k: Kernel,
  requester: Requester,
  keyId: string,
  paging: Paging,
): Promise<Page<AliasRecord>> {
  const action = "kms:ListAliases";
  const { held } = await resolve(k, requester, keyId, { action, aliases: false });
  const key = held.value;
  // Another account's aliases are not this caller's to list, nor whether there is such a key.
  if (key.account !== requester.account) return denyForeign(k, requester, action, arnOf(k, key), key.account);
  const list = { operation: "ListAliases", scope: key.bornArn };
  return pageOf(k, list, paging, ALIASES, async (after, limit): Promise<Found<AliasRecord>> => {
    const page = pageOfAll(key.aliases, (name) => name, after, limit);
    const held = await Promise.all(page.items.map((name) => k.rows.alias(key.account, name)));
    return { items: held.flatMap((h) => (h === undefined ? [] : [h.value])), next: page.next };
  });
}
