import type { Imported } from "../../../kms/model.ts";
import { listRotations } from "../../../kms/rotation.ts";
import { pageMembers, time } from "../encode.ts";
import { keyId, paging } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

const importMembers = ({ present, validToMs, description }: Imported): Record<string, unknown> => ({
  ImportState: present ? "IMPORTED" : "PENDING_IMPORT",
  KeyMaterialDescription: description,
  ExpirationModel: validToMs === undefined ? "KEY_MATERIAL_DOES_NOT_EXPIRE" : "KEY_MATERIAL_EXPIRES",
  ...(validToMs !== undefined && { ValidTo: time(validToMs) }),
});

export const ListKeyRotations = operation({
  name: "ListKeyRotations",
  input: {
    KeyId: keyId,
    IncludeKeyMaterial: is.oneOf(["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"]),
    ...paging,
  },
  handle: (input, { kms, requester }) =>
    listRotations(kms, requester, input.KeyId, input.IncludeKeyMaterial === "ALL_KEY_MATERIAL", {
      limit: input.Limit,
      marker: input.Marker,
    }),
  respond: (page) =>
    pageMembers("Rotations", page, ({ arn, material }) => ({
      KeyId: arn,
      KeyMaterialId: material.id,
      KeyMaterialState: material.state,
      ...(material.rotation !== undefined && {
        RotationDate: time(material.rotation.atMs),
        RotationType: material.rotation.type,
      }),
      ...(material.imported !== undefined && importMembers(material.imported)),
    })),
});
