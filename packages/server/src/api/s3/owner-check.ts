/** x-amz-expected-bucket-owner: a client's guard against writing into somebody else's bucket of the same name. */
import { fail, failArgument } from "../../base/errors.ts";
import type { Bucket } from "../../objects/api.ts";

export function checkOwner(expected: string | undefined, bucket: Bucket): void {
  if (expected === undefined) return;
  if (!/^[0-9]{12}$/.test(expected)) {
    failArgument(
      "The value of the expected bucket owner parameter must be an AWS Account ID... [12 digits]",
      "x-amz-expected-bucket-owner",
      expected,
    );
  }
  if (expected !== bucket.owner) fail("AccessDenied");
}
