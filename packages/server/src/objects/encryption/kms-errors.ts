/**
 * The one place where a key service's refusals become S3's (spec s3-encryption E.7): `KMS.` codes for what the client can
 * mend, AccessDenied with the KMS sentence for a missing permission, 503 with Retry-After for trouble. What a stored
 * ciphertext cannot be blamed on the client for is damage.
 */
import { type ErrorCode, IntegrityError, ServiceError } from "../../base/errors.ts";
import type { Soon } from "../../base/soon.ts";

const RETRY_AFTER = { "Retry-After": "1" };

/** Runs a call of the key service. `keyId`: as the client or the bucket's rule has it, for the message. */
export function viaKms<T>(keyId: string | undefined, call: () => Soon<T>): Soon<T> {
  const refused = (error: unknown): never => {
    throw toS3Error(error, keyId);
  };
  try {
    const answer = call();
    return answer instanceof Promise ? answer.catch(refused) : answer;
  } catch (error) {
    return refused(error);
  }
}

type Translation = (error: ServiceError, keyId: string | undefined) => Error;

const as =
  (code: ErrorCode): Translation =>
  (error) =>
    new ServiceError(code, { message: error.message, cause: error });

const busy: Translation = (error) =>
  new ServiceError("SlowDown", {
    message: "Please reduce your request rate for operations involving AWS KMS.",
    headers: RETRY_AFTER,
    cause: error,
  });
const unavailable: Translation = (error) =>
  new ServiceError("ServiceUnavailable", { headers: RETRY_AFTER, cause: error });
const damage: Translation = (error) =>
  new IntegrityError("a stored data key does not open under its KMS key", error);
/** A malformed id, the empty one included: no such key, and S3 has one text for it. */
const invalidKeyId: Translation = (error, keyId) =>
  new ServiceError("KMS.NotFoundException", { message: `Invalid keyId '${keyId ?? ""}'`, cause: error });

const TRANSLATIONS: ReadonlyMap<ErrorCode, Translation> = new Map([
  ["NotFoundException", as("KMS.NotFoundException")],
  ["InvalidArnException", as("KMS.NotFoundException")],
  ["ValidationException", invalidKeyId],
  ["DisabledException", as("KMS.DisabledException")],
  ["KMSInvalidStateException", as("KMS.KMSInvalidStateException")],
  ["InvalidKeyUsageException", as("KMS.InvalidKeyUsageException")],
  ["AccessDeniedException", as("AccessDenied")],
  ["ThrottlingException", busy],
  ["LimitExceededException", busy],
  ["KeyUnavailableException", unavailable],
  ["DependencyTimeoutException", unavailable],
  ["KMSInternalException", unavailable],
  ["InvalidCiphertextException", damage],
  ["IncorrectKeyException", damage],
]);

export function toS3Error(error: unknown, keyId: string | undefined): unknown {
  if (!(error instanceof ServiceError)) return error;
  return TRANSLATIONS.get(error.code)?.(error, keyId) ?? error;
}
