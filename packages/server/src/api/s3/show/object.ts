/** The headers of a version, for GET, HEAD and writes; and the small pieces of XML that many documents share. */
import type { Checksum, ObjectFacts, Owner, Tag, WriteResult } from "../../../objects/api.ts";
import { tag, wrap } from "../../common/xml-write.ts";
import { checksumElement, checksumHeader } from "../read/integrity.ts";
import { encryptionHeaders, type EncryptionParts } from "./encryption.ts";
import { metadataValue } from "./metadata.ts";

/** Names as S3 spells them, by the lower-case ones stored. */
const SPELLING: ReadonlyMap<string, string> = new Map([
  ["content-type", "Content-Type"],
  ["cache-control", "Cache-Control"],
  ["content-disposition", "Content-Disposition"],
  ["content-encoding", "Content-Encoding"],
  ["content-language", "Content-Language"],
  ["expires", "Expires"],
]);

let dateMs = -1;
let dateText = "";
/** RFC 9110 date, whole seconds. The last one is kept: hot objects ask for the same again. */
export function httpDate(ms: number): string {
  if (ms !== dateMs) {
    dateText = new Date(ms).toUTCString();
    dateMs = ms;
  }
  return dateText;
}

export const quotedEtag = (etag: string): string => `"${etag}"`;

/** By facts, which are the same object for reads of the same version. */
const shown = new WeakMap<ObjectFacts, readonly string[]>();

/**
 * Facts that GET and HEAD share, without size and range, in a list of the caller's own. `overrides` by lower-case name
 * (response-*).
 */
export function objectHeaders(facts: ObjectFacts, overrides?: ReadonlyMap<string, string>): string[] {
  if (overrides !== undefined) return listHeaders(facts, overrides);
  let headers = shown.get(facts);
  if (headers === undefined) shown.set(facts, (headers = listHeaders(facts)));
  return headers.slice();
}

function listHeaders(facts: ObjectFacts, overrides?: ReadonlyMap<string, string>): string[] {
  const headers = [
    "Last-Modified",
    httpDate(facts.lastModifiedMs),
    "ETag",
    quotedEtag(facts.etag),
    "Accept-Ranges",
    "bytes",
  ];
  for (const [name, value] of facts.headers) {
    if (overrides?.has(name) !== true) headers.push(SPELLING.get(name) ?? name, value);
  }
  for (const [name, value] of overrides ?? []) headers.push(SPELLING.get(name) ?? name, value);
  if (facts.versionId !== undefined) headers.push("x-amz-version-id", facts.versionId);
  for (const [name, value] of facts.metadata) headers.push(`x-amz-meta-${name}`, metadataValue(value));
  if (facts.tagCount > 0) headers.push("x-amz-tagging-count", String(facts.tagCount));
  headers.push(...encryptionHeaders(facts.encryption));
  return headers;
}

export function checksumHeaders(checksum: Checksum | undefined): readonly string[] {
  if (checksum === undefined) return [];
  return [checksumHeader(checksum.algorithm), checksum.value, "x-amz-checksum-type", checksum.type];
}

/** `<ChecksumCRC32>…</ChecksumCRC32><ChecksumType>…</ChecksumType>` */
export function checksumXml(checksum: Checksum | undefined, withType = true): string {
  if (checksum === undefined) return "";
  const value = tag(checksumElement(checksum.algorithm), checksum.value);
  return withType ? value + tag("ChecksumType", checksum.type) : value;
}

export function versionHeader(versionId: string | undefined): readonly string[] {
  return versionId === undefined ? [] : ["x-amz-version-id", versionId];
}

/** ETag, version, encryption and checksum of a version just written. */
export function writtenHeaders(result: WriteResult, parts: EncryptionParts): string[] {
  return [
    "ETag",
    quotedEtag(result.etag),
    ...versionHeader(result.versionId),
    ...encryptionHeaders(result.encryption, parts),
    ...checksumHeaders(result.checksum),
  ];
}

export function ownerXml(owner: Owner, element = "Owner"): string {
  return wrap(element, tag("ID", owner.canonicalId) + tag("DisplayName", owner.displayName));
}

export function tagSetXml(tags: readonly Tag[]): string {
  let inner = "";
  for (const { key, value } of tags) inner += wrap("Tag", tag("Key", key) + tag("Value", value));
  return wrap("TagSet", inner);
}
