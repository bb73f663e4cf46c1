/** What the suites say about answers. Every failure shows the answer that came. */
import assert from "node:assert/strict";
import type { Answer, Headers } from "./call.ts";

const shown = ({ status, code, message, text }: Answer): string =>
  `${status} ${code ?? ""} ${message ?? ""}\n${text.slice(0, 2000)}`;

export function ok<A extends Answer>(answer: A, status = 200): A {
  assert.equal(answer.status, status, shown(answer));
  assert.equal(answer.code, undefined, shown(answer));
  return answer;
}

/** `details`: `message` (a piece of it), and elements of the error document by name. */
export function refused(
  answer: Answer,
  status: number,
  code?: string,
  details: Readonly<Record<string, string>> = {},
): void {
  assert.equal(answer.status, status, shown(answer));
  if (code !== undefined) assert.equal(answer.code, code, shown(answer));
  for (const [name, value] of Object.entries(details)) {
    if (name === "message") assert.ok(answer.message?.includes(value), `"${value}" in ${shown(answer)}`);
    else assert.equal(answer.element(name), value, `${name} in ${shown(answer)}`);
  }
  assert.deepEqual(encryptionOf(answer), {}, "errors carry no encryption headers");
}

/** A HEAD refused: a status and nothing else. */
export function bare(answer: Answer, status: number): void {
  assert.equal(answer.status, status, shown(answer));
  assert.equal(answer.body.length, 0);
}

const SSE = "x-amz-server-side-encryption";
export function encryptionOf({ headers }: Answer): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(SSE));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(SSE.length), value]));
}

/** Exactly these encryption headers (`S3`, `kms(arn)` and so on). */
export function shows(answer: Answer, expected: Headers): void {
  ok(answer, answer.status);
  assert.deepEqual(encryptionOf(answer), expected, shown(answer));
}

/** By the name behind the common prefix; the mode itself stands under "". */
export const S3: Headers = { "": "AES256" };
export const kms = (arn: string, bucketKey = false): Headers => ({
  "": "aws:kms",
  "-aws-kms-key-id": arn,
  ...(bucketKey ? { "-bucket-key-enabled": "true" } : {}),
});
export const dsse = (arn: string): Headers => ({ "": "aws:kms:dsse", "-aws-kms-key-id": arn });
export const ssec = (keyMd5: string): Headers => ({
  "-customer-algorithm": "AES256",
  "-customer-key-md5": keyMd5,
});
