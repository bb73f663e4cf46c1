/**
 * Accounts and their root access keys. Fills auth's credential port. Users, groups and roles build on this; what is here
 * is the identity that every account has.
 */
import type { Credential, CredentialLookup } from "../auth/credentials.ts";
import { SigningSecret } from "../auth/signing-key.ts";
import type { Principal } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { newAccessKey, newCanonicalId } from "../base/random-text.ts";
import type { AccountId } from "../base/ids.ts";
import { CREDENTIALS_REMEMBERED_MAX } from "../base/limits.ts";
import { type CountedRecords, type CountedWrite } from "../store/counted.ts";
import { Remembered } from "../store/remembered.ts";
import { unchanged, type Entry, type Records } from "../store/records.ts";
import { type Draft, retrying } from "../store/retry.ts";
import {
  type AccessKey,
  accessKeyCodec,
  accessKeyRow,
  ACCESS_KEYS_PARENT,
  type Account,
  accountCodec,
  accountRow,
  ACCOUNTS_PARENT,
} from "./account-records.ts";

export interface NewAccount {
  readonly id: AccountId;
  readonly canonicalId?: string;
  readonly displayName?: string;
}

export interface ShownOnce {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class Identities {
  readonly #records: Records;
  readonly #counted: CountedRecords;
  readonly #clock: Clock;
  readonly #remembered: Remembered<Credential<Principal>>;

  constructor(records: Records, counted: CountedRecords, clock: Clock) {
    this.#records = records;
    this.#counted = counted;
    this.#remembered = new Remembered(records.store, CREDENTIALS_REMEMBERED_MAX);
    this.#clock = clock;
  }

  /** Auth's port. Sees a change by any process with the next request. */
  readonly lookup: CredentialLookup<Principal> = (accessKeyId, sessionToken) => {
    // Session tokens come with the token service; none was issued yet.
    if (sessionToken !== undefined) return "invalid-token";
    if (accessKeyId.length === 0 || accessKeyId.length > 128) return undefined;
    const kept = this.#remembered.get(accessKeyId);
    if (kept instanceof Promise) return kept.then((k) => k ?? this.#find(accessKeyId));
    return kept ?? this.#find(accessKeyId);
  };

  async #find(accessKeyId: string): Promise<Credential<Principal> | undefined> {
    const { entry, seen } = await this.#counted.getSeen(
      accessKeyCodec,
      ACCESS_KEYS_PARENT,
      accessKeyRow(accessKeyId),
    );
    if (entry === undefined) return undefined;
    const { account, active } = entry.value;
    const credential: Credential<Principal> = {
      accessKeyId,
      secret: SigningSecret.from(entry.value.secret),
      version: Buffer.from(entry.rev).toString("latin1"),
      active,
      principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    };
    this.#remembered.set(accessKeyId, credential, seen);
    return credential;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    return (await this.#counted.get(accountCodec, ACCOUNTS_PARENT, accountRow(id)))?.value;
  }

  async accounts(): Promise<readonly Account[]> {
    const page = await this.#records.store.scan({ table: "account", from: new Uint8Array(), limit: 10_000 });
    const entries = await Promise.all(
      page.rows.map((row) =>
        this.#counted.get(accountCodec, ACCOUNTS_PARENT, { table: "account", key: row.key }),
      ),
    );
    return entries.flatMap((e) => (e === undefined ? [] : [e.value]));
  }

  /** Makes the account, or brings an existing one's names to what is given. Idempotent. */
  async ensureAccount(input: NewAccount): Promise<Account> {
    return retrying(this.#records.store, async () => {
      const row = accountRow(input.id);
      const present = await this.#counted.get(accountCodec, ACCOUNTS_PARENT, row);
      const account: Account = {
        id: input.id,
        canonicalId: input.canonicalId ?? present?.value.canonicalId ?? newCanonicalId(),
        displayName: input.displayName ?? present?.value.displayName ?? input.id,
        createdMs: present?.value.createdMs ?? this.#clock.now(),
      };
      const same =
        present?.value.canonicalId === account.canonicalId &&
        present.value.displayName === account.displayName;
      if (present !== undefined && same) return { result: present.value };
      return {
        draft: await this.#change(ACCOUNTS_PARENT, present, row, [
          this.#counted.put(accountCodec, row, account),
        ]),
        result: account,
      };
    });
  }

  /** Every access key of an account's root user. */
  async rootKeys(account: AccountId): Promise<readonly AccessKey[]> {
    const page = await this.#records.store.scan({
      table: "credential",
      from: new Uint8Array(),
      limit: 10_000,
    });
    const entries = await Promise.all(
      page.rows.map((row) =>
        this.#counted.get(accessKeyCodec, ACCESS_KEYS_PARENT, { table: "credential", key: row.key }),
      ),
    );
    return entries.flatMap((e) => (e !== undefined && e.value.account === account ? [e.value] : []));
  }

  /** A random access key for the account's root user. The secret is in the answer and nowhere else in clear. */
  async makeRootKey(account: AccountId): Promise<ShownOnce> {
    const made = newAccessKey();
    await this.setRootKey(account, made, "generated");
    return made;
  }

  /** Sets the secret of a chosen access key id. Idempotent; a changed secret takes effect with the next request. */
  async setRootKey(
    account: AccountId,
    key: ShownOnce,
    origin: AccessKey["origin"],
  ): Promise<"unchanged" | "set"> {
    return retrying(this.#records.store, async () => {
      const row = accessKeyRow(key.accessKeyId);
      const present = await this.#counted.get(accessKeyCodec, ACCESS_KEYS_PARENT, row);
      const secret = new TextEncoder().encode(key.secretAccessKey);
      const same =
        present !== undefined &&
        present.value.account === account &&
        present.value.active &&
        Buffer.compare(present.value.secret, secret) === 0;
      if (same) return { result: "unchanged" as const };
      const value: AccessKey = {
        accessKeyId: key.accessKeyId,
        account,
        secret,
        active: true,
        createdMs: this.#clock.now(),
        origin,
      };
      const draft = await this.#change(ACCESS_KEYS_PARENT, present, row, [
        this.#counted.put(accessKeyCodec, row, value),
      ]);
      return { draft, result: "set" as const };
    });
  }

  async removeRootKey(accessKeyId: string): Promise<void> {
    await retrying(this.#records.store, async () => {
      const row = accessKeyRow(accessKeyId);
      const present = await this.#counted.get(accessKeyCodec, ACCESS_KEYS_PARENT, row);
      if (present === undefined) return { result: undefined };
      return {
        draft: await this.#change(ACCESS_KEYS_PARENT, present, row, [this.#counted.delete(row)]),
        result: undefined,
      };
    });
  }

  /** The list's writes, and the condition that the record is as it was read. */
  async #change(
    parent: Uint8Array,
    present: Entry<unknown> | undefined,
    row: Parameters<CountedRecords["delete"]>[0],
    writes: readonly CountedWrite[],
  ): Promise<Draft> {
    const list = await this.#counted.draft(parent, writes);
    const expect = present === undefined ? { ...row, rev: "absent" as const } : unchanged(present);
    return { ...list, expect: [...(list.expect ?? []), expect] };
  }
}
