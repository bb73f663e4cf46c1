/**
 * GetFederationToken (spec access 3.2): a name that whoever holds long-term credentials lends a part of its rights to. The
 * session may do what both its lender and the session's policies allow; without policies, what resource policies give its
 * own ARN.
 */
import { accountOf, type Caller } from "../base/caller.ts";
import { fail } from "../base/errors.ts";
import type { AccountId } from "../base/ids.ts";
import { checkedPolicies, checkedTags, type SessionPolicies, type Sts } from "./assume-role.ts";
import type { Tags } from "./entity-records.ts";
import { sessionOf } from "./request-context.ts";
import { packedSize, type SessionCredentials } from "./session-tokens.ts";

export interface FederationInput extends SessionPolicies {
  readonly name: string;
  readonly durationSeconds?: number | undefined;
  readonly tags: Tags;
}
export interface FederatedSession {
  readonly credentials: SessionCredentials;
  /** `account:name` */
  readonly federatedUserId: string;
  readonly arn: string;
  /** 0 where there is nothing to pack: unlike AssumeRole, this call always tells. */
  readonly packedPolicySize: number;
}

const SECONDS_STANDARD = 43_200;
const ROOT_SECONDS_MAX = 3600;

export const federatedArn = (account: AccountId, name: string): string =>
  `arn:aws:sts::${account}:federated-user/${name}`;

export async function getFederationToken(
  sts: Sts,
  caller: Caller,
  input: FederationInput,
): Promise<FederatedSession> {
  const { principal } = caller;
  const account = accountOf(principal);
  if (account === undefined || (principal.kind !== "root" && principal.kind !== "user") || sessionOf(caller))
    return fail("AccessDenied", "Cannot call GetFederationToken with session credentials");
  const { name, durationSeconds = SECONDS_STANDARD } = input;
  const seconds = principal.kind === "root" ? Math.min(durationSeconds, ROOT_SECONDS_MAX) : durationSeconds;
  const tags = checkedTags(input.tags).map(({ key, value }): [string, string] => [key, value]);
  const scoped = {
    ...(await checkedPolicies(sts.directory, account, input)),
    ...(tags.length === 0 ? {} : { tags }),
  };
  const packedPolicySize = packedSize(scoped) ?? 0;
  const issuedAtMs = Math.floor(sts.clock.now() / 1000) * 1000;
  const credentials = sts.sessions.issue({
    kind: "federation",
    account,
    id: principal.userId,
    name,
    issuedAtMs,
    expiresAtMs: issuedAtMs + seconds * 1000,
    ...scoped,
  });
  return {
    credentials,
    federatedUserId: `${account}:${name}`,
    arn: federatedArn(account, name),
    packedPolicySize,
  };
}
