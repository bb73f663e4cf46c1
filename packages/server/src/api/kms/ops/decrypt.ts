import { parseEncryptionContext } from "../../../kms/context.ts";
import { decrypt } from "../../../kms/decryption.ts";
import { SYMMETRIC } from "../../../kms/use.ts";
import { secretBase64 } from "../encode.ts";
import {
  ciphertext,
  context,
  dryRun,
  dryRunModifiers,
  encryptionAlgorithm,
  givenCiphertext,
  grantTokens,
  optionalKeyId,
  recipient,
  refuseRecipient,
} from "../members.ts";
import { operation } from "../operation.ts";

export const Decrypt = operation({
  name: "Decrypt",
  input: {
    CiphertextBlob: ciphertext,
    EncryptionContext: context,
    GrantTokens: grantTokens,
    KeyId: optionalKeyId,
    EncryptionAlgorithm: encryptionAlgorithm,
    Recipient: recipient,
    DryRun: dryRun,
    DryRunModifiers: dryRunModifiers,
  },
  handle: (input, { kms, requester }) => {
    const blob = givenCiphertext(input);
    refuseRecipient(input.Recipient);
    return decrypt(kms, requester, {
      blob,
      context: parseEncryptionContext(input.EncryptionContext),
      keyId: input.KeyId,
      algorithm: input.EncryptionAlgorithm,
      dryRun: input.DryRun,
      grantTokens: input.GrantTokens,
    });
  },
  respond: ({ plaintext, arn, materialId }, input) => ({
    Plaintext: secretBase64(plaintext),
    KeyId: arn,
    EncryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC,
    KeyMaterialId: materialId,
  }),
});
