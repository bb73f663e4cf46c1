/** Encryption as the API layer asks for it and shows it. Header texts stay as they came; the resolver judges them. */
import type { KeyArn } from "../../base/ids.ts";
import type { SsecRequest } from "../encryption/ssec-request.ts";

/** The encryption headers of a write as they came; validated by the one resolver for writes (A.3, B.1, C.3). */
export interface EncryptionHeaders {
  readonly sse?: string;
  readonly keyId?: string;
  /** base64 of JSON, as sent. */
  readonly context?: string;
  readonly bucketKey?: string;
  readonly ssec: SsecRequest;
}

/** Of these, what a read carried although it takes none but the SSE-C headers (A.3). */
export type RefusedHeaders = Omit<EncryptionHeaders, "ssec">;

/** What responses show of a version's encryption (A.2). There is no "none". */
export type EncryptionShown =
  | { readonly mode: "SSE-S3" }
  | {
      readonly mode: "SSE-KMS";
      readonly keyArn: KeyArn;
      readonly bucketKey: boolean;
      readonly contextSent?: string;
    }
  | { readonly mode: "DSSE-KMS"; readonly keyArn: KeyArn; readonly contextSent?: string }
  | { readonly mode: "SSE-C"; readonly keyMd5: string };

export type DefaultEncryption =
  | { readonly algorithm: "AES256"; readonly bucketKey: boolean }
  | {
      readonly algorithm: "aws:kms" | "aws:kms:dsse";
      /** Exactly as the client sent it; never validated at this point. */
      readonly kmsKeyId?: string;
      readonly bucketKey: boolean;
    };

export interface BucketEncryption {
  /** Absent: never configured (or deleted), which means SSE-S3 and matters to the copy-onto-itself rule (B.3). */
  readonly rule?: DefaultEncryption;
  /** Whether SSE-C writes are blocked; absent: never set, and not shown. */
  readonly ssecBlocked?: boolean;
}
