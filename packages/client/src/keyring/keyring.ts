/**
 * What a keyring is: it wraps and unwraps data keys, and nothing else. The client has checked format, policy, legacy
 * options and encryption context before it asks; a keyring never sees content.
 */
import type { ContentCipher } from "@strongroom/crypto/common";
import type { StringMap } from "../envelope/json-map.ts";
import { S3EncryptionError } from "../errors.ts";
import type { WrappingAlgorithm } from "../suites.ts";

/**
 * What the client asks for when it writes an object.
 *
 * @example
 * ```ts
 * const inner = new RawAesKeyring({ key });
 * const counted: Keyring = {
 *   ...{ unwraps: inner.unwraps, usesEncryptionContext: false },
 *   wrapDataKey: (request: WrapRequest) => {
 *     console.log(request.dataKey === undefined ? "a fresh data key" : "a data key is wrapped again");
 *     return inner.wrapDataKey(request);
 *   },
 *   unwrapDataKey: (request) => inner.unwrapDataKey(request),
 * };
 * await new S3EncryptionClient({ client, keyring: counted }).send(new PutObjectCommand({ Bucket: "b", Key: "w", Body: "x" }));
 * ```
 */
export interface WrapRequest {
  /**
   * The text that a wrap must bind, so that the data key cannot be moved to another suite: `115` for V3,
   * `AES/GCM/NoPadding` for V2. AES/GCM takes it as AAD, RSA appends it to the key, KMS has it in the context.
   */
  readonly binding: string;
  /** The caller's encryption context with the reserved entry added. Only for keyrings whose wrap uses one. */
  readonly encryptionContext: StringMap;
  /** A data key to wrap (re-encryption of an instruction file); absent = make a fresh one of 32 bytes. */
  readonly dataKey?: Uint8Array;
  readonly cipher: ContentCipher;
}

/**
 * @example
 * ```ts
 * const dataKey = crypto.getRandomValues(new Uint8Array(32));
 * const answer: WrappedDataKey = { algorithm: "AES/GCM", dataKey, wrapped: new Uint8Array(60), description: new Map() };
 * console.log(answer.wrapped.length);
 * ```
 */
export interface WrappedDataKey {
  readonly algorithm: WrappingAlgorithm;
  readonly dataKey: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Stored beside the wrapped key: the encryption context or the material description. */
  readonly description: StringMap;
}

/**
 * What the client asks for when it reads an object.
 *
 * @example
 * ```ts
 * const inner = new RawAesKeyring({ key });
 * const audited: Keyring = {
 *   unwraps: inner.unwraps,
 *   usesEncryptionContext: false,
 *   unwrapDataKey: (request: UnwrapRequest) => {
 *     console.log("reads", request.algorithm, [...request.description]);
 *     return inner.unwrapDataKey(request);
 *   },
 * };
 * await new S3EncryptionClient({ client, keyring: audited }).send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * ```
 */
export interface UnwrapRequest {
  readonly algorithm: WrappingAlgorithm;
  readonly wrapped: Uint8Array;
  /** Bindings that may have been used, likeliest first: one, except for legacy CBC content. */
  readonly bindings: readonly string[];
  /** As stored: the whole KMS context or the material description. */
  readonly description: StringMap;
  readonly cipher: ContentCipher;
}

/**
 * Implement this to keep wrapping keys somewhere else, for example in an HSM.
 *
 * @example
 * ```ts
 * // Wraps with a key that never leaves WebCrypto.
 * const wrappingKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
 * const bind = (text: string) => new TextEncoder().encode(text);
 * const keyring: Keyring = {
 *   unwraps: ["AES/GCM"],
 *   usesEncryptionContext: false,
 *   async wrapDataKey({ binding, cipher, dataKey = cipher.randomBytes(32) }) {
 *     const iv = crypto.getRandomValues(new Uint8Array(12));
 *     const params = { name: "AES-GCM", iv, additionalData: bind(binding) };
 *     const sealed = await crypto.subtle.encrypt(params, wrappingKey, dataKey.slice());
 *     const wrapped = Uint8Array.of(...iv, ...new Uint8Array(sealed)); // nonce || ciphertext || tag
 *     return { algorithm: "AES/GCM", dataKey, wrapped, description: new Map() };
 *   },
 *   async unwrapDataKey({ wrapped, bindings }) {
 *     const params = { name: "AES-GCM", iv: wrapped.slice(0, 12), additionalData: bind(bindings[0] ?? "") };
 *     const opened = await crypto.subtle.decrypt(params, wrappingKey, wrapped.slice(12)).catch((cause: unknown) => {
 *       throw wrongKey(cause);
 *     });
 *     return new Uint8Array(opened);
 *   },
 * };
 * const own = new S3EncryptionClient({ client, keyring });
 * await own.send(new PutObjectCommand({ Bucket: "b", Key: "own", Body: "secret" }));
 * await own.send(new GetObjectCommand({ Bucket: "b", Key: "own" }));
 * ```
 */
export interface Keyring {
  /** Algorithms that `unwrapDataKey` takes; others are refused before it is called. */
  readonly unwraps: readonly WrappingAlgorithm[];
  /** True when writing needs and stores the caller's encryption context. */
  readonly usesEncryptionContext: boolean;
  /** Absent for a keyring that only reads. */
  wrapDataKey?(request: WrapRequest): Promise<WrappedDataKey>;
  /** Throws `wrongKey()` when the key does not fit; errors of the key's service pass through. */
  unwrapDataKey(request: UnwrapRequest): Promise<Uint8Array>;
}

/**
 * The one error for every reason why an unwrap fails: no oracle.
 *
 * @example
 * ```ts
 * const none: Keyring = {
 *   unwraps: ["AES/GCM"],
 *   usesEncryptionContext: false,
 *   unwrapDataKey: () => Promise.reject(wrongKey()),
 * };
 * const reader = new S3EncryptionClient({ client, keyring: none });
 * const refusal = await reader.send(new GetObjectCommand({ Bucket: "b", Key: "k" })).catch((error: Error) => error.name);
 * console.log(refusal); // UnwrapError
 * ```
 */
export function wrongKey(cause?: unknown): S3EncryptionError {
  return new S3EncryptionError("WrongKey", undefined, cause);
}
