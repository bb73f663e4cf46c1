import { algorithmMember } from "../../../kms/metadata.ts";
import { getPublicKey } from "../../../kms/signing.ts";
import { base64 } from "../encode.ts";
import { grantTokens, keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const GetPublicKey = operation({
  name: "GetPublicKey",
  input: { KeyId: keyId, GrantTokens: grantTokens },
  handle: (input, { kms, requester }) => getPublicKey(kms, requester, input.KeyId, input.GrantTokens),
  respond: ({ arn, key, publicKey }) => ({
    KeyId: arn,
    PublicKey: base64(publicKey),
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    KeyUsage: key.usage,
    ...algorithmMember(key),
  }),
});
