/** The Authorization header: whatever comes, it is a claim or a refusal with a wire code. */
import { AuthFailure } from "../../packages/server/src/auth/auth-failure.ts";
import { authError } from "../../packages/server/src/auth/auth-errors.ts";
import { parseAuthorization } from "../../packages/server/src/auth/authorization.ts";
import { type FuzzTarget, invariant, seeds, text } from "./target.ts";

const SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
const SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

export function fuzzAuthorization(bytes: Uint8Array): void {
  try {
    const claim = parseAuthorization(text(bytes));
    const names = claim.signedHeaders;
    invariant(names.includes("host"), "host is signed");
    invariant(
      names.every((name, i) => i === 0 || (names[i - 1] ?? "") < name),
      "signed headers ascend without duplicates",
    );
    invariant(/^[0-9]{8}$/.test(claim.scope.date), "the scope's date is a day");
    invariant(claim.accessKeyId !== "" && !claim.accessKeyId.includes("/"), "the access key id has no slash");
  } catch (error) {
    if (!(error instanceof AuthFailure)) throw error;
    for (const style of ["s3", "json", "query"] as const) authError(error, style);
  }
}

export const target: FuzzTarget = {
  seeds: seeds(
    `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host;range;x-amz-date, Signature=${SIGNATURE}`,
    `AWS4-HMAC-SHA256 Signature=${SIGNATURE},Credential=${SCOPE},SignedHeaders=x-amz-date;host`,
  ),
  words: ["Credential=", "SignedHeaders=", "Signature=", ",", ";", "/", "aws4_request", "host", " "],
  run: fuzzAuthorization,
};
