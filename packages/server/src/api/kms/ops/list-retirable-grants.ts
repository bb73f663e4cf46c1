import { listRetirableGrants } from "../../../kms/grant-ends.ts";
import { grantMembers, pageMembers } from "../encode.ts";
import { paging, principal } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const ListRetirableGrants = operation({
  name: "ListRetirableGrants",
  input: { RetiringPrincipal: is.required(principal), ...paging },
  handle: (input, { kms, requester }) =>
    listRetirableGrants(kms, requester, input.RetiringPrincipal, {
      limit: input.Limit,
      marker: input.Marker,
    }),
  respond: (page, _, { kms }) => pageMembers("Grants", page, (grant) => grantMembers(grant, kms.region)),
});
