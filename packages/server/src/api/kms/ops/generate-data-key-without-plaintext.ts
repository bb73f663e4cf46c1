import { parseEncryptionContext } from "../../../kms/context.ts";
import { generateDataKey } from "../../../kms/encryption.ts";
import { base64 } from "../encode.ts";
import { dataKeyBytes, dataKeyMembers } from "../members.ts";
import { operation } from "../operation.ts";

export const GenerateDataKeyWithoutPlaintext = operation({
  name: "GenerateDataKeyWithoutPlaintext",
  input: dataKeyMembers,
  handle: (input, { kms, requester }) => {
    const bytes = dataKeyBytes(input.KeySpec, input.NumberOfBytes);
    return generateDataKey(kms, requester, "GenerateDataKeyWithoutPlaintext", {
      keyId: input.KeyId,
      context: parseEncryptionContext(input.EncryptionContext),
      bytes,
      dryRun: input.DryRun,
      grantTokens: input.GrantTokens,
    });
  },
  respond: ({ blob, plaintext, arn, materialId }) => {
    plaintext.fill(0);
    return { CiphertextBlob: base64(blob), KeyId: arn, KeyMaterialId: materialId };
  },
});
