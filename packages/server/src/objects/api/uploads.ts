/** Multipart uploads and their parts. */
import type { Caller } from "../../base/caller.ts";
import type { KeyArn, ObjectKey } from "../../base/ids.ts";
import type { SsecRequest } from "../encryption/ssec-request.ts";
import type { Body, Checksum, ChecksumAlgorithm, ChecksumType, Integrity } from "./body.ts";
import type { Bucket, Owner } from "./buckets.ts";
import type { DefaultEncryption, EncryptionShown } from "./encryption.ts";
import type { CopySource, Placement, WriteConditions, WriteResult } from "./objects.ts";

export interface CreateUploadInput extends Placement {
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}
export interface CreateUploadResult {
  readonly uploadId: string;
  readonly encryption: EncryptionShown;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}
export interface UploadTarget {
  readonly key: ObjectKey;
  readonly uploadId: string;
}
export interface UploadPartInput extends UploadTarget {
  readonly partNumber: number;
  readonly ssec: SsecRequest;
  readonly integrity: Integrity;
}
export interface PartResult {
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly encryption: EncryptionShown;
  readonly checksum?: Checksum;
}
export interface UploadPartCopyInput extends UploadTarget {
  readonly partNumber: number;
  readonly ssec: SsecRequest;
  readonly source: CopySource;
  readonly range?: { readonly from: number; readonly to: number };
}
export interface PartCopyResult extends PartResult {
  readonly sourceVersionId?: string;
}
export interface CompletePart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}
export interface CompleteUploadInput extends UploadTarget {
  readonly parts: readonly CompletePart[];
  readonly ssec: SsecRequest;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
  readonly checksumType?: ChecksumType;
  readonly objectSize?: number;
  readonly conditions: WriteConditions;
}
export interface ListPartsInput extends UploadTarget {
  readonly after: number;
  readonly max: number;
  readonly ssec: SsecRequest;
}
export interface ListedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly checksum?: Checksum;
}
export interface ListUploadsInput {
  readonly prefix: string;
  readonly delimiter: string;
  /** The key marker, or the common prefix that it lies in (`afterIsGroup`). */
  readonly after: string;
  readonly afterIsGroup: boolean;
  /** Of an upload of the key `after`. */
  readonly uploadIdMarker?: string;
  readonly max: number;
}
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedMs: number;
  readonly initiator: Owner;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}

/** What the pipeline needs of an upload to authorise its parts: the encryption headers that Create carried (spec I.2). */
export interface UploadAccess {
  readonly sse?: string;
  readonly keyId?: string;
  /** What the upload's parts are encrypted with, whatever the bucket's default is by now. */
  readonly effective?: { readonly algorithm: EffectiveAlgorithm; readonly keyArn?: KeyArn };
}
export type EffectiveAlgorithm = DefaultEncryption["algorithm"] | "SSE-C";

export interface UploadsService {
  access(bucket: Bucket, target: UploadTarget): Promise<UploadAccess | undefined>;
  create(caller: Caller, bucket: Bucket, input: CreateUploadInput): Promise<CreateUploadResult>;
  putPart(caller: Caller, bucket: Bucket, input: UploadPartInput, body: Body): Promise<PartResult>;
  copyPart(caller: Caller, bucket: Bucket, input: UploadPartCopyInput): Promise<PartCopyResult>;
  complete(caller: Caller, bucket: Bucket, input: CompleteUploadInput): Promise<WriteResult>;
  abort(caller: Caller, bucket: Bucket, target: UploadTarget): Promise<void>;
  listParts(
    caller: Caller,
    bucket: Bucket,
    input: ListPartsInput,
  ): Promise<{
    readonly parts: readonly ListedPart[];
    readonly more: boolean;
    readonly initiator: Owner;
    readonly checksumAlgorithm?: ChecksumAlgorithm;
    readonly checksumType?: ChecksumType;
  }>;
  listUploads(
    bucket: Bucket,
    input: ListUploadsInput,
  ): Promise<{
    readonly items: readonly (
      | { readonly kind: "upload"; readonly upload: ListedUpload }
      | { readonly kind: "group"; readonly prefix: string }
    )[];
    readonly more: boolean;
  }>;
}
