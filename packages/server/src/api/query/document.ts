/** Answers of the Query protocol in XML, and its errors. */
import { CATALOGUE, type ErrorCode, type ServiceError } from "../../base/errors.ts";
import type { Answer } from "../common/answer.ts";
import { tag, wrap } from "../common/xml-write.ts";

export interface Protocol {
  /** Signing name: `iam`, `sts`. */
  readonly name: string;
  readonly version: string;
  readonly namespace: string;
}

function xml(status: number, body: string, requestId: string): Answer {
  return { status, headers: ["Content-Type", "text/xml", "x-amzn-RequestId", requestId], body };
}

export function resultAnswer(
  { namespace }: Protocol,
  operation: string,
  result: string | undefined,
  requestId: string,
): Answer {
  const inner = result === undefined ? "" : wrap(`${operation}Result`, result);
  const metadata = wrap("ResponseMetadata", tag("RequestId", requestId));
  const body = `<${operation}Response xmlns="${namespace}">${inner}${metadata}</${operation}Response>`;
  return xml(200, body, requestId);
}

/** Codes of other protocols that mean something here under another name. */
const RENAMED: Partial<Record<ErrorCode, ErrorCode>> = { SlowDown: "Throttling" };
/** What a Query service may say. Anything else that surfaces is a fault of ours and is not shown. */
const SHOWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "AccessDenied",
  "ConcurrentModification",
  "DeleteConflict",
  "EntityAlreadyExists",
  "ExpiredToken",
  "ExpiredTokenException",
  "IDPCommunicationError",
  "IDPRejectedClaim",
  "IncompleteSignature",
  "InvalidAction",
  "InvalidClientTokenId",
  "InvalidIdentityToken",
  "InvalidInput",
  "InvalidParameterValue",
  "LimitExceeded",
  "MalformedInput",
  "MalformedPolicyDocument",
  "MissingAction",
  "MissingAuthenticationToken",
  "NoSuchEntity",
  "NotImplemented",
  "PackedPolicyTooLarge",
  "PolicyNotAttachable",
  "SignatureDoesNotMatch",
  "Throttling",
  "UnmodifiableEntity",
  "ValidationError",
]);

export function errorAnswer({ namespace }: Protocol, error: ServiceError, requestId: string): Answer {
  const renamed = RENAMED[error.code];
  const shown = renamed === undefined && SHOWN.has(error.code);
  const code = renamed ?? (shown ? error.code : "ServiceFailure");
  const status = shown ? error.status : CATALOGUE[code].status;
  const message = shown ? error.message : CATALOGUE[code].message;
  const inner =
    tag("Type", status >= 500 ? "Receiver" : "Sender") + tag("Code", code) + tag("Message", message);
  const body = `<ErrorResponse xmlns="${namespace}">${wrap("Error", inner)}${tag("RequestId", requestId)}</ErrorResponse>`;
  return xml(status, body, requestId);
}

/** `<Users><member>...</member></Users>` */
export const list = <T>(name: string, items: readonly T[], show: (item: T) => string): string =>
  wrap(name, items.map((item) => `<member>${show(item)}</member>`).join(""));

/** `2024-05-01T12:00:00Z`: whole seconds. */
export const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Policy documents in answers: RFC 3986, a space is `%20` (spec access 3.1). */
export const encodedDocument = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
