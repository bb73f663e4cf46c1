/** Encryption as responses show it (spec A.2). There is always a mode; SSE-C shows no SSE header. */
import type { EncryptionShown } from "../../../objects/api.ts";

const SSE = "x-amz-server-side-encryption";
const SSE_S3: readonly string[] = [SSE, "AES256"];

export interface EncryptionParts {
  /** Put, Copy and Create echo the context that the client sent. */
  readonly context?: boolean;
  /** CompleteMultipartUpload shows nothing of a customer's key. */
  readonly customer?: boolean;
}

export function encryptionHeaders(shown: EncryptionShown, parts: EncryptionParts = {}): readonly string[] {
  switch (shown.mode) {
    case "SSE-S3":
      return SSE_S3;
    case "SSE-KMS": {
      const headers = [SSE, "aws:kms", `${SSE}-aws-kms-key-id`, shown.keyArn];
      if (shown.bucketKey) headers.push(`${SSE}-bucket-key-enabled`, "true");
      return withContext(headers, shown.contextSent, parts);
    }
    case "DSSE-KMS":
      return withContext(
        [SSE, "aws:kms:dsse", `${SSE}-aws-kms-key-id`, shown.keyArn],
        shown.contextSent,
        parts,
      );
    case "SSE-C":
      return parts.customer === false
        ? []
        : [`${SSE}-customer-algorithm`, "AES256", `${SSE}-customer-key-MD5`, shown.keyMd5];
  }
}

function withContext(headers: string[], sent: string | undefined, parts: EncryptionParts): readonly string[] {
  if (parts.context === true && sent !== undefined) headers.push(`${SSE}-context`, sent);
  return headers;
}
