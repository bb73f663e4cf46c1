/**
 * A new account and its root user's access key come in one commit, and go in one: no account is left behind whose secret
 * nobody knows, since nobody could ever make another.
 */
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { newAccountNumber } from "../base/random-text.ts";
import { entryName } from "../store/list-page.ts";
import { type ShownOnce, writeFirstKey } from "./access-keys.ts";
import { type Account, accessKeyRow, identitiesParent } from "./account-records.ts";
import type { Accounts, NewAccount } from "./accounts.ts";
import type { Directory } from "./directory.ts";

export interface MadeAccount {
  readonly account: Account;
  /** The secret is here and nowhere else in clear. */
  readonly key: ShownOnce;
}

/** Under a random number if none is given. Throws EntityAlreadyExists, LimitExceeded. */
export function makeAccount(
  d: Directory,
  accounts: Accounts,
  input: Partial<NewAccount>,
): Promise<MadeAccount> {
  const id = input.id ?? parseAccountId(newAccountNumber());
  return d.change(id, async (change) => {
    const { account, draft } = await accounts.made({ ...input, id });
    change.also(draft);
    return { account, key: writeFirstKey(change, account.createdMs) };
  });
}

/**
 * Takes back what {@link makeAccount} made and nobody heard of. The account stays if somebody gave it anything meanwhile
 * (a bootstrap file); the key goes in any case.
 */
export function unmakeAccount(
  d: Directory,
  accounts: Accounts,
  account: AccountId,
  accessKeyId: string,
): Promise<void> {
  const row = accessKeyRow(accessKeyId);
  return d.change(account, async (change) => {
    const names = [...(await d.counted.entries(identitiesParent(account))).keys()];
    const own = entryName(row.table, row.key);
    if (names.includes(own)) change.delete(row);
    const removed = names.every((name) => name === own) ? await accounts.removed(account) : undefined;
    if (removed !== undefined) change.also(removed);
  });
}
