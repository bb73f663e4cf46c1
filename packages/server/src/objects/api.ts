/**
 * What the API layer asks of the objects layer. Everything here is typed input and output: no header, no XML and no
 * socket crosses it. Errors are ServiceErrors of the catalogue.
 *
 * Order of checks (spec s3-encryption B.6, access 7): the pipeline has authenticated, found the bucket and authorised the
 * caller before any of these functions runs. Header syntax of encryption, SSE-C block, transport, key use, body and
 * preconditions follow inside, in that order.
 */
import type { Caller } from "../base/caller.ts";
import type { AccountId, BucketId, BucketName, KeyArn, ObjectKey } from "../base/ids.ts";
import type { SsecRequest } from "./encryption/ssec-request.ts";

// ---------------------------------------------------------------- encryption

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

// ---------------------------------------------------------------- checksums

export const CHECKSUM_ALGORITHMS = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** base64; composite: base64 of the checksum of checksums, "-", part count. */
  readonly value: string;
}

/** What the client asked or promised about integrity. */
export interface Integrity {
  /** Raw 16 bytes of Content-MD5. */
  readonly contentMd5?: Uint8Array;
  /** x-amz-checksum-<algorithm> header, or the one announced by x-amz-trailer (then `value` is absent and comes from the trailers). */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value?: string };
  /** x-amz-sdk-checksum-algorithm / x-amz-checksum-algorithm without a value: compute and keep this one. */
  readonly algorithm?: ChecksumAlgorithm;
}

/**
 * A request body after transfer decoding. Exactly one of `collect` and `stream` is used, once. Both fail if the body is
 * shorter, longer, or not what its signature says; the consumer commits only after they ended well.
 */
export interface Body {
  /** Decoded size, exact. */
  readonly size: number;
  /** The whole body, for small sizes. */
  collect(): Promise<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
  /** Trailer fields by lower-case name, after the end. */
  trailers(): ReadonlyMap<string, string>;
}

// ---------------------------------------------------------------- buckets

export interface Owner {
  readonly account: AccountId;
  /** 64 hex digits. */
  readonly canonicalId: string;
  readonly displayName: string;
}

export interface Bucket {
  readonly id: BucketId;
  readonly name: BucketName;
  readonly owner: AccountId;
  readonly createdMs: number;
  readonly region: string;
  readonly versioning: "unversioned" | "enabled" | "suspended";
  readonly encryption: BucketEncryption;
  readonly tags: readonly Tag[] | undefined;
  /** Text of the bucket policy as stored, and its revision. */
  readonly policy: { readonly text: string; readonly revision: string } | undefined;
  /** Never empty. */
  readonly cors: readonly CorsRule[] | undefined;
}

/** What pages of other origins may do. Lists as sent, in their order. */
export interface CorsRule {
  readonly id?: string;
  /** May have one `*` each. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** May have one `*` each. */
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeSeconds?: number;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Buckets {
  /** For the pipeline: cheap, cached by revision. `undefined` where there is none (or it is being deleted). */
  find(name: BucketName): Promise<Bucket | undefined>;
  /** Idempotent for the owner in us-east-1 (200), else BucketAlreadyOwnedByYou / BucketAlreadyExists. */
  create(
    caller: Caller,
    name: BucketName,
    input: { readonly region: string; readonly tags?: readonly Tag[] },
  ): Promise<Bucket>;
  delete(caller: Caller, bucket: Bucket): Promise<void>;
  list(
    caller: Caller,
    input: { readonly prefix: string; readonly after?: string; readonly max: number },
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly more: boolean }>;
  setVersioning(caller: Caller, bucket: Bucket, state: "enabled" | "suspended"): Promise<void>;
  /** `ssecBlocked: undefined` keeps the present state (H.4). `rule: undefined` keeps the present rule (block-only put). */
  putEncryption(
    caller: Caller,
    bucket: Bucket,
    change: { readonly rule?: DefaultEncryption; readonly ssecBlocked?: boolean },
  ): Promise<void>;
  deleteEncryption(caller: Caller, bucket: Bucket): Promise<void>;
  putTags(caller: Caller, bucket: Bucket, tags: readonly Tag[] | undefined): Promise<void>;
  putPolicy(caller: Caller, bucket: Bucket, text: string | undefined): Promise<void>;
  putCors(caller: Caller, bucket: Bucket, rules: readonly CorsRule[] | undefined): Promise<void>;
}

// ---------------------------------------------------------------- objects

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
  readonly ifMatch?: readonly string[];
  readonly ifNoneMatch?: readonly string[];
  readonly ifModifiedSinceMs?: number;
  readonly ifUnmodifiedSinceMs?: number;
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
  readonly versionId?: string;
  readonly ssec: SsecRequest;
  /** Encryption headers that a read does not take, as they came: refused once the object is known to exist (A.3). */
  readonly refused?: RefusedHeaders;
  readonly conditions: ReadConditions;
  readonly range?: RangeRequest;
  readonly partNumber?: number;
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
  readonly ifMatchLastModifiedMs?: number;
  readonly ifMatchSize?: number;
}
export interface DeleteResult {
  /** The id of the version deleted, or of the delete marker made. */
  readonly versionId?: string;
  /** A delete marker was made, or one was deleted by its id. */
  readonly deleteMarker: boolean;
}

export interface AttributesInput {
  readonly key: ObjectKey;
  readonly versionId?: string;
  readonly ssec: SsecRequest;
  /** As in {@link ReadInput}. */
  readonly refused?: RefusedHeaders;
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
  readonly parts?: { readonly total: number; readonly parts: readonly PartFacts[]; readonly more: boolean };
}

export interface ListInput {
  readonly prefix: string;
  readonly delimiter: string;
  /** Exclusive start: a key, or a common prefix whose keys are all skipped when `afterIsGroup`. */
  readonly after: string;
  readonly afterIsGroup: boolean;
  readonly max: number;
}
export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}
export interface ListResult {
  readonly items: readonly (
    | { readonly kind: "object"; readonly object: ListedObject }
    | { readonly kind: "group"; readonly prefix: string }
  )[];
  readonly more: boolean;
}
export interface ListedVersion extends ListedObject {
  readonly versionId: string;
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}
export interface ListVersionsInput {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  readonly versionIdMarker?: string;
  readonly afterIsGroup: boolean;
  readonly max: number;
}
export interface ListVersionsResult {
  readonly items: readonly (
    | { readonly kind: "version"; readonly version: ListedVersion }
    | { readonly kind: "group"; readonly prefix: string }
  )[];
  readonly more: boolean;
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

// ---------------------------------------------------------------- multipart

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
  readonly keyMarker: string;
  readonly uploadIdMarker?: string;
  readonly max: number;
}
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedMs: number;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}

/** What the pipeline needs of an upload to authorise its parts: the encryption headers that Create carried (spec I.2). */
export interface UploadAccess {
  readonly sse?: string;
  readonly keyId?: string;
}

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

/** Opaque page tokens: the last key, sealed under a key of their own. */
export interface Tokens {
  seal(purpose: string, text: string): string;
  /** Throws InvalidArgument for anything this store did not issue for `purpose`. */
  open(purpose: string, token: string): string;
}
