/**
 * Sealed records (sealed format, section 6): every row that reaches the store.
 *
 *     recordKey = E256(metadataKey[term], label || sealSalt)
 *     value     = term(4) || sealSalt(16) || nonce(12) || AES-256-GCM(recordKey, nonce, body, AAD = LP(table) || LP(key)) || tag
 *
 * `sealSalt` is fresh when the sealer is made and every 2^30 seals, so random nonces stay far from their bound without a
 * count that survives the process. The value is bound to its table and row key: a row copied elsewhere does not open.
 */
import { open as openSealed, sealInto, TAG_BYTES } from "./aead.ts";
import { scratchBytes, Writer } from "./bytes.ts";
import { e256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { LABELS } from "./labels.ts";
import { type Random, randomBytes, systemRandom } from "./random.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";

const SALT_AT = 4;
const NONCE_AT = 20;
const BODY_AT = 32;
/** A sealed record is this much longer than its body. */
export const RECORD_OVERHEAD_BYTES: number = BODY_AT + TAG_BYTES;
/** Seals under one derived key: SP 800-38D 8.3 allows 2^32 random nonces. */
const SEALS_PER_SALT = 2 ** 30;
/** Derived keys kept: one per (term, process start) met. */
const DERIVED_KEYS_MAX = 1024;

export class RecordSealer {
  readonly #random: Random;
  readonly #terms = new Map<number, SecretKey<"metadata">>();
  /** By the 20 bytes of term and sealSalt, oldest first. */
  readonly #derived = new Map<string, Uint8Array>();
  readonly #tables = new Map<string, Uint8Array>();
  readonly #sealsPerSalt: number;
  /** term || sealSalt of what is sealed now. */
  #head: Uint8Array = new Uint8Array(0);
  #headKey: Uint8Array = new Uint8Array(0);
  #sealsLeft = 0;
  #currentTerm: number;

  /** `terms`: every metadata key that still seals a row; new rows are sealed under `currentTerm`. Throws UnknownTerm. */
  constructor(
    terms: ReadonlyMap<number, SecretKey<"metadata">>,
    currentTerm: number,
    random: Random = systemRandom,
    sealsPerSalt: number = SEALS_PER_SALT,
  ) {
    this.#random = random;
    this.#sealsPerSalt = Math.min(sealsPerSalt, SEALS_PER_SALT);
    for (const [term, key] of terms) this.addTerm(term, key);
    this.#currentTerm = currentTerm;
    this.#renew();
  }

  get currentTerm(): number {
    return this.#currentTerm;
  }

  /** Lets rows of this term open. */
  addTerm(term: number, key: SecretKey<"metadata">): void {
    keyBytes(key, "metadata");
    this.#terms.set(term, key);
  }

  /** New rows are sealed under this term from now on. Throws UnknownTerm. */
  useTerm(term: number): void {
    this.#currentTerm = term;
    this.#renew();
  }

  /** Forgets a term and what was derived from it; its rows no longer open. Throws UnknownTerm for the current one. */
  removeTerm(term: number): void {
    if (term === this.#currentTerm) throw new CryptoError("UnknownTerm", "the current term can't be removed");
    this.#terms.delete(term);
    const prefix = latin1(new Writer(4).u32(term).done());
    for (const [name, key] of this.#derived) {
      if (!name.startsWith(prefix)) continue;
      key.fill(0);
      this.#derived.delete(name);
    }
  }

  /** The sealed value of a row: one cipher call. `key` is the row's key in its table. */
  seal(table: string, key: Uint8Array, body: Uint8Array): Uint8Array {
    if (this.#sealsLeft === 0) this.#renew();
    this.#sealsLeft--;
    const out = scratchBytes(RECORD_OVERHEAD_BYTES + body.length);
    out.set(this.#head);
    const nonce = out.subarray(NONCE_AT, BODY_AT);
    this.#random.fill(nonce);
    sealInto(this.#headKey, nonce, body, this.#aad(table, key), out, BODY_AT);
    return out;
  }

  /** The body of a sealed row: one cipher call. Throws Truncated, UnknownTerm, TagMismatch. */
  open(table: string, key: Uint8Array, value: Uint8Array): Uint8Array {
    if (value.length < RECORD_OVERHEAD_BYTES) throw new CryptoError("Truncated", "sealed record");
    const recordKey = this.#keyFor(value);
    const nonce = value.subarray(NONCE_AT, BODY_AT);
    return openSealed(recordKey, nonce, value.subarray(BODY_AT), this.#aad(table, key), "sealed record");
  }

  /** Wipes every derived key. The terms are the caller's. */
  [Symbol.dispose](): void {
    for (const key of this.#derived.values()) key.fill(0);
    this.#derived.clear();
    this.#headKey.fill(0);
    this.#terms.clear();
    this.#sealsLeft = 0;
  }

  #renew(): void {
    const head = new Writer(NONCE_AT).u32(this.#currentTerm).raw(randomBytes(16, this.#random)).done();
    this.#headKey = this.#derive(head);
    this.#head = head;
    this.#sealsLeft = this.#sealsPerSalt;
  }

  #keyFor(value: Uint8Array): Uint8Array {
    if (sameHead(value, this.#head)) return this.#headKey;
    const name = latin1(value.subarray(0, NONCE_AT));
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const key = this.#derive(value);
    if (this.#derived.size >= DERIVED_KEYS_MAX) {
      for (const [oldest, oldKey] of this.#derived) {
        oldKey.fill(0);
        this.#derived.delete(oldest);
        break;
      }
    }
    this.#derived.set(name, key);
    return key;
  }

  #derive(head: Uint8Array): Uint8Array {
    const term = termOf(head);
    const key = this.#terms.get(term);
    if (key === undefined) throw new CryptoError("UnknownTerm", `sealed record of term ${term}`);
    return e256(
      keyBytes(key, "metadata"),
      new Writer(64).raw(LABELS.record).raw(head.subarray(SALT_AT, NONCE_AT)),
    );
  }

  #aad(table: string, key: Uint8Array): Uint8Array {
    let prefix = this.#tables.get(table);
    if (prefix === undefined) {
      prefix = new Writer(32).lpText(table).done();
      this.#tables.set(table, prefix);
    }
    return Writer.scratch(prefix.length + 4 + key.length)
      .raw(prefix)
      .lp(key)
      .done();
  }
}

/** The term that sealed a record: what a rewrap to the newest term looks at. Throws Truncated. */
export function recordTerm(value: Uint8Array): number {
  if (value.length < RECORD_OVERHEAD_BYTES) throw new CryptoError("Truncated", "sealed record");
  return termOf(value);
}

function termOf(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, SALT_AT).getUint32(0);
}

function sameHead(value: Uint8Array, head: Uint8Array): boolean {
  for (let i = 0; i < NONCE_AT; i++) if (value[i] !== head[i]) return false;
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
