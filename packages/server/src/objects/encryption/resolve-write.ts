/**
 * The one resolver for writes: which encryption a new version gets, from the request's headers and the bucket's default.
 * PUT, POST, copy targets, CreateMultipartUpload and re-wraps all come through here (pitfalls 9 and 14). Order: spec B.6
 * steps 4 (syntax and combinations), 5 (SSE-C block), 6 (transport and signature). Nothing here touches a key service.
 */
import type { SecretKey } from "@strongroom/crypto";
import type { Caller } from "../../base/caller.ts";
import type { ObjectKey } from "../../base/ids.ts";
import type { EncryptionContext } from "../../kms/port.ts";
import type { Bucket, EncryptionHeaders } from "../api.ts";
import { bucketArn, fullContext, objectArn, parseContextHeader } from "./context.ts";
import {
  badBucketKeyFlag,
  kmsHeaderNeedsMode,
  kmsNeedsSigV4,
  kmsNeedsTls,
  ssecBadAlgorithm,
  ssecBadKey,
  ssecBadMd5,
  ssecBlocked,
  ssecNeedsTls,
  ssecWithMode,
  ssecWithoutAlgorithm,
  ssecWithoutKey,
  ssecWithoutMd5,
  unknownAlgorithm,
} from "./refusals.ts";
import type { SsecRequest } from "./ssec-request.ts";

/** What a new version will be encrypted with. There is no "none". */
export type WriteEncryption =
  | { readonly mode: "SSE-S3" }
  | {
      readonly mode: "SSE-KMS";
      /** As sent, or as the bucket's rule has it; undefined = the account's `aws/s3`. */
      readonly keyId: string | undefined;
      readonly bucketKey: boolean;
      /** With the store's own pair. */
      readonly context: EncryptionContext;
      readonly contextSent?: string;
    }
  | {
      readonly mode: "DSSE-KMS";
      readonly keyId: string | undefined;
      readonly context: EncryptionContext;
      readonly contextSent?: string;
    }
  | { readonly mode: "SSE-C"; readonly key: SecretKey<"customer">; readonly keyMd5: string };

export interface WriteTarget {
  readonly caller: Caller;
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly headers: EncryptionHeaders;
  /** For the message of a blocked SSE-C write. */
  readonly action: "s3:PutObject" | "s3:CopyObject";
}

export function resolveWrite(target: WriteTarget): WriteEncryption {
  const { headers } = target;
  const bucketKeyHeader = parseBucketKeyFlag(headers);
  if (!headers.ssec.absent) return resolveSsec(target);
  const { sse, keyId, context } = headers;
  if (sse !== undefined) {
    if (sse !== "AES256" && sse !== "aws:kms" && sse !== "aws:kms:dsse") unknownAlgorithm(sse);
    if (sse === "AES256") {
      if (keyId !== undefined || context !== undefined) kmsHeaderNeedsMode();
      return { mode: "SSE-S3" };
    }
    // B.2: of the bucket's rule only the bucket-key flag counts, and only of a rule for aws:kms.
    return kms(target, sse, keyId, bucketKeyHeader);
  }
  if (keyId !== undefined || context !== undefined) kmsHeaderNeedsMode();
  const rule = target.bucket.encryption.rule;
  if (rule === undefined || rule.algorithm === "AES256") return { mode: "SSE-S3" };
  return kms(target, rule.algorithm, rule.kmsKeyId, bucketKeyHeader);
}

/** Transport is checked last of the three steps: B.6. */
function kms(
  target: WriteTarget,
  algorithm: "aws:kms" | "aws:kms:dsse",
  keyId: string | undefined,
  bucketKeyHeader: boolean | undefined,
): WriteEncryption {
  const { bucket, headers } = target;
  const rule = bucket.encryption.rule;
  const bucketKey =
    algorithm === "aws:kms" && (bucketKeyHeader ?? (rule?.algorithm === "aws:kms" ? rule.bucketKey : false));
  const arn = bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, target.key);
  const user = headers.context === undefined ? undefined : parseContextHeader(headers.context);
  const context = fullContext(user, arn);
  requireKmsTransport(target.caller);
  const contextSent = headers.context === undefined ? {} : { contextSent: headers.context };
  if (algorithm === "aws:kms") return { mode: "SSE-KMS", keyId, bucketKey, context, ...contextSent };
  return { mode: "DSSE-KMS", keyId, context, ...contextSent };
}

function resolveSsec(target: WriteTarget): WriteEncryption {
  const { headers, bucket, caller } = target;
  const key = checkSsecWrite(headers.ssec, headers.sse);
  if (headers.keyId !== undefined || headers.context !== undefined) kmsHeaderNeedsMode();
  if (bucket.encryption.ssecBlocked === true) {
    ssecBlocked(principalArn(caller), target.action, objectArn(bucket.name, target.key));
  }
  if (!caller.keysMayPass) ssecNeedsTls();
  return { mode: "SSE-C", ...key };
}

/** C.3, rows 1 to 10 in order. Also for the parts of an upload, whose rows 1 to 8 are the same. */
export function checkSsecWrite(
  ssec: SsecRequest,
  sse: string | undefined,
): { readonly key: SecretKey<"customer">; readonly keyMd5: string } {
  if (sse !== undefined) ssecWithMode(sse);
  if (ssec.algorithm === undefined) ssecWithoutAlgorithm();
  if (ssec.algorithm !== "AES256") ssecBadAlgorithm(ssec.algorithm);
  if (!ssec.keySent) ssecWithoutKey();
  if (ssec.keyMd5Sent === undefined) ssecWithoutMd5();
  if (ssec.keyMd5 === undefined) ssecBadKey();
  if (ssec.keyMd5 !== ssec.keyMd5Sent) ssecBadMd5();
  if (ssec.key === undefined) ssecBadKey();
  return { key: ssec.key, keyMd5: ssec.keyMd5 };
}

/** E.6. Also for reads. */
export function requireKmsTransport(caller: Caller): void {
  if (!caller.keysMayPass) kmsNeedsTls();
  if (caller.signature === "none") kmsNeedsSigV4();
}

function parseBucketKeyFlag(headers: EncryptionHeaders): boolean | undefined {
  const { bucketKey } = headers;
  if (bucketKey === undefined) return undefined;
  if (bucketKey !== "true" && bucketKey !== "false") {
    // C.3 row 1 comes before everything else that may be wrong with the headers.
    if (!headers.ssec.absent && headers.sse !== undefined) ssecWithMode(headers.sse);
    badBucketKeyFlag(bucketKey);
  }
  return bucketKey === "true";
}

function principalArn(caller: Caller): string {
  return "arn" in caller.principal ? caller.principal.arn : "anonymous";
}
