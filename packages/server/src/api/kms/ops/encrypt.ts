import { parseEncryptionContext } from "../../../kms/context.ts";
import { encrypt } from "../../../kms/encryption.ts";
import { SYMMETRIC } from "../../../kms/use.ts";
import { base64 } from "../encode.ts";
import { context, dryRun, encryptionAlgorithm, grantTokens, keyId, plaintext } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const Encrypt = operation({
  name: "Encrypt",
  input: {
    KeyId: keyId,
    Plaintext: is.required(plaintext),
    EncryptionContext: context,
    GrantTokens: grantTokens,
    EncryptionAlgorithm: encryptionAlgorithm,
    DryRun: dryRun,
  },
  async handle(input, { kms, requester }) {
    try {
      return await encrypt(kms, requester, {
        keyId: input.KeyId,
        plaintext: input.Plaintext,
        context: parseEncryptionContext(input.EncryptionContext),
        algorithm: input.EncryptionAlgorithm,
        dryRun: input.DryRun,
        grantTokens: input.GrantTokens,
      });
    } finally {
      input.Plaintext.fill(0);
    }
  },
  respond: ({ blob, arn }, input) => ({
    CiphertextBlob: base64(blob),
    KeyId: arn,
    EncryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC,
  }),
});
