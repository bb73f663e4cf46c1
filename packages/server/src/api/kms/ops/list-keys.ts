import { arnOf } from "../../../kms/kernel.ts";
import { listKeys } from "../../../kms/listing.ts";
import { pageMembers } from "../encode.ts";
import { paging } from "../members.ts";
import { operation } from "../operation.ts";

export const ListKeys = operation({
  name: "ListKeys",
  input: paging,
  handle: (input, { kms, requester }) =>
    listKeys(kms, requester, { limit: input.Limit, marker: input.Marker }),
  respond: (page, _, { kms }) =>
    pageMembers("Keys", page, (key) => ({ KeyId: key.keyId, KeyArn: arnOf(kms, key) })),
});
