/** Failures on the wire (spec kms 1.3, 1.4): one JSON form for every kind, and nothing inside it that is not meant for clients. */
import { CATALOGUE, type ErrorCode, ServiceError } from "../../base/errors.ts";

export interface WireError {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Codes of the catalogue that JSON services answer with; any other that surfaces here is a fault of ours. */
const isKmsCode = (code: ErrorCode): boolean => code.endsWith("Exception");

/** Unknown errors, integrity errors and S3 codes become KMSInternalException without detail. */
export function wireError(error: unknown): WireError {
  const known = error instanceof ServiceError && isKmsCode(error.code) ? error : undefined;
  const type = known?.code ?? "KMSInternalException";
  const message = known?.message ?? CATALOGUE.KMSInternalException.message;
  return { status: known?.status ?? 500, type, body: errorBody(type, message) };
}

/** AccessDeniedException alone has a capital Message; an error without a text has no such member. */
function errorBody(type: string, message: string): string {
  if (type === "UnknownOperationException" || message === "") return JSON.stringify({ __type: type });
  const member = type === "AccessDeniedException" ? "Message" : "message";
  return JSON.stringify({ __type: type, [member]: message });
}
