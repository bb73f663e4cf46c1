import { assumeRoleWithWebIdentity } from "../../../iam/web-identity.ts";
import { tag } from "../../common/xml-write.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import { arn, policyArns, roleSeconds, sessionName, sessionPolicy, webToken } from "../members.ts";
import { assumedRole } from "../show.ts";

/** The identity provider's token stands for a signature. */
export const AssumeRoleWithWebIdentity = operation({
  name: "AssumeRoleWithWebIdentity",
  unsigned: true,
  input: {
    RoleArn: is.required(arn),
    RoleSessionName: sessionName,
    WebIdentityToken: webToken,
    PolicyArns: policyArns,
    Policy: sessionPolicy,
    DurationSeconds: roleSeconds,
  },
  handle: (input, { sts, issuers, caller }) =>
    assumeRoleWithWebIdentity(sts, issuers, caller, {
      roleArn: input.RoleArn,
      sessionName: input.RoleSessionName,
      token: input.WebIdentityToken,
      durationSeconds: input.DurationSeconds,
      policy: input.Policy,
      policyArns: input.PolicyArns?.map((descriptor) => descriptor.arn),
    }),
  respond: (session) =>
    assumedRole(session) +
    tag("SubjectFromWebIdentityToken", session.subject) +
    tag("Provider", session.provider) +
    tag("Audience", session.audience),
});
