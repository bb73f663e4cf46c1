/** x-amz-copy-source and its companions: which version is copied, from which bucket, under which conditions. */
import { fail, failArgument, ServiceError } from "../../../base/errors.ts";
import type { BucketName, ObjectKey } from "../../../base/ids.ts";
import type { Bucket, CopySource } from "../../../objects/api.ts";
import { sourceAddress } from "../address.ts";
import type { Need } from "../operation.ts";
import { checkOwner } from "../owner-check.ts";
import type { S3Request } from "../request.ts";
import { sourceSsecOf } from "./encryption.ts";
import { readConditionsOf } from "./preconditions.ts";

export interface CopySourceHeader {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
  readonly versionId?: string;
}

const VERSION = "?versionId=";

/** URL-encoded `bucket/key`, with or without a leading slash, `?versionId=` unencoded at the end. */
export function parseCopySource(text: string): CopySourceHeader {
  const mark = text.lastIndexOf(VERSION);
  const path = mark < 0 ? text : text.slice(0, mark);
  const address = sourceAddress(decodeSource(path, text));
  if (mark < 0) return address;
  const versionId = decodeSource(text.slice(mark + VERSION.length), text);
  if (versionId === "") failArgument("Version id cannot be the empty string", "x-amz-copy-source", text);
  return { ...address, versionId };
}

/** One character per byte in, UTF-8 out; raw UTF-8 in the header is as good as its escapes. */
function decodeSource(text: string, whole: string): string {
  try {
    return decodeURIComponent(text.replace(/[\x80-\xff]/g, (c) => `%${c.charCodeAt(0).toString(16)}`));
  } catch (cause) {
    return fail("InvalidArgument", {
      message: "Invalid copy source encoding.",
      elements: { ArgumentName: "x-amz-copy-source", ArgumentValue: whole },
      cause,
    });
  }
}

/** Finds the source's bucket, for authorisation and for the copy itself. */
export async function findSource(
  req: S3Request,
): Promise<{ readonly header: CopySourceHeader; readonly bucket: Bucket }> {
  if (req.source !== undefined) return req.source;
  const header = parseCopySource(req.header("x-amz-copy-source") ?? "");
  const bucket = await req.deps.buckets.find(header.bucket);
  if (bucket === undefined) return fail("NoSuchBucket", { elements: { BucketName: header.bucket } });
  checkOwner(req.header("x-amz-source-expected-bucket-owner"), bucket);
  req.source = { header, bucket };
  return req.source;
}

/**
 * Rights on the source: the read, and its tags where there are any and they are copied (spec access 8). Tags that come
 * along are set at the target, which is a right there as well.
 */
export async function sourceNeeds(req: S3Request, copiesTags: boolean): Promise<Need[]> {
  const { header, bucket } = await findSource(req);
  const { key, versionId } = header;
  const version = versionId === undefined ? {} : { versionId };
  const read = versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  const tags = versionId === undefined ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging";
  const needs: Need[] = [{ action: read, bucket, key, ...version }];
  if (copiesTags && (await hasTags(req, bucket, key, versionId))) {
    needs.push({ action: tags, bucket, key, ...version });
    needs.push({ action: "s3:PutObjectTagging", bucket: req.bucket, key: req.key });
  }
  return needs;
}

/** A source that is not there has none; whoever may not read it learns nothing, since the read is asked for first. */
async function hasTags(
  req: S3Request,
  bucket: Bucket,
  key: ObjectKey,
  versionId: string | undefined,
): Promise<boolean> {
  try {
    return (await req.deps.objects.getTags(bucket, key, versionId)).tags.length > 0;
  } catch (error) {
    if (error instanceof ServiceError && error.status < 500) return false;
    throw error;
  }
}

export async function copySourceOf(req: S3Request): Promise<CopySource> {
  const { header, bucket } = await findSource(req);
  return {
    bucket,
    key: header.key,
    ...(header.versionId === undefined ? {} : { versionId: header.versionId }),
    ssec: sourceSsecOf(req),
    conditions: readConditionsOf(req, "x-amz-copy-source-"),
  };
}

export const sourceBucket = (req: S3Request): Bucket => req.source?.bucket ?? req.bucket;
