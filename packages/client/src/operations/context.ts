/** What every operation gets: the inner client, the keyring, resolved options, the platform, and running uploads. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { StringMap } from "../envelope/json-map.ts";
import { fail } from "../errors.ts";
import type { Keyring } from "../keyring/keyring.ts";
import { toStringMap } from "../keyring/material.ts";
import type { ResolvedOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import { RESERVED_CONTEXT_KEY } from "../suites.ts";
import type { MultipartEncryption } from "./multipart-state.ts";

/**
 * The SDK's own per-request options: abortSignal, requestTimeout.
 *
 * @example
 * ```ts
 * const options: HandlerOptions = { abortSignal: AbortSignal.timeout(60_000) };
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }), options);
 * ```
 */
export type HandlerOptions = NonNullable<Parameters<S3Client["send"]>[1]>;

/**
 * Options of one `send`, beside the SDK's own.
 *
 * @example
 * ```ts
 * const options: S3EncryptionRequestOptions = { instructionFileSuffix: ".instruction" };
 * await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }), options);
 * ```
 */
export interface S3EncryptionRequestOptions {
  /** KMS encryption context: stored and bound when writing, required to match exactly when reading. */
  readonly encryptionContext?: Readonly<Record<string, string>>;
  /** Reading: suffix of the instruction file, with its dot. Default `.instruction`. */
  readonly instructionFileSuffix?: string;
  /** UploadPart: whether this is the last part. Absent = a part under 5 MiB is, else Complete finds out. */
  readonly isLastPart?: boolean;
}

export interface Context {
  readonly s3: S3Client;
  readonly keyring: Keyring;
  readonly options: ResolvedOptions;
  readonly platform: Platform;
  /** By upload id. State lives in this process only (spec section 9). */
  readonly uploads: Map<string, MultipartEncryption>;
}

/** One request: its encryption options, parsed, and what goes to the inner client. */
export interface Request {
  readonly encryptionContext: StringMap | undefined;
  readonly instructionFileSuffix: string | undefined;
  readonly isLastPart: boolean | undefined;
  readonly handler: HandlerOptions;
}

export function parseRequest(options: (S3EncryptionRequestOptions & HandlerOptions) | undefined): Request {
  const { encryptionContext, instructionFileSuffix, isLastPart, ...handler } = options ?? {};
  const context = encryptionContext === undefined ? undefined : toStringMap(encryptionContext);
  if (context?.has(RESERVED_CONTEXT_KEY) === true) fail("ReservedContextKey");
  if (instructionFileSuffix === "") fail("InvalidOption", "instructionFileSuffix is empty");
  return { encryptionContext: context, instructionFileSuffix, isLastPart, handler };
}

/** Object coordinates that SDK inputs type as optional. */
export function target(input: { Bucket?: string | undefined; Key?: string | undefined }): {
  readonly Bucket: string;
  readonly Key: string;
} {
  const { Bucket, Key } = input;
  if (Bucket === undefined || Key === undefined) fail("InvalidOption", "Bucket and Key are needed");
  return { Bucket, Key };
}
