import { parseEncryptionContext } from "../../../kms/context.ts";
import { reEncrypt } from "../../../kms/re-encryption.ts";
import { SYMMETRIC } from "../../../kms/use.ts";
import { base64 } from "../encode.ts";
import {
  ciphertext,
  context,
  dryRun,
  dryRunModifiers,
  encryptionAlgorithm,
  givenCiphertext,
  grantTokens,
  keyId,
  optionalKeyId,
} from "../members.ts";
import { operation } from "../operation.ts";

export const ReEncrypt = operation({
  name: "ReEncrypt",
  input: {
    CiphertextBlob: ciphertext,
    SourceEncryptionContext: context,
    SourceKeyId: optionalKeyId,
    DestinationKeyId: keyId,
    DestinationEncryptionContext: context,
    SourceEncryptionAlgorithm: encryptionAlgorithm,
    DestinationEncryptionAlgorithm: encryptionAlgorithm,
    GrantTokens: grantTokens,
    DryRun: dryRun,
    DryRunModifiers: dryRunModifiers,
  },
  handle: (input, { kms, requester }) =>
    reEncrypt(
      kms,
      requester,
      {
        blob: givenCiphertext(input),
        context: parseEncryptionContext(input.SourceEncryptionContext),
        keyId: input.SourceKeyId,
        algorithm: input.SourceEncryptionAlgorithm,
        dryRun: input.DryRun,
        grantTokens: input.GrantTokens,
      },
      {
        keyId: input.DestinationKeyId,
        context: parseEncryptionContext(input.DestinationEncryptionContext),
        algorithm: input.DestinationEncryptionAlgorithm,
        grantTokens: input.GrantTokens,
      },
    ),
  respond: (result, input) => ({
    CiphertextBlob: base64(result.blob),
    SourceKeyId: result.sourceArn,
    KeyId: result.arn,
    SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm ?? SYMMETRIC,
    DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm ?? SYMMETRIC,
    SourceKeyMaterialId: result.sourceMaterialId,
    DestinationKeyMaterialId: result.materialId,
  }),
});
