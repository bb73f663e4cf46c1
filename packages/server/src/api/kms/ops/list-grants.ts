import { listGrants } from "../../../kms/grant-ends.ts";
import { grantMembers, pageMembers } from "../encode.ts";
import { grantId, keyId, paging, principal } from "../members.ts";
import { operation } from "../operation.ts";

export const ListGrants = operation({
  name: "ListGrants",
  input: { KeyId: keyId, GrantId: grantId, GranteePrincipal: principal, ...paging },
  handle: (input, { kms, requester }) =>
    listGrants(kms, requester, {
      keyId: input.KeyId,
      grantId: input.GrantId,
      grantee: input.GranteePrincipal,
      limit: input.Limit,
      marker: input.Marker,
    }),
  respond: (page, _, { kms }) => pageMembers("Grants", page, (grant) => grantMembers(grant, kms.region)),
});
