/**
 * The cipher port of client-side encryption: everything the S3 Encryption Client formats need, and no more.
 * Two entries implement it: `content/node.ts` (node:crypto, also on Bun) and `web/index.ts` (WebCrypto, for browsers).
 * Nothing here holds keys beyond one object; callers wipe what they own.
 */

export type MaybePromise<T> = T | Promise<T>;

/** An AES-GCM message encrypted piece by piece. One per (key, nonce); never reusable. */
export interface GcmEncryptor {
  update(plaintext: Uint8Array): MaybePromise<Uint8Array>;
  /** Ends the message; returns the 16-byte tag. */
  final(): MaybePromise<Uint8Array>;
}

/** An AES-GCM message decrypted piece by piece. What `update` returns is unauthenticated until `final` came back. */
export interface GcmDecryptor {
  update(ciphertext: Uint8Array): MaybePromise<Uint8Array>;
  /** True when the tag is right. Never throws for a wrong one. */
  final(tag: Uint8Array): MaybePromise<boolean>;
}

/** A keystream cipher or a block mode without padding, fed in pieces. */
export interface StreamCipher {
  update(input: Uint8Array): MaybePromise<Uint8Array>;
}

/** RSA private key, whatever holds it. */
export interface RsaPrivateKey {
  readonly modulusBytes: number;
  /** RSAES-OAEP with SHA-1 for label and MGF1, empty label (RFC 8017 7.1.2). `undefined` on any failure. */
  decryptOaepSha1(ciphertext: Uint8Array): Promise<Uint8Array | undefined>;
  /** RSADP (RFC 8017 5.1.2): the padded block, `modulusBytes` long. `undefined` when out of range. */
  decryptRaw(ciphertext: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface RsaPublicKey {
  readonly modulusBytes: number;
  encryptOaepSha1(plaintext: Uint8Array): Promise<Uint8Array>;
}

/**
 * What an RSA key may be given as: PEM text (PKCS#8, SPKI; on Node also PKCS#1), DER bytes (PKCS#8, SPKI), a JWK, a
 * WebCrypto `CryptoKey` for RSA-OAEP with SHA-1, or on Node a `KeyObject`.
 *
 * @example
 * ```ts
 * const publicKey: RsaKeyInput = rsaPublicPem; // or DER, a JWK, a CryptoKey, a KeyObject
 * console.log(new RawRsaKeyring({ publicKey }).usesEncryptionContext);
 * ```
 */
export type RsaKeyInput = string | Uint8Array | JsonWebKeyLike | CryptoKeyLike | KeyObjectLike;

/** The members of a JWK that an RSA key has (RFC 7518 6.3). */
export interface JsonWebKeyLike {
  readonly kty: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
}

/** Structural stand-in for WebCrypto's `CryptoKey`, so that the types need no DOM library. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** Structural stand-in for Node's `KeyObject`, so that the browser entry's types need no Node types. */
export interface KeyObjectLike {
  readonly asymmetricKeyType?: string;
  readonly type: string;
  export(options: { format: "jwk" }): object;
}

export interface ContentCipher {
  readonly name: "node" | "web";
  randomBytes(length: number): Uint8Array;
  digest(hash: "SHA-1" | "SHA-256", data: Uint8Array): MaybePromise<Uint8Array>;
  /** HKDF with SHA-512 (RFC 5869). */
  hkdfSha512(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): MaybePromise<Uint8Array>;
  /** One whole AES-GCM message: ciphertext with the tag behind it. Key 16, 24 or 32 bytes, nonce 12. */
  sealGcm(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): MaybePromise<Uint8Array>;
  /** The inverse of `sealGcm`; `undefined` when the tag is wrong or the input is shorter than a tag. */
  openGcm(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): MaybePromise<Uint8Array | undefined>;
  gcmEncryptor(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): MaybePromise<GcmEncryptor>;
  gcmDecryptor(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): MaybePromise<GcmDecryptor>;
  /** AES-CTR from a 16-byte initial counter block; encrypting and decrypting are the same. */
  ctr(key: Uint8Array, counterBlock: Uint8Array): MaybePromise<StreamCipher>;
  /** AES-CBC decryption of whole blocks, padding left in place: the caller strips it in constant time. */
  cbcDecryptor(key: Uint8Array, iv: Uint8Array): MaybePromise<StreamCipher>;
  /** AES of each 16-byte block by itself (ECB), for RFC 3394 and the oldest wrap. */
  decryptBlocks(key: Uint8Array, blocks: Uint8Array): MaybePromise<Uint8Array>;
  /** Throws a TypeError for anything that is not an RSA private key. */
  importRsaPrivate(key: RsaKeyInput): Promise<RsaPrivateKey>;
  /** Throws a TypeError for anything that is not an RSA public (or private) key. */
  importRsaPublic(key: RsaKeyInput): Promise<RsaPublicKey>;
}
