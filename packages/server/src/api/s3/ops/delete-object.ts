import { failArgument } from "../../../base/errors.ts";
import type { DeleteInput, DeleteResult } from "../../../objects/api.ts";
import { emptyAnswer } from "../../common/answer.ts";
import { operation } from "../operation.ts";
import { deleteNeeds } from "../read/delete-needs.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { unquote } from "../read/preconditions.ts";
import type { S3Request } from "../request.ts";
import { versionHeader } from "../show/object.ts";

const MATCH_TIME = "x-amz-if-match-last-modified-time";
const MATCH_SIZE = "x-amz-if-match-size";

export const DeleteObject = operation({
  name: "DeleteObject",
  route: { method: "DELETE", target: "object" },
  needs: (req) =>
    deleteNeeds(req, req.key, req.query.get("versionId"), {
      ifMatch: req.header("if-match")?.trim(),
      comparesMore: req.headers.has(MATCH_TIME) || req.headers.has(MATCH_SIZE),
      inBody: false,
    }),
  parse: (req): DeleteInput => {
    refuseUnhonoured(req);
    const { versionId } = req;
    const ifMatch = req.header("if-match");
    const time = dateOf(req, MATCH_TIME);
    const size = sizeOf(req, MATCH_SIZE);
    return {
      key: req.key,
      ...(versionId === undefined ? {} : { versionId }),
      ...(ifMatch === undefined ? {} : { ifMatch: unquote(ifMatch.trim()) }),
      ...(time === undefined ? {} : { ifMatchLastModifiedMs: time }),
      ...(size === undefined ? {} : { ifMatchSize: size }),
    };
  },
  handle: (input, req) => req.deps.objects.delete(req.caller, req.bucket, input),
  respond: (result) => emptyAnswer(204, deletedHeaders(result)),
});

function deletedHeaders({ versionId, deleteMarker }: DeleteResult): readonly string[] {
  const marker = deleteMarker ? ["x-amz-delete-marker", "true"] : [];
  return [...versionHeader(versionId), ...marker];
}

function dateOf(req: S3Request, name: string): number | undefined {
  const text = req.header(name);
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? failArgument(`Value for ${name} header is invalid.`, name, text) : ms;
}

function sizeOf(req: S3Request, name: string): number | undefined {
  const text = req.header(name);
  if (text === undefined) return undefined;
  return /^[0-9]{1,15}$/.test(text)
    ? Number(text)
    : failArgument(`Value for ${name} header is invalid.`, name, text);
}
