import { disableKey } from "../../../kms/lifecycle.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const DisableKey = operation({
  name: "DisableKey",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => disableKey(kms, requester, input.KeyId),
});
