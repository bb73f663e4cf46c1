import { operation, onBucket } from "../operation.ts";

export const HeadBucket = operation({
  name: "HeadBucket",
  route: { method: "HEAD", target: "bucket" },
  needs: onBucket("s3:ListBucket"),
  parse: (req) => req.bucket,
  handle: (bucket) => Promise.resolve(bucket),
  respond: (bucket) => ({
    status: 200,
    headers: [
      "x-amz-bucket-region",
      bucket.region,
      "x-amz-access-point-alias",
      "false",
      "Content-Type",
      "application/xml",
    ],
  }),
});
