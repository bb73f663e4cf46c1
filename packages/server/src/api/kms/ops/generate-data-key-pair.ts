import { parseEncryptionContext } from "../../../kms/context.ts";
import { generateDataKeyPair } from "../../../kms/data-key-pairs.ts";
import { base64, secretBase64 } from "../encode.ts";
import { dataKeyPairMembers, pairSpec, recipient, refuseRecipient } from "../members.ts";
import { operation } from "../operation.ts";

export const GenerateDataKeyPair = operation({
  name: "GenerateDataKeyPair",
  input: { ...dataKeyPairMembers, Recipient: recipient },
  handle: (input, { kms, requester }) => {
    refuseRecipient(input.Recipient);
    return generateDataKeyPair(kms, requester, "GenerateDataKeyPair", {
      keyId: input.KeyId,
      spec: pairSpec(input.KeyPairSpec),
      context: parseEncryptionContext(input.EncryptionContext),
      grantTokens: input.GrantTokens,
      dryRun: input.DryRun,
    });
  },
  respond: (pair, input) => {
    return {
      PrivateKeyCiphertextBlob: base64(pair.blob),
      PrivateKeyPlaintext: secretBase64(pair.privateKey),
      PublicKey: base64(pair.publicKey),
      KeyId: pair.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: pair.materialId,
    };
  },
});
