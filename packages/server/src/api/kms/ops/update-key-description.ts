import { updateDescription } from "../../../kms/lifecycle.ts";
import { description, keyId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const UpdateKeyDescription = operation({
  name: "UpdateKeyDescription",
  input: { KeyId: keyId, Description: is.required(description) },
  handle: (input, { kms, requester }) => updateDescription(kms, requester, input.KeyId, input.Description),
});
