/** Where the grants stand that a principal may retire: by account of the key, key and id. */
import { type AccountId, parseAccountId } from "../base/ids.ts";
import type { Store } from "../store/port.ts";
import { FIELD_END, rangeBelow, rangeOf, retiringRow } from "./row-keys.ts";

const TABLE = "kms";
const PAGE_GROUPS = 500;

export type RetirableQuery = readonly [
  of: AccountId | "everyAccount",
  principal: string,
  after: string | undefined,
  limit: number,
];
interface NamedGrant {
  readonly account: AccountId;
  readonly keyId: string;
  readonly id: string;
}

const fields = (key: Uint8Array): string[] => new TextDecoder().decode(key).split("\0");

export async function retirable(
  store: Store,
  ...[of, principal, after, limit]: RetirableQuery
): Promise<{ readonly names: readonly NamedGrant[]; readonly next: string | undefined }> {
  const [from = "", afterKey = "", afterId = ""] = after?.split("/") ?? [];
  const names: NamedGrant[] = [];
  let more = false;
  for (const account of of === "everyAccount" ? await accountsOfKeys(store) : [of]) {
    if (account < from) continue;
    more = names.length === limit;
    if (more) break;
    const start = account === from ? { after: retiringRow(account, principal, afterKey, afterId) } : {};
    const range = { ...rangeBelow("retiring", account, principal), ...start };
    const page = await store.scan({ table: TABLE, ...range, limit: limit - names.length, keysOnly: true });
    for (const row of page.rows) {
      const [keyId = "", id = ""] = fields(row.key).slice(-2);
      names.push({ account, keyId, id });
    }
    more = page.more;
    if (more) break;
  }
  const last = names.at(-1);
  return {
    names,
    next: more && last !== undefined ? `${last.account}/${last.keyId}/${last.id}` : undefined,
  };
}

/** The accounts with keys whose grants name a retiring principal, in order. */
async function accountsOfKeys(store: Store): Promise<readonly AccountId[]> {
  const accounts: AccountId[] = [];
  const { from: prefix } = rangeOf("retiring");
  for (let after: Uint8Array | undefined; ; ) {
    const start = after === undefined ? {} : { after, afterIsGroup: true };
    const page = await store.groups({
      table: TABLE,
      prefix,
      delimiter: FIELD_END,
      ...start,
      limit: PAGE_GROUPS,
    });
    for (const item of page.items) {
      if (item.kind !== "group") continue;
      after = item.prefix;
      accounts.push(parseAccountId(fields(item.prefix)[1] ?? ""));
    }
    if (!page.more || after === undefined) return accounts;
  }
}
