import { MAC_ALGORITHMS, verifyMac } from "../../../kms/macs.ts";
import { ciphertext, dryRun, grantTokens, keyId, plaintext } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const VerifyMac = operation({
  name: "VerifyMac",
  input: {
    Message: is.required(plaintext),
    KeyId: keyId,
    MacAlgorithm: is.required(is.oneOf(MAC_ALGORITHMS)),
    Mac: is.required(ciphertext),
    GrantTokens: grantTokens,
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    verifyMac(kms, requester, {
      keyId: input.KeyId,
      message: input.Message,
      algorithm: input.MacAlgorithm,
      mac: input.Mac,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    }),
  respond: (arn, input) => ({ KeyId: arn, MacValid: true, MacAlgorithm: input.MacAlgorithm }),
});
