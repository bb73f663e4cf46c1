import { parseEncryptionContext } from "../../../kms/context.ts";
import { generateDataKeyPair } from "../../../kms/data-key-pairs.ts";
import { base64 } from "../encode.ts";
import { dataKeyPairMembers, pairSpec } from "../members.ts";
import { operation } from "../operation.ts";

export const GenerateDataKeyPairWithoutPlaintext = operation({
  name: "GenerateDataKeyPairWithoutPlaintext",
  input: dataKeyPairMembers,
  handle: (input, { kms, requester }) => {
    return generateDataKeyPair(kms, requester, "GenerateDataKeyPairWithoutPlaintext", {
      keyId: input.KeyId,
      spec: pairSpec(input.KeyPairSpec),
      context: parseEncryptionContext(input.EncryptionContext),
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    });
  },
  respond: (pair, input) => {
    pair.privateKey.fill(0);
    return {
      PrivateKeyCiphertextBlob: base64(pair.blob),

      PublicKey: base64(pair.publicKey),
      KeyId: pair.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: pair.materialId,
    };
  },
});
