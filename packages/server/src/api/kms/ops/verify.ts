import { MESSAGE_TYPES, SIGNING_ALGORITHMS, verifyBy } from "../../../kms/signing.ts";
import { ciphertext, dryRun, grantTokens, keyId, plaintext } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const Verify = operation({
  name: "Verify",
  input: {
    KeyId: keyId,
    Message: is.required(plaintext),
    MessageType: is.oneOf(MESSAGE_TYPES),
    Signature: is.required(ciphertext),
    SigningAlgorithm: is.required(is.oneOf(SIGNING_ALGORITHMS)),
    GrantTokens: grantTokens,
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    verifyBy(kms, requester, {
      keyId: input.KeyId,
      message: input.Message,
      messageType: input.MessageType,
      signature: input.Signature,
      algorithm: input.SigningAlgorithm,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    }),
  respond: (arn, input) => ({ KeyId: arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm }),
});
