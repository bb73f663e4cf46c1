/** The client's options: their meaning, their defaults, and which of them exclude each other (spec section 11). */
import type { S3Client } from "@aws-sdk/client-s3";
import { fail } from "./errors.ts";
import type { Keyring } from "./keyring/keyring.ts";
import type { Platform } from "./platform/platform.ts";
import {
  COMMITMENT_POLICIES,
  type CommitmentPolicy,
  type ContentKind,
  CONTENT,
  type EncryptionAlgorithm,
  PLAINTEXT_BYTES_MAX,
} from "./suites.ts";

const BUFFER_SIZE_DEFAULT = 67_108_864;
const BUFFER_SIZE_MIN = 16;
const PART_WAIT_MS_DEFAULT = 5000;

/**
 * @example
 * ```ts
 * const options: S3EncryptionClientOptions = {
 *   client,
 *   keyring: new RawAesKeyring({ key }),
 *   commitmentPolicy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT", // also reads V2
 *   enableDelayedAuthentication: true, // streams; the error comes at the end
 * };
 * console.log(new S3EncryptionClient(options) instanceof S3Client);
 * ```
 */
export interface S3EncryptionClientOptions {
  /** The client that talks to S3. Its retries, endpoint and credentials are used as they are. */
  readonly client: S3Client;
  readonly keyring: Keyring;
  /** Which formats may be written and read. Default `REQUIRE_ENCRYPT_REQUIRE_DECRYPT`: only V3, which commits to its key. */
  readonly commitmentPolicy?: CommitmentPolicy;
  /** Default: the one that the policy allows. */
  readonly encryptionAlgorithm?: EncryptionAlgorithm;
  /** Read objects whose data key is wrapped by `kms`, `AESWrap`, OAEP-SHA256 or an unnamed V1 algorithm. */
  readonly enableLegacyWrappingAlgorithms?: boolean;
  /** Read AES-CBC content, which detects no tampering. Not possible under a policy that requires commitment on reading. */
  readonly enableLegacyUnauthenticatedModes?: boolean;
  /** Allow `Range` on GetObject. A range is never authenticated; a V3 object's commitment still is. */
  readonly enableUnauthenticatedRangeGets?: boolean;
  /** Stream plaintext before its tag is checked; the error comes at the end of the stream. Excludes `bufferSize`. */
  readonly enableDelayedAuthentication?: boolean;
  /** Most stored bytes of an object that are held until it is authenticated. Default 64 MiB. */
  readonly bufferSize?: number;
  /** Put envelopes into instruction files instead of object metadata. Reading needs no option. */
  readonly writeInstructionFiles?: boolean;
  /** Delete instruction files with their objects. Default true. */
  readonly deleteInstructionFiles?: boolean;
  /** How long a part of a multipart upload waits for the one before it to be sent. Default 5000. */
  readonly partWaitMs?: number;
  /** The runtime's ciphers and streams. Default: those of the platform that the package was imported for. */
  readonly platform?: Platform;
}

export interface ResolvedOptions {
  readonly commitmentPolicy: CommitmentPolicy;
  readonly writes: Exclude<ContentKind, "CBC">;
  readonly legacyWraps: boolean;
  readonly legacyContent: boolean;
  readonly ranges: boolean;
  readonly delayed: boolean;
  readonly bufferSize: number;
  readonly writeInstructionFiles: boolean;
  readonly deleteInstructionFiles: boolean;
  readonly partWaitMs: number;
}

export function resolveOptions(options: S3EncryptionClientOptions): ResolvedOptions {
  if (options.client === undefined || typeof options.client.send !== "function")
    fail("InvalidOption", "client must be an S3Client");
  if (options.keyring === undefined || typeof options.keyring.unwrapDataKey !== "function")
    fail("InvalidOption", "keyring is missing");
  const commitmentPolicy = options.commitmentPolicy ?? "REQUIRE_ENCRYPT_REQUIRE_DECRYPT";
  if (!COMMITMENT_POLICIES.includes(commitmentPolicy)) fail("InvalidOption", "unknown commitmentPolicy");
  const legacyContent = options.enableLegacyUnauthenticatedModes ?? false;
  if (legacyContent && commitmentPolicy === "REQUIRE_ENCRYPT_REQUIRE_DECRYPT")
    fail(
      "InvalidOption",
      "enableLegacyUnauthenticatedModes contradicts a policy that requires commitment on reading",
    );
  return {
    commitmentPolicy,
    writes: contentToWrite(commitmentPolicy, options.encryptionAlgorithm),
    legacyWraps: options.enableLegacyWrappingAlgorithms ?? false,
    legacyContent,
    ranges: options.enableUnauthenticatedRangeGets ?? false,
    delayed: options.enableDelayedAuthentication ?? false,
    bufferSize: bufferSize(options),
    writeInstructionFiles: options.writeInstructionFiles ?? false,
    deleteInstructionFiles: options.deleteInstructionFiles ?? true,
    partWaitMs: options.partWaitMs ?? PART_WAIT_MS_DEFAULT,
  };
}

function contentToWrite(
  policy: CommitmentPolicy,
  algorithm: EncryptionAlgorithm | undefined,
): "COMMIT" | "GCM" {
  const allowed = policy === "FORBID_ENCRYPT_ALLOW_DECRYPT" ? "GCM" : "COMMIT";
  if (algorithm === undefined || algorithm === CONTENT[allowed].algorithm) return allowed;
  return fail("InvalidOption", `encryptionAlgorithm ${algorithm} cannot be written under ${policy}`);
}

function bufferSize({ bufferSize: size, enableDelayedAuthentication }: S3EncryptionClientOptions): number {
  if (size === undefined) return BUFFER_SIZE_DEFAULT;
  if (enableDelayedAuthentication === true)
    fail("InvalidOption", "bufferSize means nothing with enableDelayedAuthentication");
  if (!Number.isInteger(size) || size < BUFFER_SIZE_MIN || size > PLAINTEXT_BYTES_MAX)
    fail("InvalidOption", `bufferSize must be from ${BUFFER_SIZE_MIN} to ${PLAINTEXT_BYTES_MAX}`);
  return size;
}
