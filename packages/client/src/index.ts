/** The S3 Encryption Client for TypeScript: the package's only entry, the same for Node, Bun and browsers. */
export { type SendOptions, S3EncryptionClient } from "./client.ts";
export {
  S3EncryptionError,
  type S3EncryptionErrorCode,
  type S3EncryptionErrorName,
} from "./errors.ts";
export {
  type Keyring,
  type UnwrapRequest,
  type WrapRequest,
  type WrappedDataKey,
  wrongKey,
} from "./keyring/keyring.ts";
export { KmsKeyring, type KmsKeyringOptions } from "./keyring/kms.ts";
export type { DecryptionMaterial } from "./keyring/material.ts";
export { MultiKeyring, type MultiKeyringOptions } from "./keyring/multi.ts";
export { RawAesKeyring, type RawAesKeyringOptions } from "./keyring/raw-aes.ts";
export { RawRsaKeyring, type RawRsaKeyringOptions } from "./keyring/raw-rsa.ts";
export type { StringMap } from "./envelope/json-map.ts";
export type { HandlerOptions, S3EncryptionRequestOptions } from "./operations/context.ts";
export type { Authentication, ObjectEncryption } from "./operations/describe.ts";
export type { DecryptedObject } from "./operations/get.ts";
export type { Inspection, ObjectTarget } from "./operations/inspect.ts";
export type {
  ReEncryptInstructionFileInput,
  ReEncryptInstructionFileOutput,
} from "./operations/reencrypt.ts";
export type { S3EncryptionClientOptions } from "./options.ts";
export type { InputBody, OutputBody, Platform, Source } from "./platform/platform.ts";
export type {
  CommitmentPolicy,
  ContentKind,
  EncryptionAlgorithm,
  EnvelopeFormat,
  WrappingAlgorithm,
} from "./suites.ts";
export type { RsaKeyInput } from "@strongroom/crypto/common";
