/**
 * Encryption headers of a request, as they came; the objects layer's resolvers judge them. Here only what no resolver
 * sees: headers in places where S3 has none (spec A.3).
 */
import { fail } from "../../../base/errors.ts";
import type { EncryptionHeaders, RefusedHeaders } from "../../../objects/api.ts";
import { NO_SSEC, parseSsecHeaders, type SsecRequest } from "../../../objects/encryption/ssec-request.ts";
import type { S3Request } from "../request.ts";

const SSE = "x-amz-server-side-encryption";
const KEY_ID = `${SSE}-aws-kms-key-id`;
const CONTEXT = `${SSE}-context`;
const BUCKET_KEY = `${SSE}-bucket-key-enabled`;
const MODE_HEADERS = [SSE, KEY_ID, CONTEXT, BUCKET_KEY] as const;

/** The three headers of a customer's key. */
const tripleOf = (prefix: string) => ({
  algorithm: `${prefix}-algorithm`,
  key: `${prefix}-key`,
  md5: `${prefix}-key-md5`,
});
const CUSTOMER = tripleOf(`${SSE}-customer`);
const SOURCE = tripleOf("x-amz-copy-source-server-side-encryption-customer");

function readTriple(req: S3Request, names: ReturnType<typeof tripleOf>): SsecRequest {
  const algorithm = req.header(names.algorithm);
  const key = req.header(names.key);
  const md5 = req.header(names.md5);
  if (algorithm === undefined && key === undefined && md5 === undefined) return NO_SSEC;
  const ssec = parseSsecHeaders(algorithm, key, md5);
  req.keep(ssec.key);
  return ssec;
}

export const ssecOf = (req: S3Request): SsecRequest => readTriple(req, CUSTOMER);
export const sourceSsecOf = (req: S3Request): SsecRequest => readTriple(req, SOURCE);

export function encryptionOf(req: S3Request): EncryptionHeaders {
  return { ...modeHeadersOf(req), ssec: ssecOf(req) };
}

function modeHeadersOf(req: S3Request): RefusedHeaders {
  const sse = req.header(SSE);
  const keyId = req.header(KEY_ID);
  const context = req.header(CONTEXT);
  const bucketKey = req.header(BUCKET_KEY);
  return {
    ...(sse === undefined ? {} : { sse }),
    ...(keyId === undefined ? {} : { keyId }),
    ...(context === undefined ? {} : { context }),
    ...(bucketKey === undefined ? {} : { bucketKey }),
  };
}

/** What a read carried and takes not: refused by the objects layer, once the object is known to be there (spec C.4). */
export function refusedOf(req: S3Request): RefusedHeaders | undefined {
  for (const name of MODE_HEADERS) if (req.headers.has(name)) return modeHeadersOf(req);
  return undefined;
}

/** Parts, their listing and completions take no encryption but the customer's key: 400 even if the value is the upload's. */
export function refuseEncryptionHeaders(req: S3Request): void {
  for (const name of MODE_HEADERS) {
    const value = req.header(name);
    if (value === undefined) continue;
    fail("InvalidArgument", {
      message: `${name} header is not supported for this operation.`,
      elements: { ArgumentName: name, ArgumentValue: value },
    });
  }
}
