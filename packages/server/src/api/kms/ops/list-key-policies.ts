import { listKeyPolicies } from "../../../kms/key-policy.ts";
import { keyId, paging } from "../members.ts";
import { operation } from "../operation.ts";

/** A key has one policy, so there is never a second page, and no marker that this operation issued. */
export const ListKeyPolicies = operation({
  name: "ListKeyPolicies",
  input: { KeyId: keyId, ...paging },
  handle: (input, { kms, requester }) => listKeyPolicies(kms, requester, input.KeyId, input.Marker),
  respond: (names) => ({ PolicyNames: names, Truncated: false }),
});
