import { revokeGrant } from "../../../kms/grant-ends.ts";
import { dryRun, grantId, keyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const RevokeGrant = operation({
  name: "RevokeGrant",
  input: { KeyId: keyId, GrantId: is.required(grantId), DryRun: dryRun },
  handle: (input, { kms, requester }) =>
    revokeGrant(kms, requester, input.KeyId, input.GrantId, input.DryRun),
});
