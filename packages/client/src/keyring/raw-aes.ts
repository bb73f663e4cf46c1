/** Wrapping by an AES key that the caller holds (spec 5.1), and the two legacy AES wraps, for reading. */
import { unwrapRfc3394, utf8 } from "@strongroom/crypto/common";
import type { StringMap } from "../envelope/json-map.ts";
import { fail } from "../errors.ts";
import type { WrappingAlgorithm } from "../suites.ts";
import {
  type Keyring,
  type UnwrapRequest,
  type WrappedDataKey,
  type WrapRequest,
  wrongKey,
} from "./keyring.ts";
import { type DecryptionMaterial, MaterialChoice, toStringMap } from "./material.ts";

const NONCE_BYTES = 12;
const DATA_KEY_BYTES = 32;

/**
 * @example
 * ```ts
 * const options: RawAesKeyringOptions = { key, materialDescription: { generation: "1" } };
 * console.log(new RawAesKeyring(options).usesEncryptionContext);
 * ```
 */
export interface RawAesKeyringOptions {
  /** 16, 24 or 32 bytes. Random nonces: wrap fewer than 2^32 data keys with one key. */
  readonly key: Uint8Array;
  /** Stored with each object, not secret and not authenticated; tells keys apart after a rotation. */
  readonly materialDescription?: Readonly<Record<string, string>>;
  /** Earlier keys, for reading. */
  readonly decryptionKeys?: readonly DecryptionMaterial<Uint8Array>[];
}

/**
 * @example
 * ```ts
 * const keyring = new RawAesKeyring({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const s3 = new S3EncryptionClient({ client, keyring });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "aes", Body: "secret" }));
 * ```
 */
export class RawAesKeyring implements Keyring {
  readonly unwraps: readonly WrappingAlgorithm[] = ["AES/GCM", "AESWrap", "AES"];
  readonly usesEncryptionContext = false;
  readonly #key: Uint8Array;
  readonly #keys: MaterialChoice<Uint8Array>;
  readonly #description: StringMap;

  constructor(options: RawAesKeyringOptions) {
    for (const key of [options.key, ...(options.decryptionKeys ?? []).map((m) => m.key)])
      if (!(key instanceof Uint8Array) || ![16, 24, 32].includes(key.length))
        fail("InvalidKey", "an AES key has 16, 24 or 32 bytes");
    this.#key = options.key;
    this.#keys = new MaterialChoice(options.key, options.decryptionKeys);
    this.#description = toStringMap(options.materialDescription);
  }

  async wrapDataKey({ binding, cipher, dataKey: given }: WrapRequest): Promise<WrappedDataKey> {
    const dataKey = given ?? cipher.randomBytes(DATA_KEY_BYTES);
    const nonce = cipher.randomBytes(NONCE_BYTES);
    const sealed = await cipher.sealGcm(this.#key, nonce, utf8(binding), dataKey);
    const wrapped = new Uint8Array(NONCE_BYTES + sealed.length);
    wrapped.set(nonce);
    wrapped.set(sealed, NONCE_BYTES);
    return { algorithm: "AES/GCM", dataKey, wrapped, description: this.#description };
  }

  async unwrapDataKey(request: UnwrapRequest): Promise<Uint8Array> {
    const key = this.#keys.choose(request.description);
    const { algorithm, wrapped, cipher } = request;
    if (algorithm === "AES/GCM") return openGcmWrap(key, request);
    if (algorithm === "AESWrap") return (await unwrapRfc3394(cipher, key, wrapped)) ?? throwWrongKey();
    return openEcbWrap(key, request);
  }
}

async function openGcmWrap(
  key: Uint8Array,
  { bindings, wrapped, cipher }: UnwrapRequest,
): Promise<Uint8Array> {
  const nonce = wrapped.subarray(0, NONCE_BYTES);
  for (const binding of bindings) {
    const dataKey = await cipher.openGcm(key, nonce, utf8(binding), wrapped.subarray(NONCE_BYTES));
    if (dataKey !== undefined) return dataKey;
  }
  return throwWrongKey();
}

/** V1: AES/ECB with PKCS#7 padding. The whole last block is looked at, whatever it says. */
async function openEcbWrap(key: Uint8Array, { wrapped, cipher }: UnwrapRequest): Promise<Uint8Array> {
  if (wrapped.length === 0 || wrapped.length % 16 !== 0) throwWrongKey();
  const padded = await cipher.decryptBlocks(key, wrapped);
  const padding = padded[padded.length - 1] ?? 0;
  let bad = Number(padding < 1 || padding > 16);
  for (let i = 1; i <= 16; i++) bad |= i <= padding ? (padded[padded.length - i] ?? 0) ^ padding : 0;
  return bad === 0 ? padded.subarray(0, padded.length - padding) : throwWrongKey();
}

function throwWrongKey(): never {
  throw wrongKey();
}
