/**
 * SigV4 signing keys (spec access 1.2): `AWS4`+secret -> date -> region -> service -> `aws4_request`, each an HMAC-SHA256.
 * Secrets enter as bytes and never leave: a {@link SigningSecret} only derives, a {@link SigningKey} only signs.
 */
import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from "node:crypto";
import { TextMac } from "@strongroom/crypto";
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

/** Prints nothing, like the secret that it comes from. */
export class SigningKey {
  readonly #mac: TextMac;

  /** `key` is a 32-byte digest. */
  constructor(key: Uint8Array) {
    this.#mac = new TextMac(key);
  }

  /** Hex HMAC-SHA256 of an ASCII text. */
  sign(text: string): string {
    return this.#mac.hex(text);
  }
}

/** As many as a hex digest has. */
const SIGNATURE_CHARS = 64;
/** Reused: comparing is synchronous. */
const computedText = Buffer.allocUnsafeSlow(SIGNATURE_CHARS);
const providedText = Buffer.allocUnsafeSlow(SIGNATURE_CHARS);

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
