import { generateMac, MAC_ALGORITHMS } from "../../../kms/macs.ts";
import { base64 } from "../encode.ts";
import { dryRun, grantTokens, keyId, plaintext } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const GenerateMac = operation({
  name: "GenerateMac",
  input: {
    Message: is.required(plaintext),
    KeyId: keyId,
    MacAlgorithm: is.required(is.oneOf(MAC_ALGORITHMS)),
    GrantTokens: grantTokens,
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    generateMac(kms, requester, {
      keyId: input.KeyId,
      message: input.Message,
      algorithm: input.MacAlgorithm,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    }),
  respond: ({ arn, mac }, input) => ({ Mac: base64(mac), MacAlgorithm: input.MacAlgorithm, KeyId: arn }),
});
