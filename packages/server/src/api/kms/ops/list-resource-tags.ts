import { listResourceTags } from "../../../kms/tags.ts";
import { pageMembers } from "../encode.ts";
import { keyId, paging } from "../members.ts";
import { operation } from "../operation.ts";

export const ListResourceTags = operation({
  name: "ListResourceTags",
  input: { KeyId: keyId, ...paging },
  handle: (input, { kms, requester }) =>
    listResourceTags(kms, requester, input.KeyId, { limit: input.Limit, marker: input.Marker }),
  respond: (page) => pageMembers("Tags", page, (tag) => ({ TagKey: tag.key, TagValue: tag.value })),
});
