/** What every request that makes an object says about it, and the rights that its headers ask for. */
import { OBJECT_TAGS_MAX } from "../../../base/limits.ts";
import type { Placement, Tag } from "../../../objects/api.ts";
import type { Need } from "../operation.ts";
import type { S3Request } from "../request.ts";
import { encryptionOf } from "./encryption.ts";
import { contentHeadersOf, refuseUnhonoured, userMetadataOf } from "./headers.ts";
import { parseTagHeader } from "./tags.ts";

export function tagsOf(req: S3Request): readonly Tag[] {
  const header = req.header("x-amz-tagging");
  return header === undefined ? [] : parseTagHeader(header, OBJECT_TAGS_MAX);
}

export function placementOf(req: S3Request): Placement {
  refuseUnhonoured(req);
  return {
    key: req.key,
    headers: contentHeadersOf(req),
    metadata: userMetadataOf(req),
    tags: tagsOf(req),
    encryption: encryptionOf(req),
  };
}

/** s3:PutObject, and more for headers that would do more (spec access 8). */
export function writeNeeds(req: S3Request): Need[] {
  const { bucket, key } = req;
  const needs: Need[] = [{ action: "s3:PutObject", bucket, key }];
  for (const [header, action] of [
    ["x-amz-acl", "s3:PutObjectAcl"],
    ["x-amz-tagging", "s3:PutObjectTagging"],
    ["x-amz-object-lock-mode", "s3:PutObjectRetention"],
    ["x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"],
  ] as const) {
    if (req.headers.has(header)) needs.push({ action, bucket, key });
  }
  return needs;
}
