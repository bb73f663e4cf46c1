import { describeKey } from "../../../kms/lifecycle.ts";
import { grantTokens, keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const DescribeKey = operation({
  name: "DescribeKey",
  input: { KeyId: keyId, GrantTokens: grantTokens },
  handle: (input, { kms, requester }) => describeKey(kms, requester, input.KeyId, input.GrantTokens),
  respond: (metadata) => ({ KeyMetadata: metadata }),
});
