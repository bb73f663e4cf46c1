import { DecisionSteps } from "../../../base/decision-steps.ts";
import { fail, ServiceError } from "../../../base/errors.ts";
import { parseObjectKey } from "../../../base/ids.ts";
import { DELETE_KEYS_MAX, DELETES_AT_ONCE } from "../../../base/limits.ts";
import type { DeleteInput } from "../../../objects/api.ts";
import { xmlAnswer } from "../../common/answer.ts";
import {
  allow,
  booleanOf,
  many,
  maybeText,
  one,
  parseXml,
  textOf,
  type XmlElement,
} from "../../common/xml-read.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { decide, denialMessage, hideMissing } from "../access.ts";
import { smallBody } from "../body.ts";
import { operation } from "../operation.ts";
import { deleteNeeds } from "../read/delete-needs.ts";
import { refuseUnhonoured } from "../read/headers.ts";
import { unquote } from "../read/preconditions.ts";
import type { S3Request } from "../request.ts";

interface Target {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly ifMatch: string | undefined;
}

/** Up to a thousand keys. Rights are asked for key by key, and each failure is an entry of a 200 (spec access 8). */
export const DeleteObjects = operation({
  name: "DeleteObjects",
  route: { method: "POST", target: "bucket", query: ["delete"] },
  needs: (req) => (mayBeAllowed(req) ? [] : [{ action: "s3:DeleteObject", bucket: req.bucket }]),
  parse: async (req) => {
    refuseUnhonoured(req);
    const root = parseXml(await smallBody(req, { required: true }), "Delete");
    allow(root, "Object", "Quiet");
    const targets = many(root, "Object").map(targetOf);
    if (targets.length === 0 || targets.length > DELETE_KEYS_MAX) fail("MalformedXML");
    return { targets, quiet: booleanOf(maybeText(root, "Quiet") ?? "false") };
  },
  handle: async ({ targets, quiet }, req) => {
    const entries: string[] = [];
    const audited: Audited[] = [];
    req.audited = { keys: audited };
    const steps = new DecisionSteps();
    for (let i = 0; i < targets.length; i += DELETES_AT_ONCE) {
      const batch: ReturnType<typeof deleteOne>[] = [];
      for (const target of targets.slice(i, i + DELETES_AT_ONCE)) {
        if (steps.turnIsOver) await steps.pause();
        batch.push(deleteOne(req, target, quiet, steps));
      }
      for (const { entry, ...result } of await Promise.all(batch)) {
        if (entry !== "") entries.push(entry);
        audited.push(result);
      }
    }
    return entries;
  },
  respond: (entries) => xmlAnswer(200, s3Document("DeleteResult", entries.join(""))),
});

/** Without credentials and without a policy no key can be allowed: nothing is read then. */
const mayBeAllowed = ({ caller, bucket }: S3Request): boolean =>
  caller.principal.kind !== "anonymous" || bucket.policy !== undefined;

function targetOf(object: XmlElement): Target {
  allow(object, "Key", "VersionId", "ETag", "LastModifiedTime", "Size");
  const etag = maybeText(object, "ETag");
  // Of directory buckets.
  for (const name of ["LastModifiedTime", "Size"])
    if (maybeText(object, name) !== undefined)
      fail("NotImplemented", `${name} is a condition for deletes in directory buckets`);
  return {
    key: textOf(one(object, "Key")),
    versionId: maybeText(object, "VersionId"),
    ifMatch: etag === undefined ? undefined : unquote(etag),
  };
}

const TOO_COSTLY = "The policies in play cost too much for so many keys. Delete fewer keys at a time.";

/** What the record says of a key: an error code, or which version or marker came of it. */
interface Audited {
  readonly key: string;
  readonly versionId?: string;
  readonly deleteMarkerVersionId?: string;
  readonly errorCode?: string;
}

async function deleteOne(
  req: S3Request,
  target: Target,
  quiet: boolean,
  steps: DecisionSteps,
): Promise<Audited & { readonly entry: string }> {
  const of = {
    key: target.key,
    ...(target.versionId === undefined ? {} : { versionId: target.versionId }),
  };
  const named = tag("Key", target.key) + tag("VersionId", target.versionId);
  try {
    if (target.key === "") fail("UserKeyMustBeSpecified");
    const key = parseObjectKey(target.key);
    for (const need of deleteNeeds(req, key, target.versionId, { ifMatch: target.ifMatch, inBody: true })) {
      const decision = await decide(req, need, steps);
      if (decision.kind === "allow") continue;
      // Whoever was let in before the steps ran out stays so.
      if (steps.exhausted) fail("InvalidRequest", TOO_COSTLY);
      fail("AccessDenied", denialMessage(req.caller, need, decision));
    }
    const result = await req.deps.objects.delete(req.caller, req.bucket, inputOf(target, key));
    const { deleteMarker, versionId } = result;
    const audited =
      deleteMarker && versionId !== undefined ? { ...of, deleteMarkerVersionId: versionId } : of;
    if (quiet) return { ...audited, entry: "" };
    const marker = deleteMarker ? tag("DeleteMarker", true) + tag("DeleteMarkerVersionId", versionId) : "";
    return { ...audited, entry: wrap("Deleted", named + marker) };
  } catch (thrown) {
    const error = await hideMissing(req, req.bucket, thrown, steps).catch((failed: unknown) => failed);
    const shown = shownError(error);
    if (shown.status >= 500 && shown.code !== "NotImplemented") {
      req.deps.log.error("a key of many could not be deleted", { requestId: req.exchange.requestId, error });
    }
    const entry = wrap("Error", named + tag("Code", shown.code) + tag("Message", shown.message));
    return { ...of, errorCode: shown.code, entry };
  }
}

/** Of a version id that cannot be one S3 says here that there is no such version; a single delete is InvalidArgument. */
function shownError(error: unknown): ServiceError {
  if (!(error instanceof ServiceError)) return new ServiceError("InternalError", { cause: error });
  const malformed = error.code === "InvalidArgument" && error.elements["ArgumentName"] === "versionId";
  return malformed ? new ServiceError("NoSuchVersion", { cause: error }) : error;
}

function inputOf(target: Target, key: DeleteInput["key"]): DeleteInput {
  const { versionId, ifMatch } = target;
  return {
    key,
    ...(versionId === undefined ? {} : { versionId }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}
