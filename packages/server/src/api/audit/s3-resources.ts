/** Resources of an S3 record: the object and its bucket with the owner's account, of copies the source, too. */
import type { RequestEvent } from "../common/ports.ts";
import { jsonString } from "../../base/json-text.ts";

export const objectArn = (bucket: string, key: string): string => `arn:aws:s3:::${bucket}/${key}`;

export interface Resources {
  readonly text?: string;
  readonly buckets?: readonly string[];
  readonly objects?: readonly string[];
}

export function resourcesOf(
  { operation, bucket, bucketOwner, key, source }: RequestEvent,
  account: string,
): Resources {
  if (bucket === undefined) return {};
  // Whoever makes a bucket owns it. Of a bucket that was not looked up the owner is not said.
  const ofBucket = bucketResource(
    bucket,
    bucketOwner ?? (operation === "CreateBucket" ? account : undefined),
  );
  if (key === undefined) return { text: `[${ofBucket}]`, buckets: [bucket] };
  const object = objectArn(bucket, key);
  if (source !== undefined) return copyResources(bucket, ofBucket, object, source);
  return { text: `[${objectResource(object)},${ofBucket}]`, buckets: [bucket], objects: [object] };
}

function copyResources(
  bucket: string,
  ofBucket: string,
  object: string,
  source: NonNullable<RequestEvent["source"]>,
): Resources {
  const from = objectArn(source.bucket, source.key);
  const both = `${objectResource(object)},${ofBucket},${objectResource(from)}`;
  const objects = [object, from];
  if (source.bucket === bucket) return { text: `[${both}]`, buckets: [bucket], objects };
  const text = `[${both},${bucketResource(source.bucket, source.bucketOwner)}]`;
  return { text, buckets: [bucket, source.bucket], objects };
}

const objectResource = (arn: string): string => `{"type":"AWS::S3::Object","ARN":${jsonString(arn)}}`;
const bucketResource = (bucket: string, owner: string | undefined): string =>
  owner === undefined
    ? `{"type":"AWS::S3::Bucket","ARN":${jsonString(`arn:aws:s3:::${bucket}`)}}`
    : `{"accountId":"${owner}","type":"AWS::S3::Bucket","ARN":${jsonString(`arn:aws:s3:::${bucket}`)}}`;
