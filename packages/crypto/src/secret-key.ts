/**
 * A key as everyone outside this package holds it: an id, a purpose, and bytes that do not print. Wiping is best effort:
 * the engine may have copied the bytes (into OpenSSL, by a moving collector), so it narrows the window and no more.
 */
import { timingSafeEqual } from "node:crypto";
import { CryptoError } from "./errors.ts";
import { type Random, systemRandom } from "./random.ts";

/** One key, one purpose. A function that takes a key names the purposes it takes, in its type and when it runs. */
export type KeyPurpose =
  /** Seals one content (one layer of it). */
  | "dek"
  /** Wraps deks: bucket epoch key, KMS data key, bucket key, or derived from the customer's key. */
  | "kek"
  /** Protects the keyring. */
  | "root"
  /** A term of the metadata key: sealed records. */
  | "metadata"
  /** A term of the SSE-S3 service key: protects epoch keys. */
  | "service"
  /** A term of the KMS domain key: protects KMS key material. */
  | "domain"
  /** One version of a KMS key. */
  | "material"
  /** A customer's key (SSE-C) of a request. Never stored. */
  | "customer"
  /** Stands in an open SSE-C upload's record, binds the final manifest. */
  | "completion"
  /** Signs the audit log. */
  | "audit"
  /** Continuation and session tokens, other sealed values that clients hold. */
  | "token"
  /** Bytes that a caller of the key service asked for or sent: any length from 1 to 4096 bytes. */
  | "data";

const DATA_BYTES_MAX = 4096;
/** Below this, all zero may be chance. */
const ZERO_CHECK_BYTES_MIN = 16;

function check(purpose: KeyPurpose, bytes: Uint8Array): void {
  const fits = purpose === "data" ? bytes.length >= 1 && bytes.length <= DATA_BYTES_MAX : bytes.length === 32;
  if (!fits) throw new CryptoError("BadKey", `a ${purpose} key of ${bytes.length} bytes`);
  if (bytes.length < ZERO_CHECK_BYTES_MIN) return;
  let any = 0;
  for (const byte of bytes) any |= byte;
  if (any === 0) throw new CryptoError("BadKey", `an all-zero ${purpose} key`);
}

let made = 0;
let bytesOf: (key: SecretKey) => Uint8Array;

export class SecretKey<P extends KeyPurpose = KeyPurpose> {
  readonly purpose: P;
  readonly #id: string | number;
  readonly #bytes: Uint8Array;
  #wiped = false;

  private constructor(purpose: P, bytes: Uint8Array, id: string | undefined) {
    check(purpose, bytes);
    this.purpose = purpose;
    this.#bytes = bytes;
    this.#id = id ?? ++made;
  }

  /** A fresh random key of n bytes (32; other sizes for `data` only). `id` is shown in logs; default: a running number. */
  static generate<P extends KeyPurpose>(
    purpose: P,
    n = 32,
    random: Random = systemRandom,
    id?: string,
  ): SecretKey<P> {
    const bytes = new Uint8Array(n);
    random.fill(bytes);
    return new SecretKey(purpose, bytes, id);
  }

  /** Copies the bytes; the caller wipes its own. Throws BadKey for a wrong length or all zero. */
  static fromBytes<P extends KeyPurpose>(purpose: P, bytes: Uint8Array, id?: string): SecretKey<P> {
    return new SecretKey(purpose, new Uint8Array(bytes), id);
  }

  /** Not derived from the bytes. */
  get id(): string {
    return typeof this.#id === "string" ? this.#id : `${this.purpose}#${this.#id}`;
  }

  /** Bytes, not bits. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Same bytes, in constant time for equal lengths. The purpose does not matter. */
  equals(other: SecretKey): boolean {
    const mine = bytesOf(this);
    const theirs = bytesOf(other);
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }

  toString(): string {
    return `[SecretKey ${this.id}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Wipes the bytes (best effort). Using the key afterwards throws BadKey. */
  [Symbol.dispose](): void {
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  static {
    bytesOf = (key) => {
      if (key.#wiped) throw new CryptoError("BadKey", `${key.id} was wiped`);
      return key.#bytes;
    };
    Object.defineProperty(SecretKey.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: SecretKey): string {
        return this.toString();
      },
    });
  }
}

/** Package-private door: never re-exported. Raw bytes, because a KeyObject costs more per call than it saves. */
export function keyBytes(key: SecretKey, purpose: KeyPurpose): Uint8Array {
  if (key.purpose !== purpose) throw new CryptoError("BadKey", `${key.id} where a ${purpose} key belongs`);
  return bytesOf(key);
}

/** Package-private: bytes whatever the purpose. */
export function anyKeyBytes(key: SecretKey): Uint8Array {
  return bytesOf(key);
}
