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
const CUSTOMER_ALGORITHM = `${SSE}-customer-algorithm`;
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
  CUSTOMER_ALGORITHM,
  "x-amz-version-id",
  "x-amz-delete-marker",
  "x-amz-copy-source-version-id",
]);

/** `readOnly`: then responseElements is null. */
export function readAnswer(
  { headers, body }: Answer,
  exchange: Exchange | undefined,
  readOnly: boolean,
): AnswerFacts {
  let shown = "";
  let applied: string | undefined;
  let length = 0;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    if (name === "Content-Length") length = Number(value);
    else if (name === SSE) applied = MODES.get(value);
    else if (name === CUSTOMER_ALGORITHM) applied = "SSE_C";
    if (!readOnly && SHOWN.has(name)) shown += `${shown === "" ? "" : ","}"${name}":${JSON.stringify(value)}`;
  }
  if (typeof body === "string") length = Buffer.byteLength(body);
  else if (body instanceof Uint8Array) length = body.length;
  return {
    response: shown === "" ? "null" : `{${shown}}`,
    applied,
    bytesOut: exchange?.isHead === true ? 0 : length,
  };
}
