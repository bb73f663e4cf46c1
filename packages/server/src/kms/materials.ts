/**
 * Key material: made, wrapped under the KMS domain key, proved to open again, and held unwrapped for a while. What is held
 * is a copy; whether it may be used is decided by the key's record, read anew for every use.
 */
import {
  CryptoError,
  KEY_PAIR_SPECS,
  keyRecordId,
  keyRecordTerm,
  materialId,
  openKeyRecord,
  type Random,
  randomBytes,
  sealKeyRecord,
  SecretKey,
  systemRandom,
} from "@strongroom/crypto";
import { type Clock, isFresh } from "../base/clock.ts";
import { assert, IntegrityError } from "../base/errors.ts";
import type { AccountId, KeyArn } from "../base/ids.ts";
import { KMS_MATERIALS_HELD_MAX, KMS_MATERIAL_HELD_MS_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { KeyRecord, Material } from "./model.ts";
import { pairInTurn } from "./rsa-turns.ts";
import { type KeySpec, SPECS } from "./specs.ts";

/** The terms of the KMS domain key, from the keyring. */
export interface DomainKeys {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  current(): { readonly term: number; readonly key: SecretKey<"domain"> };
  /** Also one that another process has added since. Rejects for a term that the keyring does not hold. */
  at(term: number): Promise<SecretKey<"domain">>;
}

/** Where wrapped material is kept. */
export interface MaterialRows {
  material(account: AccountId, keyId: string, materialId: string): Promise<Uint8Array | undefined>;
}

export interface HeldMaterial {
  readonly key: SecretKey<"material">;
  /** 16 bytes: what a blob's header holds. */
  readonly shortId: Uint8Array;
  /** UTF-8 of the ARN that blobs are bound to. */
  readonly boundArn: Uint8Array;
}

/** `material` seals blobs; `data` is what HMAC and asymmetric keys are: a MAC key, or a private key in PKCS #8. */
type Purpose = "material" | "data";
interface Entry<P extends Purpose = Purpose> {
  readonly key: SecretKey<P>;
  readonly shortId: Uint8Array;
  readonly boundArn: Uint8Array;
  readonly sinceMs: number;
  readonly of: HeldName;
}
/** Whose material it is. */
export interface HeldName {
  readonly account: AccountId;
  readonly keyId: string;
  readonly bornArn: KeyArn;
  readonly id: string;
}
export interface MadeMaterial {
  readonly id: string;
  readonly record: Uint8Array;
  /** Asymmetric keys only. */
  readonly publicKey?: Uint8Array;
}

const shortIdOf = (id: string): Uint8Array => new Uint8Array(Buffer.from(id.slice(0, 32), "hex"));

export class Materials {
  readonly #domain: DomainKeys;
  readonly #rows: MaterialRows;
  readonly #clock: Clock;
  readonly #random: Random;
  /**
   * By material id, whose key is compared. One that is forgotten for room may be in somebody's hands: the collector takes
   * it, nothing wipes it under them.
   */
  readonly #held = new RecentMap<string, Entry>(KMS_MATERIALS_HELD_MAX);

  constructor(domain: DomainKeys, rows: MaterialRows, clock: Clock, random: Random = systemRandom) {
    this.#domain = domain;
    this.#rows = rows;
    this.#clock = clock;
    this.#random = random;
  }

  /** Fresh material for a key, wrapped. It was unwrapped again and compared before anybody relies on it. */
  async makeFor(spec: KeySpec, bornArn: KeyArn): Promise<MadeMaterial> {
    if (spec === "SYMMETRIC_DEFAULT") return this.make(bornArn);
    const id = Buffer.from(randomBytes(32, this.#random)).toString("hex");
    const pairSpec = KEY_PAIR_SPECS.find((s) => s === spec);
    if (pairSpec === undefined) {
      using key = SecretKey.generate("data", SPECS[spec].materialBytes, this.#random);
      return { id, record: this.#seal(bornArn, id, key) };
    }
    const { privateKey, publicKey } = await pairInTurn(pairSpec);
    using key = privateKey;
    return { id, record: this.#seal(bornArn, id, key), publicKey };
  }

  make(bornArn: KeyArn): MadeMaterial {
    using key = SecretKey.generate("material", 32, this.#random);
    return this.wrap(bornArn, key);
  }

  wrap(bornArn: KeyArn, key: SecretKey<"material">): MadeMaterial {
    const id = Buffer.from(materialId(key, bornArn)).toString("hex");
    return { id, record: this.#seal(bornArn, id, key) };
  }

  /** Imported material of a key that is not a symmetric encryption key; its id is made where its kind is known. */
  wrapSecret(bornArn: KeyArn, id: string, key: SecretKey<"data">): MadeMaterial {
    return { id, record: this.#seal(bornArn, id, key) };
  }

  #seal(bornArn: KeyArn, id: string, key: SecretKey<Purpose>): Uint8Array {
    const { term, key: termKey } = this.#domain.current();
    const place = this.#place(bornArn, id, term, termKey);
    const record = sealKeyRecord(place, key, this.#random);
    using again = openKeyRecord(place, record, key.purpose);
    assert(again.equals(key), "wrapped key material opens to itself");
    return record;
  }

  /** The unwrapped material of a key version. Throws IntegrityError where its row is missing or does not open. */
  get(key: KeyRecord, version: Material): HeldMaterial | Promise<HeldMaterial> {
    return this.#get(key, version, "material");
  }

  /** The MAC key or private key of a key that is not a symmetric encryption key. */
  async secret(key: KeyRecord, version: Material): Promise<SecretKey<"data">> {
    return (await this.#get(key, version, "data")).key;
  }

  #get<P extends Purpose>(key: KeyRecord, version: Material, purpose: P): Entry<P> | Promise<Entry<P>> {
    const held = this.#heldOf(key, version.id);
    if (held === undefined || !isFresh(held.sinceMs, this.#clock.now(), KMS_MATERIAL_HELD_MS_MAX))
      return this.#load(key, version, purpose);
    assert(isOf(held, purpose), "a key version has one purpose");
    return held;
  }

  #heldOf({ bornArn }: Pick<KeyRecord, "bornArn">, id: string): Entry | undefined {
    const held = this.#held.get(id);
    return held?.of.bornArn === bornArn ? held : undefined;
  }

  async #load<P extends Purpose>(key: KeyRecord, version: Material, purpose: P): Promise<Entry<P>> {
    const record = await this.#rows.material(key.account, key.keyId, version.id);
    if (record === undefined) throw new IntegrityError("key material is missing");
    const entry = {
      key: await this.#unwrap(key.bornArn, version.id, record, purpose),
      shortId: shortIdOf(version.id),
      boundArn: new TextEncoder().encode(key.bornArn),
      sinceMs: this.#clock.now(),
      of: { account: key.account, keyId: key.keyId, bornArn: key.bornArn, id: version.id },
    };
    this.#held.set(version.id, entry);
    return entry;
  }

  /** Destroyed or removed material leaves memory too. */
  forget(key: Pick<KeyRecord, "bornArn">, id: string): void {
    const held = this.#heldOf(key, id);
    if (held === undefined) return;
    held.key[Symbol.dispose]();
    this.#held.delete(id);
  }

  /** What is unwrapped in memory now, by name. */
  held(): readonly HeldName[] {
    return [...this.#held.entries()].map(([, { of }]) => of);
  }

  /** Drops what was held for long: also what another process has destroyed meanwhile. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [id, { sinceMs }] of this.#held.entries())
      if (!isFresh(sinceMs, now, KMS_MATERIAL_HELD_MS_MAX)) this.#held.delete(id);
  }

  /** A stored wrap under the newest term of the domain key; it opens to the same material. */
  async rewrapped(
    key: Pick<KeyRecord, "bornArn" | "spec">,
    id: string,
    record: Uint8Array,
  ): Promise<Uint8Array> {
    const purpose = key.spec === "SYMMETRIC_DEFAULT" ? "material" : "data";
    using material = await this.#unwrap(key.bornArn, id, record, purpose);
    return this.#seal(key.bornArn, id, material);
  }

  async #unwrap<P extends Purpose>(
    bornArn: KeyArn,
    id: string,
    record: Uint8Array,
    purpose: P,
  ): Promise<SecretKey<P>> {
    try {
      const term = keyRecordTerm(record);
      const place = this.#place(bornArn, id, term, await this.#domain.at(term));
      return openKeyRecord(place, record, purpose, `${purpose}/${id.slice(0, 16)}`);
    } catch (cause) {
      if (cause instanceof CryptoError) throw new IntegrityError("key material does not open", cause);
      throw cause;
    }
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

const isOf = <P extends Purpose>(entry: Entry, purpose: P): entry is Entry<P> =>
  entry.key.purpose === purpose;
