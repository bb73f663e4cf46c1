/**
 * SigV4 signing keys (spec access 1.2): `AWS4`+secret -> date -> region -> service -> `aws4_request`, each an HMAC-SHA256.
 * Secrets enter as bytes and never leave: a {@link SigningSecret} only derives, a {@link SigningKey} only signs.
 */
import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from "node:crypto";
import { SIGNING_KEYS_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";

export interface Scope {
  /** `yyyymmdd` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const scopeText = (s: Scope): string => `${s.date}/${s.region}/${s.service}/aws4_request`;

/** The secret half of an access key. Prints nothing, in any form. */
export class SigningSecret {
  readonly #seed: KeyObject;

  private constructor(seed: KeyObject) {
    this.#seed = seed;
  }

  /** Copies the bytes of the secret access key (its ASCII text); the caller wipes its own. */
  static from(secret: Uint8Array): SigningSecret {
    const bytes = Buffer.alloc(4 + secret.length);
    bytes.write("AWS4", "latin1");
    bytes.set(secret, 4);
    const seed = createSecretKey(bytes);
    bytes.fill(0);
    return new SigningSecret(seed);
  }

  signingKey(scope: Scope): SigningKey {
    const date = createHmac("sha256", this.#seed).update(scope.date).digest();
    const region = createHmac("sha256", date).update(scope.region).digest();
    const service = createHmac("sha256", region).update(scope.service).digest();
    return new SigningKey(createHmac("sha256", service).update("aws4_request").digest());
  }
}

const BLOCK = 64;
const DIGEST = 32;
/** Reused for every signature: signing is synchronous. */
const innerInput = Buffer.allocUnsafeSlow(4096);
const outerInput = Buffer.allocUnsafeSlow(BLOCK + DIGEST);
const computedText = Buffer.allocUnsafeSlow(2 * DIGEST);
const providedText = Buffer.allocUnsafeSlow(2 * DIGEST);

/**
 * HMAC-SHA256 (RFC 2104) over one-shot hashes with the two padded keys kept ready: a third of the cost of a fresh
 * `createHmac`, which is what a signature check would otherwise spend most of its time on.
 */
export class SigningKey {
  readonly #innerPad = new Uint8Array(BLOCK).fill(0x36);
  readonly #outerPad = new Uint8Array(BLOCK).fill(0x5c);

  /** `key` is a 32-byte digest, shorter than a block, so it is padded and never hashed. */
  constructor(key: Uint8Array) {
    key.forEach((b, i) => {
      this.#innerPad[i] = b ^ 0x36;
      this.#outerPad[i] = b ^ 0x5c;
    });
  }

  /** Hex HMAC of an ASCII text. */
  sign(text: string): string {
    const input =
      BLOCK + text.length <= innerInput.length ? innerInput : Buffer.allocUnsafe(BLOCK + text.length);
    input.set(this.#innerPad);
    const size = BLOCK + input.write(text, BLOCK, "latin1");
    outerInput.set(this.#outerPad);
    outerInput.write(hash("sha256", input.subarray(0, size), "latin1"), BLOCK, "latin1");
    return hash("sha256", outerInput, "hex");
  }
}

/** Compares hex signatures in time that depends on the length only, which is no secret. */
export function sameSignature(computed: string, provided: string): boolean {
  if (computed.length !== provided.length || computed.length !== computedText.length) return false;
  computedText.write(computed, "latin1");
  // As UTF-8: a character that is no ASCII becomes bytes that no hex has.
  return (
    providedText.write(provided, "utf8") === providedText.length &&
    timingSafeEqual(computedText, providedText)
  );
}

/** Compares texts of any length, such as session tokens, in constant time. */
export function sameSecretText(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}

interface LastKey {
  readonly accessKeyId: string;
  readonly version: string;
  readonly scope: Scope;
  readonly key: SigningKey;
}

/**
 * Signing keys by credential version and scope. A rotated or re-made credential has another version, so it never meets
 * an old key here. Bounded; only scopes that passed the region and time checks are asked for.
 */
export class SigningKeyCache {
  readonly #keys = new RecentMap<string, SigningKey>(SIGNING_KEYS_MAX);
  /** One client asks again and again. */
  #last: LastKey | undefined;

  get(accessKeyId: string, version: string, secret: SigningSecret, scope: Scope): SigningKey {
    const last = this.#last;
    if (
      last !== undefined &&
      last.accessKeyId === accessKeyId &&
      last.version === version &&
      last.scope.date === scope.date &&
      last.scope.service === scope.service &&
      last.scope.region === scope.region
    )
      return last.key;
    const key = this.#find(accessKeyId, version, secret, scope);
    this.#last = { accessKeyId, version, scope, key };
    return key;
  }

  #find(accessKeyId: string, version: string, secret: SigningSecret, scope: Scope): SigningKey {
    const id = `${accessKeyId}\n${version}\n${scope.date}\n${scope.region}\n${scope.service}`;
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const key = secret.signingKey(scope);
    this.#keys.set(id, key);
    return key;
  }
}
