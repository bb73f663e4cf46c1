import { enableKey } from "../../../kms/lifecycle.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const EnableKey = operation({
  name: "EnableKey",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => enableKey(kms, requester, input.KeyId),
});
