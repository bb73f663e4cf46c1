/**
 * Every error of this package, one row a code: which kind it is, and what to do about it.
 * Errors of S3 and KMS themselves pass through unchanged.
 * INVARIANT: no message carries key bytes, plaintext or a wrapped key.
 */

const CATALOGUE = {
  InvalidOption: ["ConfigurationError", "an option is missing or does not fit the others"],
  InvalidKey: [
    "ConfigurationError",
    "a key given to a keyring is not usable; check its type, length and encoding",
  ],
  ReservedMetadata: [
    "ConfigurationError",
    "user metadata may not use the names of the encryption envelope; rename the entry",
  ],
  ChecksumGiven: [
    "ConfigurationError",
    "a checksum of the plaintext cannot be sent, because S3 would compare it with the ciphertext; leave it out (the SDK computes its own over the ciphertext)",
  ],
  UnknownLength: [
    "ConfigurationError",
    "the length of the body is unknown; give ContentLength, or use Upload of @aws-sdk/lib-storage",
  ],
  LengthMismatch: [
    "ConfigurationError",
    "the body is longer or shorter than its ContentLength; nothing was stored",
  ],
  TooLong: ["ConfigurationError", "AES-GCM takes at most 68719476704 bytes of plaintext; split the object"],
  MetadataTooLarge: [
    "ConfigurationError",
    "S3 takes at most 2 KB of user metadata, envelope included; shorten it or write an instruction file",
  ],
  InvalidRange: [
    "ConfigurationError",
    "the Range is not one range of the form bytes=a-b, bytes=a- or bytes=-n",
  ],
  RangeNotSatisfiable: ["ConfigurationError", "the range starts behind the end of the plaintext"],
  PartOrder: [
    "ConfigurationError",
    "parts are one ciphertext and must be sent in order, the last one last; start the upload again",
  ],
  UnknownUpload: [
    "ConfigurationError",
    "this client did not create that multipart upload; parts can only be encrypted where the upload began",
  ],
  Unsupported: ["ConfigurationError", "the command cannot be used with client-side encryption"],
  PresignRefused: [
    "ConfigurationError",
    "a presigned URL bypasses client-side encryption: a GET would give ciphertext and a PUT would store plaintext; send the command, or presign with a plain S3Client if that is what you want",
  ],
  CannotWrite: ["ConfigurationError", "the keyring can only read; give one that can wrap data keys"],
  LegacyContentDisabled: [
    "LegacyDisabledError",
    "the object is encrypted with AES-CBC, which detects no tampering; set enableLegacyUnauthenticatedModes to read it, then migrate it",
  ],
  LegacyWrapDisabled: [
    "LegacyDisabledError",
    "the data key is wrapped by a legacy algorithm; set enableLegacyWrappingAlgorithms to read it, then migrate it",
  ],
  RangesDisabled: [
    "LegacyDisabledError",
    "a range is never authenticated; set enableUnauthenticatedRangeGets if changed bytes would be harmless",
  ],
  CommitmentMissing: [
    "CommitmentPolicyError",
    "the object does not commit to its key and the commitment policy requires it; migrate the object, or read it under REQUIRE_ENCRYPT_ALLOW_DECRYPT",
  ],
  NotEncrypted: [
    "NotEncryptedError",
    "the object carries no envelope and has no instruction file; read it with a plain S3Client, or restore what a copy lost",
  ],
  ConflictingFormats: [
    "MetadataError",
    "the envelope mixes formats; it was changed, restore the object's metadata",
  ],
  MalformedMetadata: [
    "MetadataError",
    "the envelope is incomplete or malformed; restore the object's metadata",
  ],
  MalformedInstructionFile: ["MetadataError", "the instruction file is malformed; restore it"],
  UnknownAlgorithm: ["MetadataError", "the envelope names an algorithm that no S3 Encryption Client writes"],
  InstructionFileTampered: [
    "SecurityError",
    "the instruction file holds values that belong to the object; it was changed, do not trust it",
  ],
  CommitmentMismatch: [
    "SecurityError",
    "the data key is not the one that the object was encrypted with; the envelope or instruction file was changed or belongs to another object",
  ],
  ContentTampered: [
    "SecurityError",
    "the content failed authentication: it was changed, cut or belongs to another key; discard what was read",
  ],
  ContextMismatch: [
    "EncryptionContextError",
    "the encryption context differs from the one that the object was written with; pass exactly that one",
  ],
  ReservedContextKey: [
    "EncryptionContextError",
    "the encryption context may not hold aws:x-amz-cek-alg, which the client sets itself",
  ],
  ContextNotVerifiable: [
    "EncryptionContextError",
    "the object's or keyring's wrapping algorithm binds no encryption context; leave it out if you accept that",
  ],
  WrongKey: [
    "UnwrapError",
    "the data key cannot be unwrapped: wrong wrapping key, or the envelope was changed",
  ],
  WrongKeyType: [
    "UnwrapError",
    "the keyring cannot unwrap that algorithm; configure a keyring of the kind that wrote the object",
  ],
  TooLargeToBuffer: [
    "BufferLimitError",
    "the object is larger than may be held until it is authenticated; raise bufferSize, or set enableDelayedAuthentication and use nothing before the stream's end",
  ],
} as const;

/**
 * The finest name of what went wrong: a row of the catalogue.
 *
 * @example
 * ```ts
 * const retryable: readonly S3EncryptionErrorCode[] = ["TooLargeToBuffer"];
 * const worthRaisingTheLimit = (error: S3EncryptionError): boolean => retryable.includes(error.code);
 * console.log(worthRaisingTheLimit(new S3EncryptionError("TooLargeToBuffer")));
 * ```
 */
export type S3EncryptionErrorCode = keyof typeof CATALOGUE;
/**
 * The kind of error, as the specification of the S3 Encryption Clients groups them; also the error's `name`.
 *
 * @example
 * ```ts
 * const alarming: ReadonlySet<S3EncryptionErrorName> = new Set(["SecurityError", "MetadataError"]);
 * console.log(alarming.has(new S3EncryptionError("ContentTampered").name));
 * ```
 */
export type S3EncryptionErrorName = (typeof CATALOGUE)[S3EncryptionErrorCode][0];

/**
 * The only error class of this package.
 *
 * @example
 * ```ts
 * try {
 *   await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
 * } catch (error) {
 *   if (error instanceof S3EncryptionError && error.name === "SecurityError") console.error("tampered with", error.code);
 *   throw error;
 * }
 * ```
 */
export class S3EncryptionError extends Error {
  override readonly name: S3EncryptionErrorName;
  readonly code: S3EncryptionErrorCode;

  constructor(code: S3EncryptionErrorCode, detail?: string, cause?: unknown) {
    const [name, advice] = CATALOGUE[code];
    super(detail === undefined ? advice : `${advice} (${detail})`, cause === undefined ? {} : { cause });
    this.name = name;
    this.code = code;
  }
}

export function fail(code: S3EncryptionErrorCode, detail?: string, cause?: unknown): never {
  throw new S3EncryptionError(code, detail, cause);
}
