/** x-amz-expected-bucket-owner: a client's guard against writing into somebody else's bucket of the same name. */
import { fail } from "../../base/errors.ts";
import type { Bucket } from "../../objects/api.ts";

export function checkOwner(expected: string | undefined, bucket: Bucket): void {
  if (expected === undefined) return;
  if (!/^[0-9]{12}$/.test(expected)) {
    fail(
      "InvalidBucketOwnerAWSAccountID",
      `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    );
  }
  if (expected !== bucket.owner) fail("AccessDenied");
}
