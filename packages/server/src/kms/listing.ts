/** ListKeys and ListAliases: the identity side alone decides, and only the caller's own account is listed. */
import { parseAccountId } from "../base/ids.ts";
import { requirePlainAccess } from "./authorise.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import type { AliasRecord, KeyRecord } from "./model.ts";
import { type Page, pageOf, type Paging } from "./paging.ts";

export async function listKeys(k: Kernel, requester: Requester, paging: Paging): Promise<Page<KeyRecord>> {
  await requirePlainAccess(k, requester, "kms:ListKeys");
  const { account } = requester;
  return await pageOf(
    k,
    { operation: "ListKeys", scope: account },
    paging,
    { standard: 100, max: 1000 },
    async (after, limit) => ({
      ...(await k.rows.keys(account, after, limit)),
      nameOf: (key) => key.keyId,
    }),
  );
}

export async function listAliases(
  k: Kernel,
  requester: Requester,
  keyId: string | undefined,
  paging: Paging,
): Promise<Page<AliasRecord>> {
  await requirePlainAccess(k, requester, "kms:ListAliases");
  const bounds = { standard: 50, max: 100 };
  const nameOf = (alias: AliasRecord): string => alias.name;
  const { account } = requester;
  if (keyId === undefined)
    return await pageOf(k, { operation: "ListAliases", scope: account }, paging, bounds, async (after, limit) => ({
      ...(await k.rows.aliases(account, after, limit)),
      nameOf,
    }));
  const { key } = await enter(k, requester, "ListAliasesOfKey", keyId);
  const owner = parseAccountId(key.account);
  return await pageOf(k, { operation: "ListAliases", scope: key.bornArn }, paging, bounds, async (after, limit) => {
    const names = key.aliases.filter((name) => after === undefined || name > after);
    const held = await Promise.all(names.slice(0, limit).map((name) => k.rows.alias(owner, name)));
    return { items: held.flatMap((h) => (h === undefined ? [] : [h.value])), more: names.length > limit, nameOf };
  });
}
