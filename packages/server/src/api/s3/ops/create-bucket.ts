import { assert, fail, failHeader } from "../../../base/errors.ts";
import { BUCKET_TAGS_MAX } from "../../../base/limits.ts";
import type { Tag } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { allow, maybe, maybeText, parseXml, type XmlElement } from "../../common/xml-read.ts";
import { authorise } from "../access.ts";
import { smallBody } from "../body.ts";
import { operation, type Need } from "../operation.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { checkTags, tagSetOf } from "../read/tags.ts";
import type { S3Request } from "../request.ts";

const OWNERSHIP = "x-amz-object-ownership";
const OBJECT_LOCK = "x-amz-bucket-object-lock-enabled";

function needs(req: S3Request): readonly Need[] {
  assert(req.bucketName !== undefined, "the route names a bucket");
  const bucket = req.bucketName;
  const found: Need[] = [{ action: "s3:CreateBucket", bucket }];
  if (req.headers.has("x-amz-acl")) found.push({ action: "s3:PutBucketAcl", bucket });
  if (req.headers.has(OWNERSHIP)) found.push({ action: "s3:PutBucketOwnershipControls", bucket });
  return found;
}

export const CreateBucket = operation({
  name: "CreateBucket",
  route: { method: "PUT", target: "bucket" },
  createsBucket: true,
  needs,
  parse: async (req) => {
    assert(req.bucketName !== undefined, "the route names a bucket");
    refuseUnhonoured(req);
    for (const [name, honoured] of [
      [OWNERSHIP, "BucketOwnerEnforced"],
      [OBJECT_LOCK, "false"],
    ] as const) {
      const value = req.header(name);
      if (value !== undefined && value.toLowerCase() !== honoured.toLowerCase()) {
        failHeader(name);
      }
    }
    const body = await smallBody(req, { required: false });
    const tags = body.length === 0 ? undefined : configuration(body, req.deps.region);
    if (body.length === 0) checkRegion(undefined, req.deps.region);
    // Tags stand in the body, so their right is asked for here. None need none.
    if (tags !== undefined && tags.length > 0)
      await authorise(req, [{ action: "s3:TagResource", bucket: req.bucketName }]);
    return { name: req.bucketName, region: req.deps.region, ...(tags === undefined ? {} : { tags }) };
  },
  handle: ({ name, ...input }, req) => req.deps.buckets.create(req.caller, name, input),
  respond: (bucket) => emptyAnswer(200, ["Location", `/${bucket.name}`]),
});

function configuration(body: Uint8Array, region: string): readonly Tag[] | undefined {
  const root = parseXml(body, "CreateBucketConfiguration");
  allow(root, "LocationConstraint", "Location", "Bucket", "Tags");
  // Both belong to directory buckets.
  if (maybe(root, "Location") !== undefined || maybe(root, "Bucket") !== undefined) {
    fail("NotImplemented", "Directory buckets are not implemented");
  }
  checkRegion(maybeText(root, "LocationConstraint")?.trim(), region);
  const tags: XmlElement | undefined = maybe(root, "Tags");
  return tags === undefined ? undefined : checkTags(tagSetOf(tags), BUCKET_TAGS_MAX, "new bucket");
}

/** us-east-1 is the region without a name; every other one must be said, and be this one. */
function checkRegion(constraint: string | undefined, region: string): void {
  const asked = constraint === "EU" ? "eu-west-1" : constraint;
  if (region === "us-east-1" && asked === region) {
    fail("InvalidLocationConstraint", { elements: { LocationConstraint: asked } });
  }
  if ((asked === undefined || asked === "" ? "us-east-1" : asked) === region) return;
  const shown = asked === undefined || asked === "" ? "unspecified" : asked;
  fail(
    "IllegalLocationConstraintException",
    `The ${shown} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}
