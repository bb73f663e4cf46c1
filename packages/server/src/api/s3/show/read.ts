/** GET and HEAD answer alike but for the body: status, range, checksum, encryption. */
import type { ReadResult } from "../../../objects/api.ts";
import type { Answer } from "../../common/answer.ts";
import { checksumHeaders, objectHeaders } from "./object.ts";

export function readAnswer(
  result: ReadResult,
  asked: { readonly partNumber?: number; readonly overrides?: ReadonlyMap<string, string> },
): Answer {
  if (result.kind === "not-modified") return { status: 304, headers: objectHeaders(result.facts) };
  const { facts, from, to, body } = result;
  const headers = objectHeaders(facts, asked.overrides);
  if (result.checksum !== undefined) headers.push(...checksumHeaders(result.checksum));
  if (result.partial && to > from) headers.push("Content-Range", `bytes ${from}-${to - 1}/${facts.size}`);
  if (asked.partNumber !== undefined && facts.partCount !== undefined) {
    headers.push("x-amz-mp-parts-count", String(facts.partCount));
  }
  const status = result.partial ? 206 : 200;
  // The writer counts a body that is there in one piece; every other size is said here.
  if (body instanceof Uint8Array) return { status, headers, body };
  headers.push("Content-Length", String(to - from));
  return body === undefined ? { status, headers } : { status, headers, body };
}
