/** Objects and their versions: written, read, copied, deleted. */
import type { Caller } from "../../base/caller.ts";
import type { KeyArn, ObjectKey } from "../../base/ids.ts";
import type { SsecRequest } from "../encryption/ssec-request.ts";
import type { Body, Checksum, ChecksumAlgorithm, Integrity } from "./body.ts";
import type { Bucket, Tag } from "./buckets.ts";
import type { EncryptionHeaders, EncryptionShown, RefusedHeaders } from "./encryption.ts";
import type { ListInput, ListResult, ListVersionsInput, ListVersionsResult } from "./listing.ts";

/** Stored and returned headers: content-type, cache-control, content-disposition, content-encoding, content-language, expires, x-amz-website-redirect-location. Lower-case names, in this order. */
export type ContentHeaders = readonly (readonly [name: string, value: string])[];
/** x-amz-meta-* without the prefix, lower case, values as they came on the wire (latin-1 bytes kept). */
export type UserMetadata = readonly (readonly [name: string, value: string])[];

export interface WriteConditions {
  /** ETag without quotes, or "*". */
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

export interface ReadConditions {
  readonly ifMatch?: readonly string[] | undefined;
  readonly ifNoneMatch?: readonly string[] | undefined;
  readonly ifModifiedSinceMs?: number | undefined;
  readonly ifUnmodifiedSinceMs?: number | undefined;
}

/** What the range was asked of: another version is answered whole. */
export interface IfRange {
  /** Without quotes. */
  readonly etag?: string;
  readonly lastModifiedMs?: number;
}

export interface Placement {
  readonly key: ObjectKey;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly tags: readonly Tag[];
  readonly encryption: EncryptionHeaders;
}

export interface PutObjectInput extends Placement {
  readonly integrity: Integrity;
  readonly conditions: WriteConditions;
}

export interface WriteResult {
  /** Present where versioning is enabled. */
  readonly versionId?: string;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly encryption: EncryptionShown;
  readonly checksum?: Checksum;
}

export type RangeRequest =
  | { readonly kind: "from-to"; readonly from: number; readonly to: number | undefined }
  | { readonly kind: "suffix"; readonly bytes: number };

export interface ReadInput {
  readonly key: ObjectKey;
  readonly versionId?: string | undefined;
  readonly ssec: SsecRequest;
  /** Encryption headers that a read does not take, as they came: refused once the object is known to exist (A.3). */
  readonly refused?: RefusedHeaders | undefined;
  readonly conditions: ReadConditions;
  readonly range?: RangeRequest | undefined;
  readonly ifRange?: IfRange | undefined;
  readonly partNumber?: number | undefined;
  readonly checksumMode: boolean;
}

/** The public facts of a version. None of them needs a KMS key; checksums do. */
export interface ObjectFacts {
  readonly key: ObjectKey;
  readonly versionId?: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly tagCount: number;
  readonly encryption: EncryptionShown;
  /** Only for multipart objects. */
  readonly partCount?: number;
}

export type ReadResult =
  | { readonly kind: "not-modified"; readonly facts: ObjectFacts }
  | {
      readonly kind: "object";
      readonly facts: ObjectFacts;
      /** Plaintext bytes [from, to) that the answer carries; `partial` = 206. */
      readonly from: number;
      readonly to: number;
      readonly partial: boolean;
      readonly checksum?: Checksum;
      /** Absent for HEAD. A small body comes whole; a large one verified segment by segment, the first before this returns. */
      readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
    };

export interface CopySource {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly versionId?: string;
  readonly ssec: SsecRequest;
  readonly conditions: ReadConditions;
}

export interface CopyObjectInput {
  readonly source: CopySource;
  readonly key: ObjectKey;
  readonly encryption: EncryptionHeaders;
  /** `undefined` = COPY directive. */
  readonly replace?: { readonly headers: ContentHeaders; readonly metadata: UserMetadata };
  /** The redirect of the copy, with either directive: a place has it, not an object. */
  readonly redirect?: string;
  /** `undefined` = COPY directive. */
  readonly replaceTags?: readonly Tag[];
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly conditions: WriteConditions;
  /** Storage class or website redirect given: enough for a copy onto itself (B.3). */
  readonly changesPlacement: boolean;
}
export interface CopyResult extends WriteResult {
  readonly sourceVersionId?: string;
}

export interface DeleteInput {
  readonly key: ObjectKey;
  readonly versionId?: string;
  readonly ifMatch?: string;
}
export interface DeleteResult {
  /** The id of the version deleted, or of the delete marker made. */
  readonly versionId?: string;
  /** A delete marker was made, or one was deleted by its id. */
  readonly deleteMarker: boolean;
}

export interface AttributesInput {
  readonly key: ObjectKey;
  readonly versionId?: string | undefined;
  readonly ssec: SsecRequest;
  /** As in {@link ReadInput}. */
  readonly refused?: RefusedHeaders | undefined;
  readonly wantChecksum: boolean;
  readonly wantParts?: { readonly afterPartNumber: number; readonly max: number };
}
export interface PartFacts {
  readonly partNumber: number;
  readonly size: number;
  readonly checksums: readonly Checksum[];
}
export interface AttributesResult {
  readonly facts: ObjectFacts;
  readonly checksum?: Checksum;
  /** `page` only of an object with a composite checksum: of others S3 lists no parts. */
  readonly parts?: {
    readonly total: number;
    readonly page?: { readonly parts: readonly PartFacts[]; readonly more: boolean };
  };
}

export interface UpdateEncryptionInput {
  readonly key: ObjectKey;
  readonly versionId?: string;
  readonly keyArn: KeyArn;
  readonly bucketKey: boolean;
}

export interface ObjectsService {
  put(caller: Caller, bucket: Bucket, input: PutObjectInput, body: Body): Promise<WriteResult>;
  get(caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult>;
  head(caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult>;
  attributes(caller: Caller, bucket: Bucket, input: AttributesInput): Promise<AttributesResult>;
  copy(caller: Caller, bucket: Bucket, input: CopyObjectInput): Promise<CopyResult>;
  delete(caller: Caller, bucket: Bucket, input: DeleteInput): Promise<DeleteResult>;
  list(bucket: Bucket, input: ListInput): Promise<ListResult>;
  listVersions(bucket: Bucket, input: ListVersionsInput): Promise<ListVersionsResult>;
  /** Throws what a read of the version would, where it is none; needs no key. */
  requireObject(bucket: Bucket, key: ObjectKey, versionId: string | undefined): Promise<void>;
  getTags(
    bucket: Bucket,
    key: ObjectKey,
    versionId: string | undefined,
  ): Promise<{ readonly versionId?: string; readonly tags: readonly Tag[] }>;
  putTags(
    caller: Caller,
    bucket: Bucket,
    key: ObjectKey,
    versionId: string | undefined,
    tags: readonly Tag[],
  ): Promise<{ readonly versionId?: string }>;
  updateEncryption(caller: Caller, bucket: Bucket, input: UpdateEncryptionInput): Promise<void>;
}
