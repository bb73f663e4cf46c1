import { parseEncryptionContext } from "../../../kms/context.ts";
import { generateDataKey } from "../../../kms/encryption.ts";
import { base64, secretBase64 } from "../encode.ts";
import { dataKeyBytes, dataKeyMembers, recipient, refuseRecipient } from "../members.ts";
import { operation } from "../operation.ts";

export const GenerateDataKey = operation({
  name: "GenerateDataKey",
  input: { ...dataKeyMembers, Recipient: recipient },
  handle: (input, { kms, requester }) => {
    const bytes = dataKeyBytes(input.KeySpec, input.NumberOfBytes);
    refuseRecipient(input.Recipient);
    return generateDataKey(kms, requester, "GenerateDataKey", {
      keyId: input.KeyId,
      context: parseEncryptionContext(input.EncryptionContext),
      bytes,
      dryRun: input.DryRun,
      grantTokens: input.GrantTokens,
    });
  },
  respond: ({ blob, plaintext, arn, materialId }) => ({
    CiphertextBlob: base64(blob),
    Plaintext: secretBase64(plaintext),
    KeyId: arn,
    KeyMaterialId: materialId,
  }),
});
