/**
 * What a record of an S3 request may say, by operation (spec audit sections 3 and 4). Not here, so never written: customer
 * keys and their MD5, signatures, tokens, bodies, values of user metadata and tags.
 */
export interface S3Row {
  /** CloudTrail's name for it, where it differs. */
  readonly event: string;
  /** Object operations and listings; the rest is management of the bucket. */
  readonly data: boolean;
  readonly readOnly: boolean;
  readonly headers: readonly string[];
  readonly query: readonly string[];
}

const SSE = "x-amz-server-side-encryption";
const ENCRYPTION = [
  SSE,
  `${SSE}-aws-kms-key-id`,
  `${SSE}-bucket-key-enabled`,
  `${SSE}-customer-algorithm`,
] as const;
const PLACE = [
  "x-amz-storage-class",
  "x-amz-acl",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-website-redirect-location",
  "if-match",
  "if-none-match",
] as const;
const COPY = [
  "x-amz-copy-source",
  "x-amz-metadata-directive",
  "x-amz-tagging-directive",
  `x-amz-copy-source-server-side-encryption-customer-algorithm`,
  "x-amz-copy-source-range",
] as const;
const READ = ["range", `${SSE}-customer-algorithm`];
const LIST = [
  "prefix",
  "delimiter",
  "max-keys",
  "marker",
  "start-after",
  "key-marker",
  "list-type",
  "versions",
];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  GetObject: READ,
  HeadObject: READ,
  GetObjectAttributes: READ,
  PutObject: [...ENCRYPTION, ...PLACE],
  PostObject: [...ENCRYPTION, ...PLACE],
  CreateMultipartUpload: [...ENCRYPTION, ...PLACE],
  CopyObject: [...ENCRYPTION, ...PLACE, ...COPY],
  UploadPart: [`${SSE}-customer-algorithm`],
  UploadPartCopy: [`${SSE}-customer-algorithm`, ...COPY],
  CompleteMultipartUpload: [`${SSE}-customer-algorithm`, "if-match", "if-none-match"],
  DeleteObject: ["x-amz-bypass-governance-retention", "if-match"],
  DeleteObjects: ["x-amz-bypass-governance-retention"],
  CreateBucket: ["x-amz-acl", "x-amz-object-ownership", "x-amz-bucket-object-lock-enabled"],
};
const QUERY: Readonly<Record<string, readonly string[]>> = {
  ListObjects: LIST,
  ListObjectsV2: LIST,
  ListObjectVersions: LIST,
  ListMultipartUploads: [...LIST, "uploads"],
  ListParts: ["uploadId"],
  UploadPart: ["partNumber", "uploadId"],
  UploadPartCopy: ["partNumber", "uploadId"],
  CompleteMultipartUpload: ["uploadId"],
  AbortMultipartUpload: ["uploadId"],
  GetObject: ["partNumber"],
  HeadObject: ["partNumber"],
};
/** CloudTrail's names. */
const EVENTS: Readonly<Record<string, string>> = {
  ListObjectsV2: "ListObjects",
  PutBucketLifecycleConfiguration: "PutBucketLifecycle",
  GetBucketLifecycleConfiguration: "GetBucketLifecycle",
  PutPublicAccessBlock: "PutBucketPublicAccessBlock",
  GetPublicAccessBlock: "GetBucketPublicAccessBlock",
  DeletePublicAccessBlock: "DeleteBucketPublicAccessBlock",
};
const DATA_NAMES = new Set([
  "HeadBucket",
  "ListObjects",
  "ListObjectsV2",
  "ListObjectVersions",
  "ListMultipartUploads",
  "ListParts",
  "Unknown",
]);
const OF_OBJECT = /(Object(?!Lock|Ownership)|Multipart|UploadPart)/;

const rows = new Map<string, S3Row>();

/** Operations without a line of their own say where they act, and no more. */
export function s3RowOf(operation: string): S3Row {
  let row = rows.get(operation);
  if (row === undefined) {
    row = {
      event: EVENTS[operation] ?? operation,
      data: DATA_NAMES.has(operation) || OF_OBJECT.test(operation),
      readOnly: /^(Get|Head|List|Select)/.test(operation),
      headers: HEADERS[operation] ?? [],
      query: QUERY[operation] ?? [],
    };
    rows.set(operation, row);
  }
  return row;
}
