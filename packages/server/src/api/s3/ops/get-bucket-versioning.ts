import { xmlAnswer } from "../../common/answer.ts";
import { s3Document, tag } from "../../common/xml-write.ts";
import { operation, onBucket } from "../operation.ts";

const STATUS = { unversioned: undefined, enabled: "Enabled", suspended: "Suspended" } as const;

export const GetBucketVersioning = operation({
  name: "GetBucketVersioning",
  route: { method: "GET", target: "bucket", query: ["versioning"] },
  needs: onBucket("s3:GetBucketVersioning"),
  parse: (req) => req.bucket.versioning,
  handle: (versioning) => Promise.resolve(versioning),
  respond: (versioning) =>
    xmlAnswer(200, s3Document("VersioningConfiguration", tag("Status", STATUS[versioning]))),
});
