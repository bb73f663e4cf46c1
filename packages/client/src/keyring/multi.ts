/** Several keyrings: one writes, all may read. For rotation between kinds of keys, for example from raw AES to KMS. */
import { S3EncryptionError } from "../errors.ts";
import type { WrappingAlgorithm } from "../suites.ts";
import {
  type Keyring,
  type UnwrapRequest,
  type WrappedDataKey,
  type WrapRequest,
  wrongKey,
} from "./keyring.ts";

/**
 * @example
 * ```ts
 * const options: MultiKeyringOptions = {
 *   primary: new KmsKeyring({ client: kms, keyId: "alias/documents" }),
 *   readers: [new RawAesKeyring({ key })],
 * };
 * const s3 = new S3EncryptionClient({ client, keyring: new MultiKeyring(options) });
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" })); // written with the AES key
 * ```
 */
export interface MultiKeyringOptions {
  /** Writes new objects and is tried first for reading. */
  readonly primary: Keyring;
  /** Tried in order for reading, each only when it unwraps the object's algorithm. */
  readonly readers: readonly Keyring[];
}

/**
 * @example
 * ```ts
 * const primary = new RawAesKeyring({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const keyring = new MultiKeyring({ primary, readers: [new RawAesKeyring({ key })] });
 * const s3 = new S3EncryptionClient({ client, keyring });
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" })); // written with the earlier key
 * ```
 *
 * The unnamed RSA wrap of V1 never says that a key is wrong (it would be a padding oracle), so for such objects the first
 * RSA keyring decides.
 */
export class MultiKeyring implements Keyring {
  readonly unwraps: readonly WrappingAlgorithm[];
  readonly usesEncryptionContext: boolean;
  readonly wrapDataKey?: (request: WrapRequest) => Promise<WrappedDataKey>;
  readonly #all: readonly Keyring[];

  constructor(options: MultiKeyringOptions) {
    const { primary } = options;
    this.#all = [primary, ...options.readers];
    this.unwraps = [...new Set(this.#all.flatMap((keyring) => keyring.unwraps))];
    this.usesEncryptionContext = primary.usesEncryptionContext;
    if (primary.wrapDataKey !== undefined)
      this.wrapDataKey = async (request) => (await primary.wrapDataKey?.(request)) ?? throwWrongKey();
  }

  async unwrapDataKey(request: UnwrapRequest): Promise<Uint8Array> {
    const causes: unknown[] = [];
    for (const keyring of this.#all) {
      if (!keyring.unwraps.includes(request.algorithm)) continue;
      try {
        return await keyring.unwrapDataKey(request);
      } catch (cause) {
        causes.push(cause);
      }
    }
    // A service's error passes through: it may be one to retry. With several of ours the first is as good as any.
    const foreign = causes.find(
      (cause): cause is Error => cause instanceof Error && !(cause instanceof S3EncryptionError),
    );
    throw foreign ?? wrongKey(causes[0]);
  }
}

function throwWrongKey(): never {
  throw wrongKey();
}
