/**
 * What a keyring is: it wraps and unwraps data keys, and nothing else. The client has checked format, policy, legacy
 * options and encryption context before it asks; a keyring never sees content.
 */
import type { ContentCipher } from "@strongroom/crypto/common";
import type { StringMap } from "../envelope/json-map.ts";
import { S3EncryptionError } from "../errors.ts";
import type { WrappingAlgorithm } from "../suites.ts";

/** What the client asks for when it writes an object. */
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

export interface WrappedDataKey {
  readonly algorithm: WrappingAlgorithm;
  readonly dataKey: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Stored beside the wrapped key: the encryption context or the material description. */
  readonly description: StringMap;
}

/** What the client asks for when it reads an object. */
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
 * const hsm: Keyring = {
 *   unwraps: ["AES/GCM"],
 *   usesEncryptionContext: false,
 *   async wrapDataKey({ binding, cipher }) {
 *     const dataKey = cipher.randomBytes(32);
 *     const wrapped = await hsmSeal(dataKey, new TextEncoder().encode(binding)); // nonce || ciphertext || tag
 *     return { algorithm: "AES/GCM", dataKey, wrapped, description: new Map() };
 *   },
 *   unwrapDataKey: ({ wrapped, bindings }) => hsmOpen(wrapped, new TextEncoder().encode(bindings[0])),
 * };
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

/** The one error for every reason why an unwrap fails: no oracle. */
export function wrongKey(cause?: unknown): S3EncryptionError {
  return new S3EncryptionError("WrongKey", undefined, cause);
}
