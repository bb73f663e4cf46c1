/**
 * The refusals of spec s3-encryption A.3, C.3, C.4 and E.6, one function a row. The texts are wire constants that clients
 * match on; ArgumentName is `x-amz-server-side-encryption` throughout, also where another header is at fault: so does AWS.
 */
import { fail, failArgument } from "../../base/errors.ts";

const SSE = "x-amz-server-side-encryption";

/** A.3: an encryption header on an operation that has none. */
export function headerNotSupported(header: string, value: string): never {
  failArgument(`${header} header is not supported for this operation.`, header, value);
}

/** A.3: unknown or empty algorithm. */
export function unknownAlgorithm(value: string): never {
  failArgument("The encryption method specified is not supported", SSE, value);
}

/** A.3: key id or context without `aws:kms`. */
export function kmsHeaderNeedsMode(): never {
  failArgument(
    "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
    SSE,
  );
}

export function badBucketKeyFlag(value: string): never {
  failArgument(
    "The value specified for x-amz-server-side-encryption-bucket-key-enabled must be true or false.",
    "x-amz-server-side-encryption-bucket-key-enabled",
    value,
  );
}

/** E.4 */
export function badContext(): never {
  failArgument(
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
    "x-amz-server-side-encryption-context",
  );
}

/** Kms 14: pairs that policy conditions could take for the store's own. */
export function reservedContext(key: string): never {
  failArgument(
    `The encryption context key '${key}' is reserved: keys beginning with aws: are the service's, and aws:s3:arn must be the resource's ARN.`,
    "x-amz-server-side-encryption-context",
  );
}

// ---------------------------------------------------------------- C.3, by row

/** Row 1. */
export function ssecWithMode(sse: string): never {
  failArgument(
    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
    SSE,
    sse,
  );
}

function ssec(what: string): never {
  failArgument(
    `Requests specifying Server Side Encryption with Customer provided keys must ${what}.`,
    SSE,
    "null",
  );
}

/** Rows 2 and 5. */
export function ssecWithoutAlgorithm(): never {
  ssec("provide a valid encryption algorithm");
}
/** Row 3. */
export function ssecBadAlgorithm(algorithm: string): never {
  fail("InvalidEncryptionAlgorithmError", { elements: { ArgumentName: SSE, ArgumentValue: algorithm } });
}
/** Row 4. */
export function ssecWithoutKey(): never {
  ssec("provide an appropriate secret key");
}
/** Row 6. */
export function ssecWithoutMd5(): never {
  ssec("provide the client calculated MD5 of the secret key");
}
/** Row 7. */
export function ssecBadMd5(): never {
  failArgument("The calculated MD5 hash of the key did not match the hash that was provided.", SSE, "null");
}
/** Rows 8 and 10. */
export function ssecBadKey(): never {
  failArgument("The secret key was invalid for the specified algorithm.", SSE, "null");
}

/** C.9. `action` as in a capture: s3:PutObject, for a copy s3:CopyObject. */
export function ssecBlocked(principalArn: string, action: string, resource: string): never {
  fail(
    "AccessDenied",
    `User: ${principalArn} is not authorized to perform: ${action} on resource: "${resource}" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type`,
  );
}

// ---------------------------------------------------------------- C.4

export function ssecMissing(): never {
  fail(
    "InvalidRequest",
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
  );
}
export function ssecWrongKey(): never {
  fail(
    "AccessDenied",
    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
  );
}
export function ssecNotApplicable(): never {
  fail("InvalidRequest", "The encryption parameters are not applicable to this object.");
}

// ---------------------------------------------------------------- C.6

/** The same text in both directions: key missing on a part, or sent for an upload without one. */
export function uploadNeedsParameters(): never {
  fail(
    "InvalidRequest",
    "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
  );
}
export function uploadOtherKey(): never {
  fail("InvalidRequest", "The provided encryption parameters did not match the ones used originally.");
}

// ---------------------------------------------------------------- transport (C.1, E.6)

export function ssecNeedsTls(): never {
  fail(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
  );
}
export function kmsNeedsTls(): never {
  fail(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys must be made over a secure connection.",
  );
}
export function kmsNeedsSigV4(): never {
  failArgument(
    "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
    "Authorization",
    "null",
  );
}
