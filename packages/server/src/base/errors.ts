/**
 * The one catalogue of errors that clients see. A row per wire code; `fail` throws the only class that leaves a layer
 * on purpose. Everything else that escapes is either an {@link IntegrityError} or a bug, and is answered alike: 500, a
 * request id, no detail.
 */

interface Entry {
  readonly status: number;
  readonly message: string;
}

/** S3 codes. Texts are wire constants (spec s3-encryption, access) where a client may match on them. */
const S3 = {
  AccessDenied: { status: 403, message: "Access Denied" },
  BadRequest: { status: 400, message: "Bad Request" },
  AccessForbidden: { status: 403, message: "CORSResponse: CORS is not enabled for this bucket." },
  AccessControlListNotSupported: { status: 400, message: "The bucket does not allow ACLs" },
  AuthorizationHeaderMalformed: { status: 400, message: "The authorization header is malformed." },
  AuthorizationQueryParametersError: {
    status: 400,
    message:
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
  },
  BadDigest: { status: 400, message: "The Content-MD5 you specified did not match what we received." },
  BucketAlreadyExists: {
    status: 409,
    message:
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
  },
  BucketAlreadyOwnedByYou: {
    status: 409,
    message: "Your previous request to create the named bucket succeeded and you already own it.",
  },
  BucketNotEmpty: { status: 409, message: "The bucket you tried to delete is not empty" },
  ConditionalRequestConflict: {
    status: 409,
    message: "The conditional request cannot succeed due to a conflicting operation against this resource.",
  },
  EntityTooLarge: { status: 400, message: "Your proposed upload exceeds the maximum allowed size" },
  EntityTooSmall: { status: 400, message: "Your proposed upload is smaller than the minimum allowed size" },
  ExpiredToken: { status: 400, message: "The provided token has expired." },
  IllegalLocationConstraintException: {
    status: 400,
    message: "The specified location-constraint is not valid for the region this request was sent to.",
  },
  IllegalVersioningConfigurationException: {
    status: 400,
    message: "The Versioning element must be specified",
  },
  IncompleteBody: {
    status: 400,
    message: "You did not provide the number of bytes specified by the Content-Length HTTP header",
  },
  InsufficientStorage: {
    status: 507,
    message:
      "The store is running out of disk space and refuses writes. Reads and deletes go on; free some space.",
  },
  InternalError: { status: 500, message: "We encountered an internal error. Please try again." },
  InvalidAccessKeyId: {
    status: 403,
    message: "The AWS Access Key Id you provided does not exist in our records.",
  },
  InvalidArgument: { status: 400, message: "Invalid Argument" },
  InvalidBucketName: { status: 400, message: "The specified bucket is not valid." },
  InvalidBucketOwnerAWSAccountID: {
    status: 400,
    message: "The value of the expected bucket owner parameter must be an AWS Account ID",
  },
  InvalidChunkSizeError: {
    status: 400,
    message: "Only the last chunk is allowed to have a size less than 8192 bytes",
  },
  InvalidDigest: { status: 400, message: "The Content-MD5 you specified is not valid." },
  InvalidEncryptionAlgorithmError: {
    status: 400,
    message: "The Encryption request you specified is not valid. Supported value: AES256.",
  },
  InvalidLocationConstraint: { status: 400, message: "The specified location-constraint is not valid" },
  InvalidPart: {
    status: 400,
    message:
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  },
  InvalidPartNumber: { status: 416, message: "The requested partnumber is not satisfiable" },
  InvalidPartOrder: {
    status: 400,
    message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
  },
  InvalidPolicyDocument: { status: 400, message: "Invalid Policy: Invalid JSON." },
  InvalidRange: { status: 416, message: "The requested range is not satisfiable" },
  InvalidRedirectLocation: {
    status: 400,
    message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
  },
  InvalidRequest: { status: 400, message: "Invalid Request" },
  InvalidStorageClass: { status: 400, message: "The storage class you specified is not valid" },
  InvalidTag: { status: 400, message: "The tag provided was not a valid tag." },
  InvalidToken: { status: 400, message: "The provided token is malformed or otherwise invalid." },
  InvalidURI: { status: 400, message: "Couldn't parse the specified URI." },
  KeyTooLongError: { status: 400, message: "Your key is too long" },
  MalformedPOSTRequest: {
    status: 400,
    message: "The body of your POST request is not well-formed multipart/form-data.",
  },
  MalformedPolicy: {
    status: 400,
    message: "Policies must be valid JSON and the first byte must be '{'",
  },
  MalformedTrailerError: {
    status: 400,
    message:
      "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  },
  MalformedXML: {
    status: 400,
    message: "The XML you provided was not well-formed or did not validate against our published schema",
  },
  MaxPostPreDataLengthExceeded: {
    status: 400,
    message: "Your POST request fields preceding the upload file were too large.",
  },
  MaxMessageLengthExceeded: { status: 400, message: "Your request was too big." },
  MetadataTooLarge: {
    status: 400,
    message: "Your metadata headers exceed the maximum allowed metadata size",
  },
  MethodNotAllowed: { status: 405, message: "The specified method is not allowed against this resource." },
  MissingContentLength: { status: 411, message: "You must provide the Content-Length HTTP header." },
  MissingRequestBodyError: { status: 400, message: "Request Body is empty" },
  NoSuchBucket: { status: 404, message: "The specified bucket does not exist" },
  NoSuchBucketPolicy: { status: 404, message: "The bucket policy does not exist" },
  NoSuchCORSConfiguration: { status: 404, message: "The CORS configuration does not exist" },
  NoSuchKey: { status: 404, message: "The specified key does not exist." },
  NoSuchLifecycleConfiguration: { status: 404, message: "The lifecycle configuration does not exist" },
  NoSuchTagSet: { status: 404, message: "The TagSet does not exist" },
  NoSuchUpload: {
    status: 404,
    message:
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  },
  NoSuchVersion: { status: 404, message: "The specified version does not exist." },
  NoSuchWebsiteConfiguration: {
    status: 404,
    message: "The specified bucket does not have a website configuration",
  },
  NoSuchPublicAccessBlockConfiguration: {
    status: 404,
    message: "The public access block configuration was not found",
  },
  NotImplemented: {
    status: 501,
    message: "A header or operation you provided implies functionality that is not implemented",
  },
  ObjectLockConfigurationNotFoundError: {
    status: 404,
    message: "Object Lock configuration does not exist for this bucket",
  },
  OperationAborted: {
    status: 409,
    message:
      "A conflicting conditional operation is currently in progress against this resource. Please try again.",
  },
  OwnershipControlsNotFoundError: { status: 404, message: "The bucket ownership controls were not found" },
  PreconditionFailed: {
    status: 412,
    message: "At least one of the pre-conditions you specified did not hold",
  },
  ReplicationConfigurationNotFoundError: {
    status: 404,
    message: "The replication configuration was not found",
  },
  RequestHeaderSectionTooLarge: {
    status: 400,
    message: "Your request header section exceeds the maximum allowed size.",
  },
  RequestTimeTooSkewed: {
    status: 403,
    message: "The difference between the request time and the current time is too large.",
  },
  RequestTimeout: {
    status: 400,
    message:
      "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
  },
  ServiceUnavailable: { status: 503, message: "Service is unable to handle request." },
  SignatureDoesNotMatch: {
    status: 403,
    message:
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  },
  SlowDown: { status: 503, message: "Please reduce your request rate." },
  TooManyBuckets: { status: 400, message: "You have attempted to create more buckets than allowed" },
  UserKeyMustBeSpecified: {
    status: 400,
    message:
      "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.",
  },
  XAmzContentSHA256Mismatch: {
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  "KMS.NotFoundException": { status: 400, message: "Key does not exist" },
  "KMS.DisabledException": { status: 400, message: "Key is disabled." },
  "KMS.KMSInvalidStateException": { status: 400, message: "Key is in an invalid state." },
  "KMS.InvalidKeyUsageException": { status: 400, message: "Key usage is not valid for GenerateDataKey." },
} as const satisfies Record<string, Entry>;

/** KMS codes (spec kms 1.4). Every client error is HTTP 400. */
const KMS = {
  ValidationException: { status: 400, message: "1 validation error detected" },
  NotFoundException: { status: 400, message: "Key does not exist" },
  InvalidArnException: { status: 400, message: "Invalid ARN" },
  DisabledException: { status: 400, message: "Key is disabled." },
  KMSInvalidStateException: { status: 400, message: "Key is in an invalid state." },
  InvalidKeyUsageException: { status: 400, message: "Key usage is not valid for this operation." },
  InvalidCiphertextException: { status: 400, message: "" },
  IncorrectKeyException: {
    status: 400,
    message: "The key ID in the request does not identify a CMK that can perform this operation.",
  },
  UnsupportedOperationException: { status: 400, message: "" },
  AlreadyExistsException: { status: 400, message: "An alias with the name already exists" },
  InvalidAliasNameException: { status: 400, message: "Invalid alias name" },
  LimitExceededException: { status: 400, message: "A quota was exceeded" },
  MalformedPolicyDocumentException: { status: 400, message: "The policy document is malformed." },
  TagException: { status: 400, message: "Invalid tags" },
  KMSInvalidSignatureException: { status: 400, message: "" },
  KMSInvalidMacException: { status: 400, message: "" },
  ExpiredImportTokenException: { status: 400, message: "The import token has expired." },
  InvalidImportTokenException: { status: 400, message: "The import token is invalid." },
  IncorrectKeyMaterialException: { status: 400, message: "The key material is not the expected one." },
  ConflictException: {
    status: 400,
    message: "An automatic rotation is in progress or due within the next 20 minutes.",
  },
  InvalidMarkerException: { status: 400, message: "The marker is invalid." },
  InvalidGrantTokenException: { status: 400, message: "The grant token is invalid." },
  DryRunOperationException: {
    status: 400,
    message: "The request would have succeeded, but the DryRun option is set.",
  },
  AccessDeniedException: { status: 400, message: "Access denied" },
  NotAuthorizedException: { status: 400, message: "The alias namespace is reserved." },
  ThrottlingException: {
    status: 400,
    message: "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
  },
  KMSInternalException: { status: 500, message: "The request was rejected because of an internal error." },
  KeyUnavailableException: { status: 500, message: "The key material is temporarily unavailable." },
  DependencyTimeoutException: { status: 503, message: "A dependency timed out." },
  MissingAuthenticationTokenException: { status: 400, message: "Missing Authentication Token" },
  IncompleteSignatureException: { status: 400, message: "The authorization header is incomplete." },
  UnrecognizedClientException: {
    status: 400,
    message: "The security token included in the request is invalid.",
  },
  ExpiredTokenException: { status: 400, message: "The security token included in the request is expired" },
  InvalidSignatureException: {
    status: 400,
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  },
  UnknownOperationException: { status: 400, message: "" },
  SerializationException: { status: 400, message: "The request body could not be read." },
} as const satisfies Record<string, Entry>;

/** Codes of the Query services (IAM, STS) that S3 does not share (spec access 3.2). */
const QUERY = {
  IncompleteSignature: { status: 400, message: "The authorization header is incomplete." },
  InvalidClientTokenId: {
    status: 403,
    message: "The security token included in the request is invalid.",
  },
  MissingAuthenticationToken: { status: 403, message: "Request is missing Authentication Token" },
  MissingAction: { status: 400, message: "Missing Action" },
  InvalidAction: { status: 400, message: "The action is not valid for this web service." },
  ValidationError: { status: 400, message: "1 validation error detected" },
  InvalidParameterValue: { status: 400, message: "A parameter has an invalid value." },
  InvalidInput: { status: 400, message: "The input is not valid." },
  MalformedInput: { status: 400, message: "The request body could not be read." },
  NoSuchEntity: { status: 404, message: "The entity cannot be found." },
  EntityAlreadyExists: { status: 409, message: "The entity already exists." },
  DeleteConflict: {
    status: 409,
    message: "Cannot delete entity, must remove referenced objects first.",
  },
  LimitExceeded: { status: 409, message: "A quota was exceeded." },
  MalformedPolicyDocument: { status: 400, message: "The policy document is malformed." },
  PackedPolicyTooLarge: {
    status: 400,
    message: "Packed policy and tags consume more than the allotted space.",
  },
  UnmodifiableEntity: { status: 400, message: "The entity cannot be modified." },
  PolicyNotAttachable: { status: 400, message: "The policy cannot be attached." },
  ConcurrentModification: { status: 409, message: "The entity was changed at the same time. Try again." },
  InvalidIdentityToken: { status: 400, message: "The web identity token is not valid." },
  IDPRejectedClaim: { status: 403, message: "The identity provider's claim was rejected." },
  IDPCommunicationError: { status: 400, message: "The identity provider could not be reached." },
  Throttling: { status: 400, message: "Rate exceeded" },
  ServiceFailure: { status: 500, message: "The request failed because of an internal error." },
} as const satisfies Record<string, Entry>;

export const CATALOGUE = { ...S3, ...KMS, ...QUERY } as const;

export type ErrorCode = keyof typeof CATALOGUE;
export type S3ErrorCode = keyof typeof S3;

/** Extra elements of an S3 error document (`ArgumentName`, `BucketName` …), and what goes with the answer. */
export interface ErrorDetails {
  readonly message?: string;
  /** Where the same code has another status in another protocol; else the catalogue's. */
  readonly status?: number;
  /** Extra XML elements in this order. Never secrets. */
  readonly elements?: Readonly<Record<string, string>>;
  /** Extra response headers, for example `Retry-After` or `x-amz-delete-marker`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The client's fault, or a documented state. The only class whose text a client sees. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly elements: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(
      details.message ?? CATALOGUE[code].message,
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.name = "ServiceError";
    this.code = code;
    this.status = details.status ?? CATALOGUE[code].status;
    this.elements = details.elements ?? {};
    this.headers = details.headers ?? {};
  }
}

/**
 * Stored bytes are not what was written: a tag, a commitment, a checksum, a record that is missing. Logged in full,
 * answered as InternalError without detail, so that it is no oracle.
 */
export class IntegrityError extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? {} : { cause });
    this.name = "IntegrityError";
  }
}

/** Throws a {@link ServiceError} of the catalogue. */
export function fail(code: ErrorCode, details?: ErrorDetails | string): never {
  throw new ServiceError(code, typeof details === "string" ? { message: details } : details);
}

/** A header whose effect the store, or S3, does not have; `additionalMessage` where S3 says why. */
export function failHeader(name: string, additionalMessage?: string): never {
  fail("NotImplemented", {
    message: "A header you provided implies functionality that is not implemented",
    elements: { Header: name, ...(additionalMessage === undefined ? {} : { additionalMessage }) },
  });
}

/** 400 InvalidArgument with the two elements that SDKs and suites look at. */
export function failArgument(message: string, argumentName: string, argumentValue?: string): never {
  throw new ServiceError("InvalidArgument", {
    message,
    elements: {
      ArgumentName: argumentName,
      ...(argumentValue === undefined ? {} : { ArgumentValue: argumentValue }),
    },
  });
}

/** An internal invariant. A failure is a bug: 500 to the client, the text to the log. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`INVARIANT: ${what}`);
}
