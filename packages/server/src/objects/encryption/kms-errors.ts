/**
 * The one place where a key service's refusals become S3's (spec s3-encryption E.7): `KMS.` codes for what the client can
 * mend, AccessDenied with the KMS sentence for a missing permission, 503 with Retry-After for trouble. What a stored
 * ciphertext cannot be blamed on the client for is damage.
 */
import { IntegrityError, ServiceError } from "../../base/errors.ts";

const RETRY_AFTER = { "Retry-After": "1" };

/** Runs a call of the key service. `keyId`: as the client or the bucket's rule has it, for the message. */
export async function viaKms<T>(keyId: string | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toS3Error(error, keyId);
  }
}

export function toS3Error(error: unknown, keyId: string | undefined): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { message, code } = error;
  switch (code) {
    case "NotFoundException":
    case "InvalidArnException":
      return new ServiceError("KMS.NotFoundException", { message, cause: error });
    // A malformed id, the empty one included: no such key, and S3 has one text for it.
    case "ValidationException":
      return new ServiceError("KMS.NotFoundException", {
        message: `Invalid keyId '${keyId ?? ""}'`,
        cause: error,
      });
    case "DisabledException":
      return new ServiceError("KMS.DisabledException", { message, cause: error });
    case "KMSInvalidStateException":
      return new ServiceError("KMS.KMSInvalidStateException", { message, cause: error });
    case "InvalidKeyUsageException":
      return new ServiceError("KMS.InvalidKeyUsageException", { message, cause: error });
    case "AccessDeniedException":
      return new ServiceError("AccessDenied", { message, cause: error });
    case "ThrottlingException":
    case "LimitExceededException":
      return new ServiceError("SlowDown", {
        message: "Please reduce your request rate for operations involving AWS KMS.",
        headers: RETRY_AFTER,
        cause: error,
      });
    case "KeyUnavailableException":
    case "DependencyTimeoutException":
    case "KMSInternalException":
      return new ServiceError("ServiceUnavailable", { headers: RETRY_AFTER, cause: error });
    case "InvalidCiphertextException":
    case "IncorrectKeyException":
      return new IntegrityError("a stored data key does not open under its KMS key", error);
    default:
      return error;
  }
}
