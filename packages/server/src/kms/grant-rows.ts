/**
 * The rows of grants. A grant is a counted record of its key's list, so that a revoked one does not come back from an old
 * disk; rows beside it lead there from the grantee, the retiring principal and the name (docs/format/grant-rows.md). Which
 * grants a caller has on a key is kept while the key's record says that none has changed.
 */
import { IntegrityError } from "../base/errors.ts";
import { parseAccountId } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX, KMS_GRANTEES_HELD_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import { CountedRecords } from "../store/counted.ts";
import { type Counted, countedCodec } from "../store/list-page.ts";
import type { Codec } from "../store/codec.ts";
import type { Put, RowKey } from "../store/port.ts";
import { type Entry, type Records, unchanged } from "../store/records.ts";
import type { Draft } from "../store/retry.ts";
import { grantCodec, grantIdCodec } from "./codec.ts";
import type { GrantRecord, KeyRecord } from "./model.ts";
import type { Found } from "./paging.ts";
import { retirable, type RetirableQuery } from "./retirable.ts";
import { granteeRow, grantNameRow, grantRow, oldGrantNameRow, rangeBelow, retiringRow } from "./row-keys.ts";

const TABLE = "kms";
const PAGE_ROWS = 500;
const countedGrantCodec: Codec<Counted<GrantRecord>> = countedCodec(grantCodec);

type KeyName = Pick<KeyRecord, "account" | "keyId">;
export interface HeldGrant {
  readonly value: GrantRecord;
  readonly entry: Entry<unknown>;
}

const parentOf = ({ account, keyId }: KeyName): Uint8Array =>
  new TextEncoder().encode(`kms-grants/${account}/${keyId}`);
/** The key whose grants the list of this parent holds; undefined for other lists. */
export function grantsKeyOf(parent: Uint8Array): KeyName | undefined {
  const [kind, account = "", keyId = ""] = asText(parent).split("/");
  return kind === "kms-grants" ? { account: parseAccountId(account), keyId } : undefined;
}
const asText = (key: Uint8Array): string => new TextDecoder().decode(key);
const lastField = (key: Uint8Array): string => asText(key).split("\0").at(-1) ?? "";

export class GrantRows {
  readonly #records: Records;
  readonly #counted: CountedRecords;
  /** By key, edition of its grants, and grantee; oldest first. */
  readonly #held = new RecentMap<string, readonly GrantRecord[]>(KMS_GRANTEES_HELD_MAX);

  constructor(records: Records) {
    this.#records = records;
    this.#counted = new CountedRecords(records);
  }

  async get(key: KeyName, grantId: string): Promise<HeldGrant | undefined> {
    const row = { table: TABLE, key: grantRow(key.account, key.keyId, grantId) } as const;
    const entry = await this.#counted.get(grantCodec, parentOf(key), row);
    return entry === undefined ? undefined : { value: entry.value, entry };
  }

  /** The grant of the same name by which the same was asked for, if there is one. */
  async alike(key: KeyRecord, wanted: GrantRecord): Promise<GrantRecord | undefined> {
    const { name } = wanted;
    if (name === undefined) return undefined;
    const asked = askedFor(wanted);
    for await (const id of this.#ids(rangeBelow("grantname", key.account, key.keyId, name))) {
      const grant = (await this.get(key, id))?.value;
      if (grant !== undefined && askedFor(grant) === asked) return grant;
    }
    if ((await this.#oldNamed(key, name)) === undefined) return undefined;
    // Other grants of the name may have no row of their own: the grantee's lead to them.
    const grants = await this.of(key, [granteeName(wanted)]);
    return grants.find((grant) => grant.name === name && askedFor(grant) === asked);
  }

  async #oldNamed({ account, keyId }: KeyName, name: string): Promise<string | undefined> {
    return (await this.#records.get(grantIdCodec, TABLE, oldGrantNameRow(account, keyId, name)))?.value;
  }

  /** The grants of the key to any of these principals. */
  async of(key: KeyRecord, grantees: readonly string[]): Promise<readonly GrantRecord[]> {
    if (key.grants === undefined || key.grants.count === 0) return [];
    const found: GrantRecord[] = [];
    for (const grantee of grantees) found.push(...(await this.#ofGrantee(key, key.grants.edition, grantee)));
    return found;
  }

  async #ofGrantee(key: KeyRecord, edition: string, grantee: string): Promise<readonly GrantRecord[]> {
    const name = `${key.bornArn}/${edition}/${grantee}`;
    const held = this.#held.get(name);
    if (held !== undefined) return held;
    const grants: GrantRecord[] = [];
    for await (const id of this.#ids(rangeBelow("grantee", key.account, key.keyId, grantee))) {
      // One that is gone meanwhile grants nothing; the edition has changed with it.
      const grant = await this.get(key, id);
      if (grant !== undefined) grants.push(grant.value);
    }
    this.#held.set(name, grants);
    return grants;
  }

  async *#ids(range: { readonly from: Uint8Array; readonly to: Uint8Array }): AsyncGenerator<string> {
    let after: Uint8Array | undefined;
    for (;;) {
      const start = after === undefined ? {} : { after };
      const page = await this.#records.store.scan({
        table: TABLE,
        ...range,
        ...start,
        limit: PAGE_ROWS,
        keysOnly: true,
      });
      for (const row of page.rows) yield lastField(row.key);
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  /** Grants of one key in the order of their ids, all or one grantee's. */
  async page(
    key: KeyName,
    grantee: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<Found<GrantRecord>> {
    const { account, keyId } = key;
    const range =
      grantee === undefined
        ? rangeBelow("grant", account, keyId)
        : rangeBelow("grantee", account, keyId, grantee);
    const row = (id: string): Uint8Array =>
      grantee === undefined ? grantRow(account, keyId, id) : granteeRow(account, keyId, grantee, id);
    const start = after === undefined ? {} : { after: row(after) };
    const page = await this.#records.store.scan({ table: TABLE, ...range, ...start, limit, keysOnly: true });
    const ids = page.rows.map((r) => lastField(r.key));
    const held = await Promise.all(ids.map((id) => this.get(key, id)));
    return {
      items: held.flatMap((h) => (h === undefined ? [] : [h.value])),
      next: page.more ? ids.at(-1) : undefined,
    };
  }

  /** Grants that a principal may retire. */
  async retirable(...[of, principal, after, limit]: RetirableQuery): Promise<Found<GrantRecord>> {
    const { names, next } = await retirable(this.#records.store, of, principal, after, limit);
    const held = await Promise.all(names.map((n) => this.get(n, n.id)));
    return { items: held.flatMap((h) => (h === undefined ? [] : [h.value])), next };
  }

  /** What makes a grant, or ends some of one key; part of the commit that changes the key's record. */
  async draft(
    key: KeyName,
    change: { readonly make?: GrantRecord; readonly end?: readonly HeldGrant[] },
  ): Promise<Draft> {
    const expect: NonNullable<Draft["expect"]>[number][] = [];
    const put: Put[] = [];
    const remove: RowKey[] = [];
    const counted = [];
    const { make } = change;
    if (make !== undefined) {
      const row = { table: TABLE, key: grantRow(key.account, key.keyId, make.id) } as const;
      expect.push({ ...row, rev: "absent" });
      counted.push(this.#counted.put(grantCodec, row, make));
      for (const beside of besides(make)) put.push(this.#records.seal(grantIdCodec, TABLE, beside, make.id));
    }
    for (const { value, entry } of change.end ?? []) {
      expect.push(unchanged(entry));
      counted.push(this.#counted.delete({ table: TABLE, key: entry.key }));
      for (const beside of besides(value)) remove.push({ table: TABLE, key: beside });
      const { name } = value;
      if (name !== undefined && (await this.#oldNamed(key, name)) === value.id)
        remove.push({ table: TABLE, key: oldGrantNameRow(key.account, key.keyId, name) });
    }
    const list = await this.#counted.draft(parentOf(key), counted);
    return {
      expect: [...expect, ...(list.expect ?? [])],
      put: [...put, ...(list.put ?? [])],
      delete: [...remove, ...(list.delete ?? [])],
    };
  }

  /** Removes the emptied list of a key that goes. */
  drop(key: KeyName): Promise<Draft> {
    return this.#counted.drop(parentOf(key));
  }

  /** Some grants of a key that is being destroyed, by what the rows say. */
  async some(key: KeyName, limit: number): Promise<readonly HeldGrant[]> {
    for (let attempt = 0; attempt < COMMIT_RETRIES_MAX; attempt++) {
      const range = rangeBelow("grant", key.account, key.keyId);
      const page = await this.#records.store.scan({ table: TABLE, ...range, limit });
      const held = await Promise.all(
        page.rows.map(async (row) => {
          const entry = await this.#records.open(countedGrantCodec, TABLE, row, false);
          return { value: entry.value.value, entry };
        }),
      );
      if (held.length > 0 || !page.more) return held;
    }
    throw new IntegrityError("the grants of a key cannot be read");
  }
}

/** What names the grantee for good, and the retiring principal. */
export const granteeName = ({ granteeId, grantee }: GrantRecord): string => granteeId ?? grantee;
export const retiringName = ({ retiringId, retiring }: GrantRecord): string | undefined =>
  retiringId ?? retiring;

/** Everything that was asked for, whatever the order of operations and pairs. */
const askedFor = (grant: GrantRecord): string =>
  JSON.stringify([
    granteeName(grant),
    retiringName(grant),
    grant.operations.toSorted(),
    grant.constraint?.kind,
    [...(grant.constraint?.pairs ?? [])].map((pair) => JSON.stringify(pair)).toSorted(),
    grant.issuingAccount,
  ]);

/** The rows that lead to a grant. */
function besides(grant: GrantRecord): readonly Uint8Array[] {
  const { account, keyId, id } = grant;
  const retiring = retiringName(grant);
  return [
    granteeRow(account, keyId, granteeName(grant), id),
    ...(retiring === undefined ? [] : [retiringRow(account, retiring, keyId, id)]),
    ...(grant.name === undefined ? [] : [grantNameRow(account, keyId, grant.name, id)]),
  ];
}
