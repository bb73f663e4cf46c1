import { createGrant, GRANT_OPERATIONS } from "../../../kms/grants.ts";
import { dryRun, grantTokens, keyId, principal } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const CreateGrant = operation({
  name: "CreateGrant",
  input: {
    KeyId: keyId,
    GranteePrincipal: is.required(principal),
    RetiringPrincipal: principal,
    Operations: is.required(is.list(is.oneOf(GRANT_OPERATIONS), { max: GRANT_OPERATIONS.length })),
    Constraints: is.structure({
      EncryptionContextSubset: is.stringMap,
      EncryptionContextEquals: is.stringMap,
    }),
    GrantTokens: grantTokens,
    Name: is.text({ min: 1, max: 256, pattern: "^[a-zA-Z0-9:/_-]+$" }),
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    createGrant(kms, requester, {
      keyId: input.KeyId,
      grantee: input.GranteePrincipal,
      retiring: input.RetiringPrincipal,
      operations: input.Operations,
      subset: input.Constraints?.EncryptionContextSubset,
      equals: input.Constraints?.EncryptionContextEquals,
      name: input.Name,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    }),
  respond: ({ token, id }) => ({ GrantToken: token, GrantId: id }),
});
