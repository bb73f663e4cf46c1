/**
 * Reasons become wire errors: S3 (spec access 1.8), JSON services (spec kms 1.4), Query services (spec access 3.2).
 */
import { ServiceError } from "../base/errors.ts";
import type { AuthFailure, AuthReason } from "./auth-failure.ts";
import { formatIso, formatTimestamp } from "./timestamp.ts";

export type ErrorStyle = "s3" | "json" | "query";

/** The style of a service by its signing name. A failure before any service was named is S3's. */
export function errorStyle(service: string | undefined): ErrorStyle {
  if (service === "kms") return "json";
  return service === "iam" || service === "sts" ? "query" : "s3";
}

export function authError(
  failure: AuthFailure,
  style: ErrorStyle = errorStyle(failure.service),
): ServiceError {
  if (style === "s3") return s3AuthError(failure);
  return style === "json" ? jsonAuthError(failure) : queryAuthError(failure);
}

const UNSUPPORTED =
  "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
const NO_DATE = "AWS authentication requires a valid Date or x-amz-date header";

export function s3AuthError(failure: AuthFailure): ServiceError {
  const reason = failure.reason;
  const error = (
    code: ConstructorParameters<typeof ServiceError>[0],
    message?: string,
    elements?: Readonly<Record<string, string>>,
  ): ServiceError =>
    new ServiceError(code, {
      ...(message === undefined ? {} : { message }),
      ...(elements === undefined ? {} : { elements }),
      cause: failure,
    });
  switch (reason.kind) {
    case "missing":
      return error("AccessDenied");
    case "several-mechanisms":
      return error(
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
        { ArgumentName: "Authorization" },
      );
    case "unsupported-mechanism":
      return error("InvalidRequest", UNSUPPORTED);
    case "unsupported-type":
      return error("InvalidArgument", "Unsupported Authorization Type", {
        ArgumentName: "Authorization",
        ArgumentValue: reason.value,
      });
    case "malformed":
      return malformed(failure, reason.place, reason.detail);
    case "wrong-scope":
      return reason.part === "region"
        ? malformed(
            failure,
            reason.place,
            `the region '${reason.given}' is wrong; expecting '${reason.expected}'`,
            reason.expected,
          )
        : malformed(
            failure,
            reason.place,
            `incorrect service "${reason.given}". This endpoint belongs to "${reason.expected}".`,
          );
    case "missing-parameters":
      return error("AuthorizationQueryParametersError");
    case "missing-date":
      return error("AccessDenied", NO_DATE);
    case "unknown-access-key":
      return error("InvalidAccessKeyId", undefined, { AWSAccessKeyId: reason.accessKeyId });
    case "invalid-token":
      return error("InvalidToken");
    case "expired-token":
      return error("ExpiredToken");
    case "skewed":
      return error("RequestTimeTooSkewed", undefined, {
        RequestTime: reason.timestamp,
        ServerTime: formatIso(reason.nowMs),
        MaxAllowedSkewMilliseconds: String(reason.skewMsMax),
      });
    case "expired":
      return error("AccessDenied", "Request has expired", {
        "X-Amz-Expires": String(reason.seconds),
        Expires: formatIso(reason.expiresAtMs),
        ServerTime: formatIso(reason.nowMs),
      });
    case "not-yet-valid":
      return error("AccessDenied", "Request is not valid yet", {
        RequestTime: formatIso(reason.timestampMs),
        ServerTime: formatIso(reason.nowMs),
      });
    case "unsigned-headers":
      return error("AccessDenied", "There were headers present in the request which were not signed", {
        HeadersNotSigned: reason.names.join(", "),
      });
    case "mismatch":
      return error("SignatureDoesNotMatch", undefined, mismatchElements(reason));
  }
}

function malformed(
  failure: AuthFailure,
  place: "header" | "query" | "form",
  detail: string,
  region?: string,
): ServiceError {
  const elements = region === undefined ? {} : { Region: region };
  switch (place) {
    case "header":
      return new ServiceError("AuthorizationHeaderMalformed", {
        message: `The authorization header is malformed; ${detail}`,
        elements,
        cause: failure,
      });
    case "query": {
      // Details about one parameter name it; details of the scope say where they were found.
      const message = detail.includes("X-Amz-")
        ? detail
        : `Error parsing the X-Amz-Credential parameter; ${detail}`;
      return new ServiceError("AuthorizationQueryParametersError", { message, elements, cause: failure });
    }
    case "form":
      return new ServiceError("InvalidArgument", {
        message: `The X-Amz-Credential field is malformed; ${detail}`,
        elements: { ArgumentName: "x-amz-credential", ...elements },
        cause: failure,
      });
  }
}

const bytesOf = (text: string): string =>
  Buffer.from(text, "latin1")
    .toString("hex")
    .replaceAll(/(..)(?!$)/g, "$1 ");

function mismatchElements(reason: AuthReason & { kind: "mismatch" }): Record<string, string> {
  const canonical = reason.canonicalRequest;
  return {
    AWSAccessKeyId: reason.accessKeyId,
    StringToSign: reason.stringToSign,
    SignatureProvided: reason.signature,
    StringToSignBytes: bytesOf(reason.stringToSign),
    ...(canonical === undefined
      ? {}
      : { CanonicalRequest: canonical, CanonicalRequestBytes: bytesOf(canonical) }),
  };
}

/** The reasons as the services other than S3 tell them apart, with their text where it is not the catalogue's. */
type Outline =
  | { readonly kind: "missing" | "unknown-client" | "expired-token"; readonly message?: string }
  | { readonly kind: "incomplete" | "mismatch"; readonly message?: string };

function outline(reason: AuthReason): Outline {
  switch (reason.kind) {
    case "missing":
      return { kind: "missing" };
    case "several-mechanisms":
      return { kind: "incomplete", message: "Only one auth mechanism allowed." };
    case "unsupported-mechanism":
    case "unsupported-type":
      return { kind: "incomplete", message: UNSUPPORTED };
    case "malformed":
      return { kind: "incomplete", message: `The credentials are malformed; ${reason.detail}` };
    case "missing-parameters":
      return { kind: "incomplete", message: "The query lacks authentication parameters." };
    case "missing-date":
      return { kind: "incomplete", message: NO_DATE };
    case "unknown-access-key":
    case "invalid-token":
      return { kind: "unknown-client" };
    case "expired-token":
      return { kind: "expired-token" };
    case "wrong-scope":
      return {
        kind: "mismatch",
        message: `Credential should be scoped to ${reason.part === "region" ? "a valid region" : "correct service"}: '${reason.expected}', not '${reason.given}'.`,
      };
    case "skewed":
      return { kind: "mismatch", message: skewMessage(reason) };
    case "expired":
      return {
        kind: "mismatch",
        message: `Signature expired: the URL was valid until ${formatTimestamp(reason.expiresAtMs)}`,
      };
    case "not-yet-valid":
      return {
        kind: "mismatch",
        message: `Signature not yet current: ${formatTimestamp(reason.timestampMs)} is still later than ${formatTimestamp(reason.nowMs)}`,
      };
    case "unsigned-headers":
      return { kind: "mismatch", message: `The headers ${reason.names.join(", ")} must be signed headers.` };
    case "mismatch":
      return { kind: "mismatch" };
  }
}

function skewMessage(reason: AuthReason & { kind: "skewed" }): string {
  const { timestamp, timestampMs, nowMs, skewMsMax } = reason;
  const late = timestampMs < nowMs;
  const edge = formatTimestamp(late ? nowMs - skewMsMax : nowMs + skewMsMax);
  const origin = `(${formatTimestamp(nowMs)} ${late ? "-" : "+"} ${skewMsMax / 60_000} min.)`;
  return late
    ? `Signature expired: ${timestamp} is now earlier than ${edge} ${origin}`
    : `Signature not yet current: ${timestamp} is still later than ${edge} ${origin}`;
}

const JSON_CODES = {
  missing: "MissingAuthenticationTokenException",
  "unknown-client": "UnrecognizedClientException",
  "expired-token": "ExpiredTokenException",
  incomplete: "IncompleteSignatureException",
  mismatch: "InvalidSignatureException",
} as const;

const QUERY_CODES = {
  missing: "MissingAuthenticationToken",
  "unknown-client": "InvalidClientTokenId",
  "expired-token": "ExpiredToken",
  incomplete: "IncompleteSignature",
  mismatch: "SignatureDoesNotMatch",
} as const;

export function jsonAuthError(failure: AuthFailure): ServiceError {
  const { kind, message } = outline(failure.reason);
  return new ServiceError(JSON_CODES[kind], {
    ...(message === undefined ? {} : { message }),
    cause: failure,
  });
}

const QUERY_TEXTS: Partial<Record<Outline["kind"], string>> = {
  "expired-token": "The security token included in the request is expired",
  mismatch:
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
};

export function queryAuthError(failure: AuthFailure): ServiceError {
  const { kind, message = QUERY_TEXTS[kind] } = outline(failure.reason);
  return new ServiceError(QUERY_CODES[kind], {
    ...(message === undefined ? {} : { message }),
    // S3 answers an expired token with 400, the Query services with 403, under one code.
    ...(kind === "expired-token" ? { status: 403 } : {}),
    cause: failure,
  });
}
