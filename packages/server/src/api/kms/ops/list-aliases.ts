import { aliasArn } from "../../../kms/key-id.ts";
import { listAliases } from "../../../kms/listing.ts";
import { pageMembers, time } from "../encode.ts";
import { optionalKeyId, paging } from "../members.ts";
import { operation } from "../operation.ts";

export const ListAliases = operation({
  name: "ListAliases",
  input: { KeyId: optionalKeyId, ...paging },
  handle: (input, { kms, requester }) =>
    listAliases(kms, requester, input.KeyId, { limit: input.Limit, marker: input.Marker }),
  respond: (page, _, { kms }) =>
    pageMembers("Aliases", page, (alias) => ({
      AliasName: alias.name,
      AliasArn: aliasArn(kms.region, alias.account, alias.name),
      TargetKeyId: alias.targetKeyId,
      CreationDate: time(alias.createdMs),
      LastUpdatedDate: time(alias.updatedMs),
    })),
});
