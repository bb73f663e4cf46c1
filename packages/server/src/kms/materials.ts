/**
 * Key material: made, wrapped under the KMS domain key, proved to open again, and held unwrapped for a while. What is held
 * is a copy; whether it may be used is decided by the key's record, read anew for every use.
 */
import {
  keyRecordId,
  keyRecordTerm,
  materialId,
  openKeyRecord,
  type Random,
  sealKeyRecord,
  SecretKey,
  systemRandom,
} from "@strongroom/crypto";
import type { Clock } from "../base/clock.ts";
import { assert, IntegrityError } from "../base/errors.ts";
import type { AccountId, KeyArn } from "../base/ids.ts";
import { KMS_MATERIALS_HELD_MAX, KMS_MATERIAL_HELD_MS_MAX } from "../base/limits.ts";
import type { KeyRecord, Material } from "./model.ts";

/** The terms of the KMS domain key, from the keyring. */
export interface DomainKeys {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  current(): { readonly term: number; readonly key: SecretKey<"domain"> };
  /** Throws for a term that the keyring does not hold. */
  at(term: number): SecretKey<"domain">;
}

/** Where wrapped material is kept. */
export interface MaterialRows {
  material(account: AccountId, keyId: string, materialId: string): Promise<Uint8Array | undefined>;
}

export interface HeldMaterial {
  readonly key: SecretKey<"material">;
  /** 16 bytes: what a blob's header holds. */
  readonly shortId: Uint8Array;
}

interface Entry extends HeldMaterial {
  readonly sinceMs: number;
}

const shortIdOf = (id: string): Uint8Array => new Uint8Array(Buffer.from(id.slice(0, 32), "hex"));

export class Materials {
  readonly #domain: DomainKeys;
  readonly #rows: MaterialRows;
  readonly #clock: Clock;
  readonly #random: Random;
  /** By ARN at creation and material id; least recently made first. */
  readonly #held = new Map<string, Entry>();

  constructor(domain: DomainKeys, rows: MaterialRows, clock: Clock, random: Random = systemRandom) {
    this.#domain = domain;
    this.#rows = rows;
    this.#clock = clock;
    this.#random = random;
  }

  /** Fresh material for a key, wrapped. It was unwrapped again and compared before anybody relies on it. */
  make(bornArn: KeyArn): { readonly id: string; readonly record: Uint8Array } {
    using key = SecretKey.generate("material", 32, this.#random);
    return this.wrap(bornArn, key);
  }

  wrap(bornArn: KeyArn, key: SecretKey<"material">): { readonly id: string; readonly record: Uint8Array } {
    const id = Buffer.from(materialId(key, bornArn)).toString("hex");
    const { term, key: termKey } = this.#domain.current();
    const place = this.#place(bornArn, id, term, termKey);
    const record = sealKeyRecord(place, key, this.#random);
    using again = openKeyRecord(place, record, "material");
    assert(again.equals(key), "wrapped key material opens to itself");
    return { id, record };
  }

  /** The unwrapped material of a key version. Throws IntegrityError where its row is missing or does not open. */
  async get(key: KeyRecord, version: Material): Promise<HeldMaterial> {
    const name = nameOf(key.bornArn, version.id);
    const held = this.#held.get(name);
    if (held !== undefined && this.#clock.now() - held.sinceMs < KMS_MATERIAL_HELD_MS_MAX) return held;
    const record = await this.#rows.material(key.account, key.keyId, version.id);
    if (record === undefined) throw new IntegrityError("key material is missing");
    const entry = {
      key: this.#unwrap(key.bornArn, version.id, record),
      shortId: shortIdOf(version.id),
      sinceMs: this.#clock.now(),
    };
    this.#keep(name, entry);
    return entry;
  }

  /** Destroyed or removed material leaves memory too. */
  forget(key: Pick<KeyRecord, "bornArn">, id: string): void {
    const name = nameOf(key.bornArn, id);
    this.#held.get(name)?.key[Symbol.dispose]();
    this.#held.delete(name);
  }

  /** Drops what was held for long: also what another process has destroyed meanwhile. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [name, entry] of this.#held)
      if (now - entry.sinceMs >= KMS_MATERIAL_HELD_MS_MAX) this.#held.delete(name);
  }

  #unwrap(bornArn: KeyArn, id: string, record: Uint8Array): SecretKey<"material"> {
    const term = keyRecordTerm(record);
    const key = openKeyRecord(
      this.#place(bornArn, id, term, this.#domain.at(term)),
      record,
      "material",
      `material/${id.slice(0, 16)}`,
    );
    return key;
  }

  /** An evicted entry may be in somebody's hands: the collector takes it, nothing wipes it under them. */
  #keep(name: string, entry: Entry): void {
    this.#held.delete(name);
    this.#held.set(name, entry);
    if (this.#held.size <= KMS_MATERIALS_HELD_MAX) return;
    const oldest = this.#held.keys().next();
    if (oldest.done !== true) this.#held.delete(oldest.value);
  }

  #place(bornArn: KeyArn, id: string, term: number, termKey: SecretKey<"domain">) {
    return {
      kind: "material",
      storeId: this.#domain.storeId,
      id: keyRecordId(bornArn, id),
      term,
      termKey,
    } as const;
  }
}

const nameOf = (bornArn: KeyArn, id: string): string => `${bornArn}/${id}`;
