import type { DeleteInput, DeleteResult } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { operation, ownBucket } from "../operation.ts";
import { deleteNeeds } from "../read/delete-needs.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { unquote } from "../read/preconditions.ts";
import { versionHeader } from "../show/object.ts";

export const DeleteObject = operation({
  name: "DeleteObject",
  route: { method: "DELETE", target: "object" },
  needs: (req) =>
    deleteNeeds(req, req.key, req.query.get("versionId"), {
      ifMatch: req.header("if-match")?.trim(),
      inBody: false,
    }),
  parse: (req): DeleteInput => {
    refuseUnhonoured(req);
    const { versionId } = req;
    const ifMatch = req.header("if-match");
    return {
      key: req.key,
      ...(versionId === undefined ? {} : { versionId }),
      ...(ifMatch === undefined ? {} : { ifMatch: unquote(ifMatch.trim()) }),
    };
  },
  hidesMissing: ownBucket,
  handle: (input, req) => req.deps.objects.delete(req.caller, req.bucket, input),
  respond: (result) => emptyAnswer(204, deletedHeaders(result)),
});

function deletedHeaders({ versionId, deleteMarker }: DeleteResult): readonly string[] {
  const marker = deleteMarker ? ["x-amz-delete-marker", "true"] : [];
  return [...versionHeader(versionId), ...marker];
}
