/**
 * The one resolver for reads: whether a request may open a version, before anything else about the version is said
 * (spec C.4, C.5; access 7). GET, HEAD, attributes, copy sources, part copies and jobs all come through here. Order
 * inside: refused headers, then transport, then the customer's key. Only then come conditions and the key service.
 */
import type { SecretKey } from "@strongroom/crypto";
import type { Caller } from "../../base/caller.ts";
import type { RefusedHeaders } from "../api.ts";
import type { EncryptionMode } from "../rows/version-record.ts";
import {
  headerNotSupported,
  ssecBadAlgorithm,
  ssecBadMd5,
  ssecMissing,
  ssecNeedsTls,
  ssecNotApplicable,
  ssecWithoutAlgorithm,
  ssecWithoutKey,
  ssecWrongKey,
} from "./refusals.ts";
import { requireKmsTransport } from "./resolve-write.ts";
import type { SsecRequest } from "./ssec-request.ts";

const NAMES: readonly (readonly [keyof RefusedHeaders, string])[] = [
  ["sse", "x-amz-server-side-encryption"],
  ["keyId", "x-amz-server-side-encryption-aws-kms-key-id"],
  ["context", "x-amz-server-side-encryption-context"],
  ["bucketKey", "x-amz-server-side-encryption-bucket-key-enabled"],
];

/** A.3: 400 on every read, even where the value is the object's own. Also for parts and completions of uploads. */
export function refuseEncryptionHeaders(headers: RefusedHeaders | undefined): void {
  if (headers === undefined) return;
  for (const [field, name] of NAMES) {
    const value = headers[field];
    if (value !== undefined) headerNotSupported(name, value);
  }
}

/**
 * What C.4 asks of the customer's key before it is tried on the version: returns the key of an SSE-C version, undefined
 * for every other mode. A key that cannot be right (wrong length) is the wrong key: 403, not 400.
 */
export function checkSsecRead(
  caller: Caller,
  mode: EncryptionMode,
  ssec: SsecRequest,
): { readonly key: SecretKey<"customer">; readonly keyMd5: string } | undefined {
  if (ssec.absent) {
    if (mode === "SSE-C") ssecMissing();
    return undefined;
  }
  if (!caller.keysMayPass) ssecNeedsTls();
  if (mode !== "SSE-C") ssecNotApplicable();
  if (ssec.algorithm === undefined) ssecWithoutAlgorithm();
  if (ssec.algorithm !== "AES256") ssecBadAlgorithm(ssec.algorithm);
  if (!ssec.keySent) ssecWithoutKey();
  if (ssec.keyMd5Sent !== undefined && ssec.keyMd5Sent !== ssec.keyMd5) ssecBadMd5();
  if (ssec.key === undefined || ssec.keyMd5 === undefined) ssecWrongKey();
  return { key: ssec.key, keyMd5: ssec.keyMd5 };
}

/** E.6: data or checksums of a KMS-mode version need TLS (or what the operator allows) and SigV4; a bare HEAD does not. */
export function checkReadTransport(caller: Caller, mode: EncryptionMode, needsKey: boolean): void {
  if (needsKey && (mode === "SSE-KMS" || mode === "DSSE-KMS")) requireKmsTransport(caller);
}
