/**
 * When a key was last used (spec kms 7, GetKeyLastUsage). Uses are noted in memory and written down by a job, so that no
 * use costs a commit: another process knows of them within the job's period, a crash forgets the last one's.
 */
import type { KeyArn } from "../base/ids.ts";
import type { RowKey } from "../store/port.ts";
import type { Records } from "../store/records.ts";
import { unchanged } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";
import { usageCodec } from "./codec.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { placeOf } from "./key-id.ts";
import type { KeyRecord, KeyUse } from "./model.ts";
import { goneRow, usageRow } from "./row-keys.ts";
import type { HeldKey } from "./rows.ts";

const TABLE = "kms";
const DAY_MS = 86_400_000;
type KeyName = Pick<KeyRecord, "account" | "keyId">;
/** In memory, until it is written down. */
export type NotedUse = { -readonly [K in keyof KeyUse]: KeyUse[K] } & KeyName;

export class Usage {
  readonly #records: Records;
  readonly #now: () => number;
  /** Since the last flush, by {@link placeOf} the key. */
  #noted = new Map<string, NotedUse>();

  constructor(records: Records, now: () => number) {
    this.#records = records;
    this.#now = now;
  }

  /** A cryptographic operation that succeeded. */
  note({ value, place }: HeldKey, operation: string, requestId: string): NotedUse {
    const { account, keyId } = value;
    const use = { account, keyId, operation, requestId, atMs: this.#now() };
    this.#noted.set(place, use);
    return use;
  }

  async last({ account, keyId }: KeyName): Promise<KeyUse | undefined> {
    const noted = this.#noted.get(placeOf(account, keyId));
    const written = (await this.#records.get(usageCodec, TABLE, usageRow(account, keyId)))?.value;
    return newer(noted, written);
  }

  /** Whole days since the last use, or since the key was made: what kms:TrailingDaysWithoutKeyUsage says. */
  async daysWithout(key: KeyRecord): Promise<number> {
    const since = (await this.last(key))?.atMs ?? key.createdMs;
    return Math.max(0, Math.floor((this.#now() - since) / DAY_MS));
  }

  /** Writes down what was noted. One that fails is noted again. */
  async flush(): Promise<void> {
    const noted = this.#noted;
    this.#noted = new Map();
    for (const [place, use] of noted) {
      if (!(await this.#write(use)) && !this.#noted.has(place)) this.#noted.set(place, use);
    }
  }

  async #write({ account, keyId, ...use }: KeyUse & KeyName): Promise<boolean> {
    const key = usageRow(account, keyId);
    const before = await this.#records.get(usageCodec, TABLE, key);
    const gone: RowKey = { table: TABLE, key: goneRow(account, keyId) };
    const [destroyed] = await this.#records.store.get([gone]);
    if (destroyed !== undefined || newer(use, before?.value) !== use) return true;
    const settled = await commitSettled(this.#records.store, {
      expect: [
        before === undefined ? { table: TABLE, key, rev: "absent" } : unchanged(before),
        { ...gone, rev: "absent" },
      ],
      put: [this.#records.seal(usageCodec, TABLE, key, use)],
    });
    return settled.kind === "ok";
  }
}

function newer(a: KeyUse | undefined, b: KeyUse | undefined): KeyUse | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.atMs >= b.atMs ? a : b;
}

export async function lastUsage(
  k: Kernel,
  requester: Requester,
  keyId: string,
): Promise<{ readonly arn: KeyArn; readonly createdMs: number; readonly use: KeyUse | undefined }> {
  const { key, arn } = await enter(k, requester, "GetKeyLastUsage", keyId);
  return { arn, createdMs: key.createdMs, use: await k.usage.last(key) };
}
