/**
 * Settings that this store does not have, read: consoles and Terraform ask for them all, so each answers as S3 does for
 * a bucket where nobody set it.
 */
import { fail, type S3ErrorCode } from "../../../base/errors.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation, onBucket, onObject, type Operation } from "../operation.ts";

type Row = readonly [name: string, query: string, action: string];

function missing([name, query, action]: Row, code: S3ErrorCode): Operation {
  return operation({
    name,
    route: { method: "GET", target: "bucket", query: [query] },
    needs: onBucket(`s3:${action}`),
    parse: (req) => fail(code, { elements: { BucketName: req.bucket.name } }),
    handle: () => Promise.resolve(undefined),
    respond: () => fail(code),
  });
}

function fixed([name, query, action]: Row, root: string, inner: string): Operation {
  const document = s3Document(root, inner);
  return operation({
    name,
    route: { method: "GET", target: "bucket", query: [query] },
    needs: onBucket(`s3:${action}`),
    parse: () => undefined,
    handle: () => Promise.resolve(undefined),
    respond: () => xmlAnswer(200, document),
  });
}

/** Object lock belongs to buckets made with it, and none is. */
function unlocked(name: string, query: string): Operation {
  const refuse = (): never => fail("InvalidRequest", "Bucket is missing Object Lock Configuration");
  return operation({
    name,
    route: { method: "GET", target: "object", query: [query] },
    needs: onObject(`s3:${name}`),
    parse: refuse,
    handle: () => Promise.resolve(undefined),
    respond: refuse,
  });
}

export const UNSET: readonly Operation[] = [
  missing(
    ["GetBucketLifecycleConfiguration", "lifecycle", "GetLifecycleConfiguration"],
    "NoSuchLifecycleConfiguration",
  ),
  missing(["GetBucketWebsite", "website", "GetBucketWebsite"], "NoSuchWebsiteConfiguration"),
  missing(
    ["GetBucketReplication", "replication", "GetReplicationConfiguration"],
    "ReplicationConfigurationNotFoundError",
  ),
  missing(
    ["GetObjectLockConfiguration", "object-lock", "GetBucketObjectLockConfiguration"],
    "ObjectLockConfigurationNotFoundError",
  ),
  missing(
    ["GetPublicAccessBlock", "publicAccessBlock", "GetBucketPublicAccessBlock"],
    "NoSuchPublicAccessBlockConfiguration",
  ),
  fixed(["GetBucketLogging", "logging", "GetBucketLogging"], "BucketLoggingStatus", ""),
  fixed(
    ["GetBucketAccelerateConfiguration", "accelerate", "GetAccelerateConfiguration"],
    "AccelerateConfiguration",
    "",
  ),
  fixed(
    ["GetBucketNotificationConfiguration", "notification", "GetBucketNotification"],
    "NotificationConfiguration",
    "",
  ),
  fixed(
    ["GetBucketRequestPayment", "requestPayment", "GetBucketRequestPayment"],
    "RequestPaymentConfiguration",
    tag("Payer", "BucketOwner"),
  ),
  // Not unset but fixed: ACLs are off for every bucket.
  fixed(
    ["GetBucketOwnershipControls", "ownershipControls", "GetBucketOwnershipControls"],
    "OwnershipControls",
    wrap("Rule", tag("ObjectOwnership", "BucketOwnerEnforced")),
  ),
  unlocked("GetObjectRetention", "retention"),
  unlocked("GetObjectLegalHold", "legal-hold"),
];
