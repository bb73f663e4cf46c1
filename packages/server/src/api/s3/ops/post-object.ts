import { assert, fail } from "../../../base/errors.ts";
import { OBJECT_TAGS_MAX } from "../../../base/limits.ts";
import type { Tag } from "../../../objects/api.ts";
import { emptyAnswer, xmlAnswer, type Answer } from "../../common/answer.ts";
import { tag, wrap, XML_HEAD } from "../../common/xml-write.ts";
import { operation } from "../operation.ts";
import { integrityOf } from "../read/integrity.ts";
import { placementOf, writeNeeds } from "../read/placement.ts";
import { parseTagging } from "../read/tags.ts";
import type { S3Request } from "../request.ts";
import { writtenHeaders } from "../show/object.ts";
import { locationOf } from "../show/location.ts";

/** Clients take back no larger header. */
const REDIRECT_CHARS_MAX = 4096;

/** A browser's upload. Its fields stand where headers would (spec A.4); the pipeline has authenticated the form. */
export const PostObject = operation({
  name: "PostObject",
  route: { method: "POST", target: "bucket" },
  readsForm: true,
  needs: (req) => {
    const needs = writeNeeds(req);
    const { bucket, key } = req;
    if (req.headers.has("acl")) needs.push({ action: "s3:PutObjectAcl", bucket, key });
    const tagging = req.header("tagging");
    if (tagging !== undefined) {
      needs.push({ action: "s3:PutObjectTagging", bucket, key });
      req.askedTags = taggingQuietly(tagging);
    }
    return needs;
  },
  parse: async (req) => {
    const { form } = req;
    assert(form !== undefined, "the pipeline has read the form");
    checkRedirect(req);
    const placement = placementOf(req);
    const tagging = form.fields.get("tagging");
    const tags = tagging === undefined ? placement.tags : taggingOf(tagging);
    const input = { ...placement, tags, integrity: integrityOf(req), conditions: {} };
    return { input, body: await form.open() };
  },
  handle: ({ input, body }, req) => req.deps.objects.put(req.caller, req.bucket, input, body),
  respond: (result, req) => answerForm(req, result.etag, writtenHeaders(result, {})),
});

const taggingOf = (field: string): readonly Tag[] =>
  parseTagging(Buffer.from(field, "latin1"), OBJECT_TAGS_MAX, "object");

/** For conditions, before anything is validated: what cannot be read is no tag. */
function taggingQuietly(field: string): readonly Tag[] {
  try {
    return taggingOf(field);
  } catch {
    return [];
  }
}

function answerForm(req: S3Request, etag: string, written: readonly string[]): Answer {
  const location = locationOf(req);
  const redirect = redirectTarget(req, etag);
  if (redirect !== undefined) return emptyAnswer(303, [...written, "Location", redirect]);
  const headers = [...written, "Location", location];
  switch (req.header("success_action_status")) {
    case "200":
      return emptyAnswer(200, headers);
    case "201":
      return xmlAnswer(
        201,
        XML_HEAD +
          wrap(
            "PostResponse",
            tag("Location", location) +
              tag("Bucket", req.bucket.name) +
              tag("Key", req.key) +
              tag("ETag", `"${etag}"`),
          ),
        headers,
      );
    case undefined:
    default:
      return emptyAnswer(204, headers);
  }
}

/** S3 ignores a target that is no absolute URL of the web. */
function redirectOf(req: S3Request): string | undefined {
  const target = req.header("success_action_redirect") ?? req.header("redirect");
  return target !== undefined && /^https?:\/\/[\x21-\x7e\x80-\xff]+$/i.test(target) ? target : undefined;
}

/** Before anything is stored. */
function checkRedirect(req: S3Request): void {
  if ((redirectOf(req)?.length ?? 0) > REDIRECT_CHARS_MAX)
    fail("InvalidArgument", "success_action_redirect is too long");
}

function redirectTarget(req: S3Request, etag: string): string | undefined {
  const target = redirectOf(req);
  if (target === undefined) return undefined;
  const values = `bucket=${encodeURIComponent(req.bucket.name)}&key=${encodeURIComponent(req.key)}&etag=${encodeURIComponent(`"${etag}"`)}`;
  const hash = target.indexOf("#");
  const base = hash < 0 ? target : target.slice(0, hash);
  return `${base}${base.includes("?") ? "&" : "?"}${values}${hash < 0 ? "" : target.slice(hash)}`;
}
