/** Pieces of the listing documents. A page of a thousand keys is one string built in one pass. */
import type { ListedObject } from "../../../objects/api.ts";
import { escapeXml, isoDate, tag } from "../../common/xml-write.ts";
import type { Encoding } from "../read/list.ts";

/** Name, prefix and the like: encoded as the client asked; absent if there is nothing to say. */
export function named(name: string, value: string | undefined, { encode }: Encoding): string {
  return value === undefined ? "" : tag(name, encode(value));
}

export function commonPrefix(prefix: string, { encode }: Encoding): string {
  return `<CommonPrefixes><Prefix>${escapeXml(encode(prefix))}</Prefix></CommonPrefixes>`;
}

export function checksumKinds(listed: Pick<ListedObject, "checksumAlgorithm" | "checksumType">): string {
  return tag("ChecksumAlgorithm", listed.checksumAlgorithm) + tag("ChecksumType", listed.checksumType);
}

/** `<Contents>`; `owner` is markup that stands for the owner, or "". */
export function contents(object: ListedObject, { encode }: Encoding, owner: string): string {
  return `<Contents><Key>${escapeXml(encode(object.key))}</Key><LastModified>${isoDate(object.lastModifiedMs)}</LastModified><ETag>&quot;${object.etag}&quot;</ETag>${checksumKinds(object)}<Size>${object.size}</Size>${owner}<StorageClass>STANDARD</StorageClass></Contents>`;
}
