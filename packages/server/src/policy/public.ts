/** When a bucket policy counts as public (spec access 5.1): for public access block and GetBucketPolicyStatus. */
import type { Condition } from "./condition.ts";
import { parseIpRange } from "./ip.ts";
import type { Statement } from "./policy.ts";

/** Keys that narrow `*` down to somebody, when their value is fixed. */
const PINNING = new Set([
  "aws:sourcearn",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:sourceowner",
  "aws:sourceaccount",
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:userid",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
  "s3:dataaccesspointarn",
  "s3:dataaccesspointaccount",
]);
/** Positive operators only; IfExists and ForAllValues are true when the key is absent, so they pin nothing. */
const FIXING = new Set(["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"]);

export const isPublicPolicy = (statements: readonly Statement[]): boolean =>
  statements.some(isPublicStatement);

function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect !== "Allow" || principals === undefined) return false;
  return principals.patterns.some((pattern) => pattern.kind === "everyone") && !conditions.some(pins);
}

function pins(condition: Condition): boolean {
  if (condition.type === "null" || condition.sources.length === 0) return false;
  if (condition.ifExists || condition.qualifier === "all" || condition.negated) return false;
  if (condition.key === "aws:sourceip") {
    return condition.operator.endsWith("IpAddress") && condition.sources.every(isNarrow);
  }
  return (
    PINNING.has(condition.key) &&
    FIXING.has(condition.operator.replace(/^ForAnyValue:/, "")) &&
    condition.sources.every((source) => !/[*?]|\$\{/.test(source))
  );
}

const V4_BITS_MIN = 8;
const V6_BITS_MIN = 32;
function isNarrow(source: string): boolean {
  const range = parseIpRange(source);
  if (range === undefined) return false;
  return range.prefixBits >= (range.bytes.length === 4 ? V4_BITS_MIN : V6_BITS_MIN);
}
