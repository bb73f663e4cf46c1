/** An error in S3's form (spec access 1.8). HEAD shows status and headers only; the writer drops the body there. */
import { ServiceError } from "../../base/errors.ts";
import { xmlAnswer, type Answer } from "../common/answer.ts";
import type { Exchange } from "../common/exchange.ts";
import { tag, XML_HEAD } from "../common/xml-write.ts";

export function errorXml(exchange: Exchange, error: ServiceError): string {
  let inner = tag("Code", error.code) + tag("Message", error.message);
  // Below this layer nobody knows methods.
  if (error.code === "MethodNotAllowed") inner += tag("Method", exchange.raw.method);
  for (const [name, value] of Object.entries(error.elements)) inner += tag(name, value);
  inner += tag("RequestId", exchange.requestId) + tag("HostId", exchange.hostId);
  return `<Error>${inner}</Error>`;
}

export function errorAnswer(exchange: Exchange, error: ServiceError): Answer {
  const headers = Object.entries(error.headers).flat();
  // 304 is an answer without a body wherever it comes from.
  if (error.status === 304) return { status: 304, headers };
  return xmlAnswer(error.status, XML_HEAD + errorXml(exchange, error), headers);
}

/** One entry of a document that reports several failures (DeleteObjects). */
export function asServiceError(error: unknown): ServiceError | undefined {
  return error instanceof ServiceError ? error : undefined;
}
