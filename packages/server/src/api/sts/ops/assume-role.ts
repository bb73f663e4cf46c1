import { assumeRole } from "../../../iam/assume-role.ts";
import { is } from "../../query/schema.ts";
import { operation } from "../call.ts";
import {
  arn,
  externalId,
  policyArns,
  roleSeconds,
  serialNumber,
  sessionName,
  rolePolicy,
  sourceIdentity,
  tagKey,
  tags,
  tokenCode,
} from "../members.ts";
import { assumedRole, refuseMfa } from "../show.ts";

/** The role's trust policy decides, with the caller's own policies: that is the domain's question, not the pipeline's. */
export const AssumeRole = operation({
  name: "AssumeRole",
  input: {
    RoleArn: is.required(arn),
    RoleSessionName: sessionName,
    PolicyArns: policyArns,
    Policy: rolePolicy,
    DurationSeconds: roleSeconds,
    Tags: tags,
    TransitiveTagKeys: is.list(tagKey, 50),
    ExternalId: externalId,
    SerialNumber: serialNumber,
    TokenCode: tokenCode,
    SourceIdentity: sourceIdentity,
  },
  handle: (input, { sts, caller }) => {
    refuseMfa(input);
    return assumeRole(sts, caller, {
      roleArn: input.RoleArn,
      sessionName: input.RoleSessionName,
      durationSeconds: input.DurationSeconds,
      policy: input.Policy,
      policyArns: input.PolicyArns?.map((descriptor) => descriptor.arn),
      tags: (input.Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })),
      transitiveTagKeys: input.TransitiveTagKeys ?? [],
      externalId: input.ExternalId,
      sourceIdentity: input.SourceIdentity,
    });
  },
  respond: assumedRole,
});
