/**
 * Keys of the audit trail, all from one seed of the keyring: a sealing key for each segment and index file, and the
 * Ed25519 key (RFC 8032) that signs checkpoints. Besides, the RSA key that CloudTrail's digest files want.
 *
 *     segment key = E256(seed, "strongroom/v1/trail-segment" || header)      nonce = 0x00000000 || uint64(counter)
 *     index key   = E256(seed, "strongroom/v1/trail-index" || header)
 *     signing key = Ed25519 seed E256(seed, "strongroom/v1/trail-sign")
 *
 * A header holds 32 random bytes, so no two files share a key. INVARIANT: a counter seals one message only: whoever must
 * write again writes the sealed bytes that he has.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { NONCE_BYTES, open, sealInto, TAG_BYTES } from "./aead.ts";
import { plainBytes, Writer } from "./bytes.ts";
import { e256, sha256 } from "./derive.ts";
import { LABELS } from "./labels.ts";
import { keyBytes, type SecretKey } from "./secret-key.ts";

/** A sealed message is this much longer. */
export const TRAIL_TAG_BYTES: number = TAG_BYTES;

/** One file's key: for a segment, or the index beside it. */
export class TrailSealer {
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #view = new DataView(this.#nonce.buffer);

  constructor(seed: SecretKey<"audit">, kind: "segment" | "index", header: Uint8Array) {
    const label = kind === "segment" ? LABELS.trailSegment : LABELS.trailIndex;
    this.#key = e256(keyBytes(seed, "audit"), new Writer(64 + header.length).raw(label).raw(header));
  }

  /** Writes message || tag into `out` at `at`. One cipher call. */
  sealInto(counter: number, message: Uint8Array, aad: Uint8Array, out: Uint8Array, at: number): void {
    sealInto(this.#key, this.#nonceOf(counter), message, aad, out, at);
  }

  /** Throws TagMismatch, Truncated. */
  open(counter: number, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
    return open(this.#key, this.#nonceOf(counter), sealed, aad, "audit trail");
  }

  [Symbol.dispose](): void {
    this.#key.fill(0);
  }

  #nonceOf(counter: number): Uint8Array {
    this.#view.setUint32(4, Math.floor(counter / 2 ** 32));
    this.#view.setUint32(8, counter % 2 ** 32);
    return this.#nonce;
  }
}

/** RFC 8410: the fixed bytes before a raw key in PKCS #8 and SubjectPublicKeyInfo. */
const PKCS8_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const SPKI_HEAD = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0);

export class TrailSigner {
  /** 32 bytes, for whoever checks. */
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(seed: SecretKey<"audit">) {
    const secret = e256(keyBytes(seed, "audit"), new Writer(64).raw(LABELS.trailSign));
    const der = Buffer.alloc(PKCS8_HEAD.length + secret.length);
    der.set(PKCS8_HEAD);
    der.set(secret, PKCS8_HEAD.length);
    this.#key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    secret.fill(0);
    der.fill(0);
    const spki = createPublicKey(this.#key).export({ format: "der", type: "spki" });
    this.publicKey = plainBytes(spki).slice(SPKI_HEAD.length);
  }

  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    return plainBytes(sign(null, message, this.#key));
  }
}

export function verifyTrailSignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const der = Buffer.concat([SPKI_HEAD, publicKey]);
  return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}

/** SHA-256 of what the trail chains. */
export function trailHash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** CloudTrail's digest files are signed with RSA: PKCS #1 v1.5 over SHA-256. */
export interface DigestKey {
  /** PKCS #8, DER: a secret. */
  readonly secretDer: Uint8Array;
  /** PKCS #1, DER, as ListPublicKeys gives it out. */
  readonly publicDer: Uint8Array;
}

export function newDigestKey(): DigestKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    secretDer: plainBytes(privateKey.export({ format: "der", type: "pkcs8" })),
    publicDer: plainBytes(publicKey.export({ format: "der", type: "pkcs1" })),
  };
}

export function signDigest(key: Pick<DigestKey, "secretDer">, message: Uint8Array): Uint8Array {
  const secret = createPrivateKey({ key: Buffer.from(key.secretDer), format: "der", type: "pkcs8" });
  return plainBytes(sign("sha256", message, secret));
}

export function verifyDigest(publicDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(publicDer), format: "der", type: "pkcs1" });
  return verify("sha256", message, key, signature);
}

/** A name, no protection: what CloudTrail's tools match public keys by (32 hex digits). */
export function digestKeyFingerprint(publicDer: Uint8Array): string {
  return createHash("md5").update(publicDer).digest("hex");
}
