import { untagResource } from "../../../kms/tags.ts";
import { keyId, tagKeys } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const UntagResource = operation({
  name: "UntagResource",
  input: { KeyId: keyId, TagKeys: is.required(tagKeys) },
  handle: (input, { kms, requester }) => untagResource(kms, requester, input.KeyId, input.TagKeys),
});
