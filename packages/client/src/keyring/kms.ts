/** Wrapping by a KMS key, bound to an encryption context (spec 5.6 and 6). */
import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
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

/**
 * @example
 * ```ts
 * const options: KmsKeyringOptions = { client: kms }; // no keyId: reads with any key, never writes
 * const reader = new S3EncryptionClient({ client, keyring: new KmsKeyring(options) });
 * console.log(reader instanceof S3Client);
 * ```
 */
export interface KmsKeyringOptions {
  readonly client: KMSClient;
  /**
   * Key id, ARN or alias. Sent on reading too, so that KMS refuses another key's ciphertext. Absent = discovery: read
   * with whatever key the ciphertext names, and never write.
   */
  readonly keyId?: string;
  readonly grantTokens?: readonly string[];
}

/**
 * @example
 * ```ts
 * const keyring = new KmsKeyring({ client: kms, keyId: "alias/documents" });
 * const s3 = new S3EncryptionClient({ client, keyring });
 * const encryptionContext = { tenant: "a" };
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "kms", Body: "secret" }), { encryptionContext });
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "kms" }), { encryptionContext });
 * ```
 */
export class KmsKeyring implements Keyring {
  readonly unwraps: readonly WrappingAlgorithm[] = ["kms+context", "kms"];
  readonly usesEncryptionContext = true;
  readonly wrapDataKey?: (request: WrapRequest) => Promise<WrappedDataKey>;
  readonly #client: KMSClient;
  readonly #keyId: string | undefined;
  readonly #grantTokens: string[] | undefined;

  constructor(options: KmsKeyringOptions) {
    if (options.keyId === "") fail("InvalidOption", "keyId is empty; leave it out for discovery");
    this.#client = options.client;
    this.#keyId = options.keyId;
    this.#grantTokens = options.grantTokens === undefined ? undefined : [...options.grantTokens];
    const { keyId } = options;
    if (keyId !== undefined) this.wrapDataKey = (request) => this.#wrap(keyId, request);
  }

  async #wrap(keyId: string, { encryptionContext, dataKey }: WrapRequest): Promise<WrappedDataKey> {
    const common = {
      KeyId: keyId,
      EncryptionContext: toRecord(encryptionContext),
      ...(this.#grantTokens && { GrantTokens: this.#grantTokens }),
    };
    const output =
      dataKey === undefined
        ? await this.#client.send(new GenerateDataKeyCommand({ ...common, KeySpec: "AES_256" }))
        : await this.#client.send(new EncryptCommand({ ...common, Plaintext: dataKey }));
    const key = dataKey ?? ("Plaintext" in output ? output.Plaintext : undefined);
    if (!(key instanceof Uint8Array) || output.CiphertextBlob === undefined)
      fail("InvalidOption", "KMS answered without a data key");
    return {
      algorithm: "kms+context",
      dataKey: key,
      wrapped: output.CiphertextBlob,
      description: encryptionContext,
    };
  }

  async unwrapDataKey({ wrapped, description }: UnwrapRequest): Promise<Uint8Array> {
    try {
      const output = await this.#client.send(
        new DecryptCommand({
          CiphertextBlob: wrapped,
          EncryptionContext: toRecord(description),
          ...(this.#keyId !== undefined && { KeyId: this.#keyId }),
          ...(this.#grantTokens && { GrantTokens: this.#grantTokens }),
        }),
      );
      return output.Plaintext ?? throwWrongKey();
    } catch (error) {
      // KMS's way to say that ciphertext, context or key do not belong together; all else passes through.
      if (error instanceof Error && WRONG_KEY_NAMES.includes(error.name)) throw wrongKey(error);
      throw error;
    }
  }
}

const WRONG_KEY_NAMES: readonly string[] = ["InvalidCiphertextException", "IncorrectKeyException"];

function throwWrongKey(): never {
  throw wrongKey();
}

function toRecord(map: StringMap): Record<string, string> {
  return Object.fromEntries(map);
}
