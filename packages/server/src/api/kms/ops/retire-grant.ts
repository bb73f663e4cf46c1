import { retireGrant } from "../../../kms/grant-ends.ts";
import { dryRun, grantId, optionalKeyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const RetireGrant = operation({
  name: "RetireGrant",
  input: {
    GrantToken: is.text({ min: 1, max: 8192 }),
    KeyId: optionalKeyId,
    GrantId: grantId,
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    retireGrant(kms, requester, {
      token: input.GrantToken,
      keyId: input.KeyId,
      grantId: input.GrantId,
      dryRun: input.DryRun,
    }),
});
