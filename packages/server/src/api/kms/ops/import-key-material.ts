import { importMaterial } from "../../../kms/import.ts";
import { keyId, materialId } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

export const ImportKeyMaterial = operation({
  name: "ImportKeyMaterial",
  input: {
    KeyId: keyId,
    ImportToken: is.required(is.blob({ min: 1, max: 6144 })),
    EncryptedKeyMaterial: is.required(is.blob({ min: 1, max: 6144 })),
    ValidTo: is.timestamp,
    ExpirationModel: is.oneOf(["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"]),
    ImportType: is.oneOf(["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"]),
    KeyMaterialDescription: is.text({ min: 0, max: 256, pattern: "^[a-zA-Z0-9:/_\\s.-]+$" }),
    KeyMaterialId: materialId,
  },
  handle: (input, { kms, requester }) =>
    importMaterial(kms, requester, {
      keyId: input.KeyId,
      token: input.ImportToken,
      wrapped: input.EncryptedKeyMaterial,
      expires:
        input.ExpirationModel === undefined ? undefined : input.ExpirationModel === "KEY_MATERIAL_EXPIRES",
      validToMs: input.ValidTo,
      type: input.ImportType,
      description: input.KeyMaterialDescription,
      materialId: input.KeyMaterialId,
    }),
  respond: (made) => ({ KeyId: made.arn, KeyMaterialId: made.materialId }),
});
