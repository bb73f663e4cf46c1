/**
 * Every operation of S3 that this store knows. The route table, metric names, audit names and the support table in the
 * documentation come from this list: adding an operation is one file and one line here.
 */
import type { S3Deps } from "./deps.ts";
import type { Operation } from "./operation.ts";
import { AbortMultipartUpload } from "./ops/abort-multipart-upload.ts";
import { CompleteMultipartUpload } from "./ops/complete-multipart-upload.ts";
import { CopyObject } from "./ops/copy-object.ts";
import { CreateBucket } from "./ops/create-bucket.ts";
import { CreateMultipartUpload } from "./ops/create-multipart-upload.ts";
import { DeleteBucketCors } from "./ops/delete-bucket-cors.ts";
import { DeleteBucketEncryption } from "./ops/delete-bucket-encryption.ts";
import { DeleteBucketPolicy } from "./ops/delete-bucket-policy.ts";
import { DeleteBucketTagging } from "./ops/delete-bucket-tagging.ts";
import { DeleteBucket } from "./ops/delete-bucket.ts";
import { DeleteObjectTagging } from "./ops/delete-object-tagging.ts";
import { DeleteObject } from "./ops/delete-object.ts";
import { DeleteObjects } from "./ops/delete-objects.ts";
import { GetBucketAcl } from "./ops/get-bucket-acl.ts";
import { GetBucketCors } from "./ops/get-bucket-cors.ts";
import { GetBucketEncryption } from "./ops/get-bucket-encryption.ts";
import { GetBucketLocation } from "./ops/get-bucket-location.ts";
import { GetBucketPolicy } from "./ops/get-bucket-policy.ts";
import { GetBucketTagging } from "./ops/get-bucket-tagging.ts";
import { GetBucketVersioning } from "./ops/get-bucket-versioning.ts";
import { GetObjectAcl } from "./ops/get-object-acl.ts";
import { GetObjectAttributes } from "./ops/get-object-attributes.ts";
import { GetObjectTagging } from "./ops/get-object-tagging.ts";
import { GetObject } from "./ops/get-object.ts";
import { HeadBucket } from "./ops/head-bucket.ts";
import { HeadObject } from "./ops/head-object.ts";
import { ListBuckets } from "./ops/list-buckets.ts";
import { ListMultipartUploads } from "./ops/list-multipart-uploads.ts";
import { ListObjectVersions } from "./ops/list-object-versions.ts";
import { ListObjectsV2 } from "./ops/list-objects-v2.ts";
import { ListObjects } from "./ops/list-objects.ts";
import { ListParts } from "./ops/list-parts.ts";
import { PostObject } from "./ops/post-object.ts";
import { PutBucketCors } from "./ops/put-bucket-cors.ts";
import { PutBucketEncryption } from "./ops/put-bucket-encryption.ts";
import { PutBucketPolicy } from "./ops/put-bucket-policy.ts";
import { PutBucketTagging } from "./ops/put-bucket-tagging.ts";
import { PutBucketVersioning } from "./ops/put-bucket-versioning.ts";
import { PutObjectTagging } from "./ops/put-object-tagging.ts";
import { PutObject } from "./ops/put-object.ts";
import { UNSET } from "./ops/unset.ts";
import { UpdateObjectEncryption } from "./ops/update-object-encryption.ts";
import { UploadPartCopy } from "./ops/upload-part-copy.ts";
import { UploadPart } from "./ops/upload-part.ts";
import { S3Service } from "./pipeline.ts";
import { Router } from "./router.ts";
import { UNSUPPORTED } from "./unsupported.ts";

export const OPERATIONS: readonly Operation[] = [
  ListBuckets,
  CreateBucket,
  HeadBucket,
  DeleteBucket,
  GetBucketLocation,
  GetBucketEncryption,
  PutBucketEncryption,
  DeleteBucketEncryption,
  GetBucketVersioning,
  PutBucketVersioning,
  GetBucketPolicy,
  PutBucketPolicy,
  DeleteBucketPolicy,
  GetBucketCors,
  PutBucketCors,
  DeleteBucketCors,
  GetBucketTagging,
  PutBucketTagging,
  DeleteBucketTagging,
  GetBucketAcl,
  ListObjects,
  ListObjectsV2,
  ListObjectVersions,
  ListMultipartUploads,
  DeleteObjects,
  PostObject,
  GetObject,
  HeadObject,
  PutObject,
  DeleteObject,
  CopyObject,
  GetObjectAttributes,
  GetObjectTagging,
  PutObjectTagging,
  DeleteObjectTagging,
  GetObjectAcl,
  UpdateObjectEncryption,
  CreateMultipartUpload,
  UploadPart,
  UploadPartCopy,
  CompleteMultipartUpload,
  AbortMultipartUpload,
  ListParts,
  ...UNSET,
  ...UNSUPPORTED,
];

export const ROUTER = new Router(OPERATIONS);

export function s3Service(deps: S3Deps): S3Service {
  return new S3Service(deps, ROUTER);
}
