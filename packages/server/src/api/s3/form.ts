/**
 * Browser uploads (POST Object): the form's fields take the place of headers, its `key` that of the path. Text of fields
 * is UTF-8 and becomes one character per byte, as header values are.
 */
import { authenticatePost, postKey, type PostAuthResult } from "../../auth/authenticate-post.ts";
import { HeaderView } from "../../auth/headers.ts";
import { readPostForm, withinRange } from "../../auth/post-form.ts";
import type { Principal } from "../../base/caller.ts";
import { assert, fail } from "../../base/errors.ts";
import { parseObjectKey } from "../../base/ids.ts";
import { PUT_BYTES_MAX } from "../../base/limits.ts";
import type { Body } from "../../objects/api.ts";
import type { Exchange } from "../common/exchange.ts";
import { SocketSource } from "../common/request-body.ts";
import type { Address } from "./address.ts";
import type { S3Deps } from "./deps.ts";
import { FormBody, FormSource } from "./form-body.ts";
import { ANONYMOUS, asS3Error, identityOf, type Identified } from "./identify.ts";

export async function identifyForm(exchange: Exchange, deps: S3Deps, address: Address): Promise<Identified> {
  const { headers } = exchange.raw;
  assert(address.bucket !== undefined, "a form is posted to a bucket");
  if (headers.has("authorization")) {
    fail("InvalidArgument", {
      message: "Only one auth mechanism allowed; the POST form carries its own signature",
      elements: { ArgumentName: "Authorization" },
    });
  }
  const length = Number(headers.get("content-length") ?? fail("MissingContentLength"));
  if (!(length <= PUT_BYTES_MAX + FORM_OVERHEAD_BYTES_MAX)) fail("EntityTooLarge");
  const contentType = headers.get("content-type") ?? "";
  const source = new FormSource(new SocketSource(exchange.req, exchange.res), contentType);
  const form = await readPostForm(contentType, source);
  let key: string;
  let fields: ReadonlyMap<string, string>;
  let result: PostAuthResult<Principal>;
  try {
    key = postKey(form.fields, form.fileName);
    fields = new Map(form.fields).set("key", key);
    result = await authenticatePost(fields, address.bucket, deps.auth);
  } catch (error) {
    form.discard();
    throw asS3Error(error);
  }
  const range = result.kind === "anonymous" ? undefined : result.sizeRange;
  const file = range === undefined ? form.file : withinRange(form.file, range);
  const view = fieldsAsHeaders(fields);
  return {
    identity: result.kind === "anonymous" ? ANONYMOUS : identityOf(result, "POST"),
    signing: {
      headers: view,
      presigned: false,
      ...(result.kind === "anonymous" ? {} : { signatureAgeMs: result.signatureAgeMs }),
    },
    address: { target: "object", bucket: address.bucket, key: parseObjectKey(key) },
    body: NO_BODY,
    form: { fields: view, open: () => FormBody.open(file, () => source.fileSize(length)) },
  };
}

/** The file is the only body there is, and nobody reads it before the upload has been authorised. */
const NO_BODY: Body = {
  size: 0,
  collect: () => Promise.resolve(new Uint8Array(0)),
  stream: async function* () {},
  trailers: () => new Map(),
};
const FORM_OVERHEAD_BYTES_MAX = 1024 ** 2;

function fieldsAsHeaders(fields: ReadonlyMap<string, string>): HeaderView {
  const raw: string[] = [];
  for (const [name, value] of fields) {
    raw.push(name, Buffer.from(value, "utf8").toString("latin1"));
  }
  return HeaderView.fromRaw(raw);
}
