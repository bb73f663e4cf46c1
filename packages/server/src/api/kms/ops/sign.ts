import { MESSAGE_TYPES, signBy, SIGNING_ALGORITHMS } from "../../../kms/signing.ts";
import { base64 } from "../encode.ts";
import { dryRun, grantTokens, keyId, plaintext } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const Sign = operation({
  name: "Sign",
  input: {
    KeyId: keyId,
    Message: is.required(plaintext),
    MessageType: is.oneOf(MESSAGE_TYPES),
    GrantTokens: grantTokens,
    SigningAlgorithm: is.required(is.oneOf(SIGNING_ALGORITHMS)),
    DryRun: dryRun,
  },
  handle: (input, { kms, requester }) =>
    signBy(kms, requester, {
      keyId: input.KeyId,
      message: input.Message,
      messageType: input.MessageType,
      algorithm: input.SigningAlgorithm,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    }),
  respond: ({ arn, signature }, input) => ({
    KeyId: arn,
    Signature: base64(signature),
    SigningAlgorithm: input.SigningAlgorithm,
  }),
});
