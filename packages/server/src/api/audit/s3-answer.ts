/** What an S3 answer tells the record: which encryption was applied, ids, and how many bytes leave. */
import type { Answer } from "../common/answer.ts";
import type { Exchange } from "../common/exchange.ts";

export interface AnswerFacts {
  /** JSON text of responseElements. */
  readonly response: string;
  readonly applied: string | undefined;
  readonly bytesOut: number;
}
export const NO_FACTS: AnswerFacts = { response: "null", applied: undefined, bytesOut: 0 };

const SSE = "x-amz-server-side-encryption";
const MODES: ReadonlyMap<string, string> = new Map([
  ["AES256", "SSE_S3"],
  ["aws:kms", "SSE_KMS"],
  ["aws:kms:dsse", "DSSE_KMS"],
]);
/** The only headers that are taken over; names as the operations write them. */
const SHOWN = new Set([
  SSE,
  `${SSE}-aws-kms-key-id`,
  `${SSE}-bucket-key-enabled`,
  `${SSE}-customer-algorithm`,
  "x-amz-version-id",
  "x-amz-delete-marker",
  "x-amz-copy-source-version-id",
]);

export function readAnswer({ headers, body }: Answer, exchange: Exchange | undefined): AnswerFacts {
  let shown = "";
  let applied: string | undefined;
  let length = 0;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    if (name === "Content-Length") length = Number(value);
    else if (SHOWN.has(name)) {
      shown += `${shown === "" ? "" : ","}"${name}":${JSON.stringify(value)}`;
      if (name === SSE) applied = MODES.get(value);
      else if (name === `${SSE}-customer-algorithm`) applied = "SSE_C";
    }
  }
  if (typeof body === "string") length = Buffer.byteLength(body);
  else if (body instanceof Uint8Array) length = body.length;
  return {
    response: shown === "" ? "null" : `{${shown}}`,
    applied,
    bytesOut: exchange?.isHead === true ? 0 : length,
  };
}
