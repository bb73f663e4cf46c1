import { deriveSharedSecret } from "../../../kms/signing.ts";
import { secretBase64 } from "../encode.ts";
import { dryRun, grantTokens, keyId, recipient, refuseRecipient } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const DeriveSharedSecret = operation({
  name: "DeriveSharedSecret",
  input: {
    KeyId: keyId,
    KeyAgreementAlgorithm: is.required(is.oneOf(["ECDH"])),
    PublicKey: is.required(is.blob({ min: 1, max: 8192 })),
    GrantTokens: grantTokens,
    DryRun: dryRun,
    Recipient: recipient,
  },
  handle: (input, { kms, requester }) => {
    refuseRecipient(input.Recipient);
    return deriveSharedSecret(kms, requester, {
      keyId: input.KeyId,
      algorithm: input.KeyAgreementAlgorithm,
      publicKey: input.PublicKey,
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    });
  },
  respond: ({ arn, secret, origin }, input) => ({
    KeyId: arn,
    SharedSecret: secretBase64(secret),
    KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
    KeyOrigin: origin,
  }),
});
