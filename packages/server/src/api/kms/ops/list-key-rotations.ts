import { listRotations } from "../../../kms/rotation.ts";
import { pageMembers, time } from "../encode.ts";
import { keyId, paging } from "../members.ts";
import { operation } from "../operation.ts";
import { is } from "../schema.ts";

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
    })),
});
