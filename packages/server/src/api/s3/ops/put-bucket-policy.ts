import { trailHash } from "@strongroom/crypto";
import { accountOf, type Caller } from "../../../base/caller.ts";
import { fail } from "../../../base/errors.ts";
import { POLICY_BYTES_MAX } from "../../../base/limits.ts";
import type { Bucket, NewBucketPolicy } from "../../../objects/api.ts";
import { parsePolicy } from "../../../policy/index.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { smallBody } from "../body.ts";
import { operation, onBucket } from "../operation.ts";
import type { S3Request } from "../request.ts";

export const PutBucketPolicy = operation({
  name: "PutBucketPolicy",
  route: { method: "PUT", target: "bucket", query: ["policy"] },
  needs: onBucket("s3:PutBucketPolicy"),
  parse: async (req) => {
    ownersOnly(req);
    const body = await smallBody(req, { required: false });
    if (body.length === 0) fail("MissingRequestBodyError");
    if (body.length > POLICY_BYTES_MAX)
      fail("MalformedPolicy", "Policy exceeds the maximum allowed document size.");
    const text = policyText(body);
    return boundPolicy(req, text);
  },
  handle: (policy, req) => {
    req.audited = { bucketPolicy: JSON.parse(policy.text), ...previousPolicy(req.bucket) };
    return req.deps.buckets.putPolicy(req.caller, req.bucket, policy);
  },
  respond: () => emptyAnswer(204),
});

/** What the record holds of a policy; who is not there, and what may not be public, is refused. */
async function boundPolicy(req: S3Request, text: string): Promise<NewBucketPolicy> {
  const { caller, bucket, deps } = req;
  const options = { bucket: bucket.name };
  const parsed = await (deps.principals?.bind(text, bucket.name) ?? parsePolicy(text, "bucket", options));
  if (!parsed.ok) return fail("MalformedPolicy", parsed.failure.message);
  if (parsed.policy.isPublic && bucket.publicAccess?.blockPolicy === true)
    fail(
      "AccessDenied",
      `User: ${arnOf(caller)} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${bucket.name}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
    );
  return { text, bindings: parsed.policy.bindings };
}

/** Which policy was replaced or removed, for the audit record: the record of its setting has the text. */
export const previousPolicy = ({ policy }: Pick<Bucket, "policy">): Readonly<Record<string, string>> =>
  policy === undefined
    ? {}
    : { previousPolicySha256: Buffer.from(trailHash(Buffer.from(policy.text))).toString("hex") };

const arnOf = ({ principal }: Caller): string => ("arn" in principal ? principal.arn : principal.kind);

function policyText(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    return fail("MalformedPolicy", { message: "This policy contains invalid Json", cause });
  }
}

/** Other accounts may never touch the policy, even if it lets them (spec access 5). */
export function ownersOnly(req: S3Request): void {
  if (accountOf(req.caller.principal) !== req.bucket.owner) {
    fail("MethodNotAllowed", { elements: { ResourceType: "BUCKETPOLICY" } });
  }
}
