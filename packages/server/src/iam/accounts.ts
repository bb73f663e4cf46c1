/** Accounts: the operator's to make. Everything in the store belongs to one. */
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { ACCOUNTS_MAX } from "../base/limits.ts";
import { newCanonicalId } from "../base/random-text.ts";
import { entryRow } from "../store/list-page.ts";
import { type Entry, unchanged } from "../store/records.ts";
import { type Draft, retrying } from "../store/retry.ts";
import { type Account, accountCodec, accountRow, ACCOUNTS_PARENT } from "./account-records.ts";
import type { Directory } from "./directory.ts";

export interface NewAccount {
  readonly id: AccountId;
  readonly canonicalId?: string;
  readonly displayName?: string;
}

export class Accounts {
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  async find(id: AccountId): Promise<Account | undefined> {
    return (await this.#get(id))?.value;
  }

  /** In the order of their numbers. */
  async all(): Promise<readonly Account[]> {
    const { counted } = this.#directory;
    const accounts: Account[] = [];
    for (const name of [...(await counted.entries(ACCOUNTS_PARENT)).keys()].toSorted()) {
      const row = entryRow(name);
      const entry = row && (await counted.get(accountCodec, ACCOUNTS_PARENT, row));
      if (entry !== undefined) accounts.push(entry.value);
    }
    return accounts;
  }

  /** A new account, as part of the commit that makes its root user's key. Throws EntityAlreadyExists, LimitExceeded. */
  async made(input: NewAccount): Promise<{ readonly account: Account; readonly draft: Draft }> {
    const { id } = input;
    if ((await this.#get(id)) !== undefined) fail("EntityAlreadyExists", `The account ${id} already exists.`);
    const account = this.#from(input, undefined);
    const draft = await this.#draft(undefined, account, (accounts) => {
      if (accounts >= ACCOUNTS_MAX)
        fail("LimitExceeded", `Cannot exceed quota for accounts: ${ACCOUNTS_MAX}`);
    });
    return { account, draft };
  }

  /** What removes an account, as part of the commit that removes the last of what it has. Undefined if it isn't there. */
  async removed(id: AccountId): Promise<Draft | undefined> {
    const { counted } = this.#directory;
    const present = await this.#get(id);
    if (present === undefined) return undefined;
    const list = await counted.draft(ACCOUNTS_PARENT, [counted.delete(accountRow(id))]);
    return { ...list, expect: [...(list.expect ?? []), unchanged(present)] };
  }

  /** Makes the account, or brings an existing one's names to what is given. Idempotent. */
  ensure(input: NewAccount): Promise<Account> {
    return retrying(this.#directory.records.store, async () => {
      const present = await this.#get(input.id);
      const account = this.#from(input, present?.value);
      const same =
        present?.value.canonicalId === account.canonicalId &&
        present.value.displayName === account.displayName;
      if (present !== undefined && same) return { result: present.value };
      return { draft: await this.#draft(present, account), result: account };
    });
  }

  #from(input: NewAccount, present: Account | undefined): Account {
    return {
      id: input.id,
      canonicalId: input.canonicalId ?? present?.canonicalId ?? newCanonicalId(),
      displayName: input.displayName ?? present?.displayName ?? input.id,
      createdMs: present?.createdMs ?? this.#directory.clock.now(),
    };
  }

  #get(id: AccountId): Promise<Entry<Account> | undefined> {
    return this.#directory.counted.get(accountCodec, ACCOUNTS_PARENT, accountRow(id));
  }

  /** The list's writes, and the condition that the record is as it was read. */
  async #draft(
    present: Entry<Account> | undefined,
    account: Account,
    admit?: (accounts: number) => void,
  ): Promise<Draft> {
    const { counted } = this.#directory;
    const row = accountRow(account.id);
    const list = await counted.draft(ACCOUNTS_PARENT, [counted.put(accountCodec, row, account)], admit);
    const expect = present === undefined ? { ...row, rev: "absent" as const } : unchanged(present);
    return { ...list, expect: [...(list.expect ?? []), expect] };
  }
}
