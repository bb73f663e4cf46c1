/** Wrapping by an RSA key pair that the caller holds (spec 5.2), and the two legacy RSA wraps, for reading. */
import {
  type ContentCipher,
  concatBytes,
  decodeOaep,
  decodePkcs1,
  equalBytesConstantTime,
  type RsaKeyInput,
  type RsaPrivateKey,
  type RsaPublicKey,
  utf8,
} from "@strongroom/crypto/common";
import type { StringMap } from "../envelope/json-map.ts";
import { fail, S3EncryptionError } from "../errors.ts";
import type { WrappingAlgorithm } from "../suites.ts";
import {
  type Keyring,
  type UnwrapRequest,
  type WrappedDataKey,
  type WrapRequest,
  wrongKey,
} from "./keyring.ts";
import { type DecryptionMaterial, MaterialChoice, toStringMap } from "./material.ts";

const DATA_KEY_BYTES = 32;
const MODULUS_BYTES_MIN = 256;

/**
 * @example
 * ```ts
 * const options: RawRsaKeyringOptions = { publicKey: rsaPublicPem }; // writes, cannot read
 * await new S3EncryptionClient({ client, keyring: new RawRsaKeyring(options) }).send(
 *   new PutObjectCommand({ Bucket: "b", Key: "for-partner", Body: "secret" }),
 * );
 * ```
 */
export interface RawRsaKeyringOptions {
  /** Needed to write. PEM, DER, JWK, CryptoKey or KeyObject; 2048 bits or more. */
  readonly publicKey?: RsaKeyInput;
  /** Needed to read. */
  readonly privateKey?: RsaKeyInput;
  readonly materialDescription?: Readonly<Record<string, string>>;
  /** Earlier private keys, for reading. */
  readonly decryptionKeys?: readonly DecryptionMaterial<RsaKeyInput>[];
}

/**
 * @example
 * ```ts
 * const { publicKey, privateKey } = await crypto.subtle.generateKey(
 *   { name: "RSA-OAEP", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-1" },
 *   true,
 *   ["encrypt", "decrypt"],
 * );
 * const s3 = new S3EncryptionClient({ client, keyring: new RawRsaKeyring({ publicKey, privateKey }) });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "rsa", Body: "secret" }));
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "rsa" }));
 * ```
 */
export class RawRsaKeyring implements Keyring {
  readonly unwraps: readonly WrappingAlgorithm[] = [
    "RSA-OAEP-SHA1",
    "RSA/ECB/OAEPWithSHA-256AndMGF1Padding",
    "RSA",
  ];
  readonly usesEncryptionContext = false;
  readonly wrapDataKey?: (request: WrapRequest) => Promise<WrappedDataKey>;
  readonly #publicKey: RsaKeyInput | undefined;
  readonly #keys: MaterialChoice<RsaKeyInput | undefined>;
  readonly #description: StringMap;
  /** Parsed once for each cipher: parsing a key costs far more than using it. */
  readonly #imported = new WeakMap<ContentCipher, Map<RsaKeyInput, Promise<RsaPrivateKey>>>();
  readonly #public = new WeakMap<ContentCipher, Promise<RsaPublicKey>>();

  constructor(options: RawRsaKeyringOptions) {
    if (options.publicKey === undefined && options.privateKey === undefined)
      fail("InvalidKey", "an RSA keyring needs a public key, a private key or both");
    this.#publicKey = options.publicKey;
    this.#keys = new MaterialChoice(options.privateKey, options.decryptionKeys);
    this.#description = toStringMap(options.materialDescription);
    // Without a public key the keyring has no such method, which is how the client sees that it only reads.
    if (options.publicKey !== undefined) this.wrapDataKey = (request) => this.#wrap(request);
  }

  async #wrap({ binding, cipher, dataKey: given }: WrapRequest): Promise<WrappedDataKey> {
    const key = await this.#importPublic(cipher);
    const dataKey = given ?? cipher.randomBytes(DATA_KEY_BYTES);
    const pseudoKey = concatBytes([Uint8Array.of(dataKey.length), dataKey, utf8(binding)]);
    const wrapped = await key.encryptOaepSha1(pseudoKey);
    pseudoKey.fill(0);
    return { algorithm: "RSA-OAEP-SHA1", dataKey, wrapped, description: this.#description };
  }

  async unwrapDataKey(request: UnwrapRequest): Promise<Uint8Array> {
    const input = this.#keys.choose(request.description);
    if (input === undefined) throw new S3EncryptionError("WrongKeyType", "the keyring has no private key");
    const key = await this.#importPrivate(request.cipher, input);
    if (request.algorithm === "RSA-OAEP-SHA1") return openPseudoKey(key, request);
    if (request.algorithm === "RSA") return openPkcs1(key, request);
    return openOaepSha256(key, request);
  }

  async #importPublic(cipher: ContentCipher): Promise<RsaPublicKey> {
    if (this.#publicKey === undefined) fail("CannotWrite");
    let key = this.#public.get(cipher);
    if (key === undefined) {
      key = checked(cipher.importRsaPublic(this.#publicKey));
      this.#public.set(cipher, key);
    }
    return key;
  }

  async #importPrivate(cipher: ContentCipher, input: RsaKeyInput): Promise<RsaPrivateKey> {
    const keys = this.#imported.get(cipher) ?? new Map<RsaKeyInput, Promise<RsaPrivateKey>>();
    this.#imported.set(cipher, keys);
    const key = keys.get(input) ?? checked(cipher.importRsaPrivate(input));
    keys.set(input, key);
    return key;
  }
}

async function checked<Key extends { readonly modulusBytes: number }>(importing: Promise<Key>): Promise<Key> {
  let key: Key;
  try {
    key = await importing;
  } catch (cause) {
    return fail("InvalidKey", "RSA", cause);
  }
  if (key.modulusBytes < MODULUS_BYTES_MIN) fail("InvalidKey", "RSA needs 2048 bits or more");
  return key;
}

/** Length byte, data key, binding: all must be exactly as expected, or the key is wrong for this object. */
async function openPseudoKey(key: RsaPrivateKey, { wrapped, bindings }: UnwrapRequest): Promise<Uint8Array> {
  const pseudoKey = await key.decryptOaepSha1(wrapped);
  if (pseudoKey === undefined) throw wrongKey();
  const length = pseudoKey[0] ?? 0;
  const rest = pseudoKey.subarray(1 + length);
  const fits = bindings.some((binding) => equalBytesConstantTime(rest, utf8(binding)));
  if (![16, 24, 32].includes(length) || !fits) throw wrongKey();
  return pseudoKey.subarray(1, 1 + length);
}

/** Java's default provider uses SHA-1 for MGF1, BouncyCastle SHA-256 (spec 5.3). */
async function openOaepSha256(key: RsaPrivateKey, { wrapped, cipher }: UnwrapRequest): Promise<Uint8Array> {
  const block = await key.decryptRaw(wrapped);
  if (block === undefined) throw wrongKey();
  const dataKey =
    (await decodeOaep(cipher, "SHA-256", "SHA-1", block)) ??
    (await decodeOaep(cipher, "SHA-256", "SHA-256", block));
  if (dataKey === undefined) throw wrongKey();
  return dataKey;
}

/** Never fails: with bad padding the key is random, and the failure is one of the content (spec 5.4). */
async function openPkcs1(key: RsaPrivateKey, { wrapped, cipher }: UnwrapRequest): Promise<Uint8Array> {
  const fallback = cipher.randomBytes(DATA_KEY_BYTES);
  const block = await key.decryptRaw(wrapped);
  return decodePkcs1(block ?? new Uint8Array(key.modulusBytes), fallback);
}
