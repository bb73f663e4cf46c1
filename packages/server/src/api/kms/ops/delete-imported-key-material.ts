import { deleteMaterial } from "../../../kms/import.ts";
import { keyId, materialId } from "../members.ts";
import { operation } from "../operation.ts";

export const DeleteImportedKeyMaterial = operation({
  name: "DeleteImportedKeyMaterial",
  input: { KeyId: keyId, KeyMaterialId: materialId },
  handle: (input, { kms, requester }) => deleteMaterial(kms, requester, input.KeyId, input.KeyMaterialId),
  respond: (gone) => ({ KeyId: gone.arn, KeyMaterialId: gone.materialId }),
});
