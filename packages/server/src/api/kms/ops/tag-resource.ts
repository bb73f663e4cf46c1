import { tagResource } from "../../../kms/tags.ts";
import { keyId, tags, tagsOf } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const TagResource = operation({
  name: "TagResource",
  input: { KeyId: keyId, Tags: is.required(tags) },
  handle: (input, { kms, requester }) => tagResource(kms, requester, input.KeyId, tagsOf(input.Tags)),
});
