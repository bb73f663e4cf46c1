/** What STS answers alike. */
import { fail } from "../../base/errors.ts";
import type { AssumedRole } from "../../iam/assume-role.ts";
import type { SessionCredentials } from "../../iam/session-tokens.ts";
import { tag, wrap } from "../common/xml-write.ts";
import { time } from "../query/document.ts";

export const credentials = (issued: SessionCredentials): string =>
  wrap(
    "Credentials",
    tag("AccessKeyId", issued.accessKeyId) +
      tag("SecretAccessKey", issued.secretAccessKey) +
      tag("SessionToken", issued.sessionToken) +
      tag("Expiration", time(issued.expiresAtMs)),
  );

export const assumedRole = (session: AssumedRole): string =>
  credentials(session.credentials) +
  wrap("AssumedRoleUser", tag("AssumedRoleId", session.assumedRoleId) + tag("Arn", session.arn)) +
  tag("PackedPolicySize", session.packedPolicySize) +
  tag("SourceIdentity", session.sourceIdentity);

/** Multi-factor authentication is not offered: a code that cannot be checked must not count. */
export function refuseMfa(input: {
  readonly SerialNumber: string | undefined;
  readonly TokenCode: string | undefined;
}): void {
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined)
    fail("AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.");
}
