/** Account aliases: one for an account, unique in the store. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import type { Directory } from "./directory.ts";
import { accountAliasRow, aliasCodec, aliasRow } from "./entity-records.ts";

export async function accountAlias(d: Directory, account: AccountId): Promise<string | undefined> {
  return (await d.get(aliasCodec, account, accountAliasRow(account)))?.value;
}

/** Replaces the account's present alias, as IAM does. Throws EntityAlreadyExists. */
export function createAccountAlias(d: Directory, account: AccountId, alias: string): Promise<void> {
  return d.change(account, async (change) => {
    const row = aliasRow(alias);
    const taken = await d.records.get(aliasCodec, row.table, row.key);
    if (taken !== undefined) {
      if (taken.value === account) return;
      fail("EntityAlreadyExists", `The account alias ${alias} already exists.`);
    }
    const present = await accountAlias(d, account);
    if (present !== undefined) change.unindex(aliasRow(present));
    change.expect.push({ ...row, rev: "absent" });
    change.index(aliasCodec, row, account);
    change.write(aliasCodec, accountAliasRow(account), alias);
  });
}

/** Throws NoSuchEntity. */
export function deleteAccountAlias(d: Directory, account: AccountId, alias: string): Promise<void> {
  return d.change(account, async (change) => {
    if ((await accountAlias(d, account)) !== alias)
      fail("NoSuchEntity", `The account alias ${alias} cannot be found.`);
    change.delete(accountAliasRow(account));
    change.unindex(aliasRow(alias));
  });
}
