/** Values as JSON 1.1 shows them: blobs in base64, times in epoch seconds, pages with Truncated. */
import { epochSeconds } from "../../kms/metadata.ts";
import type { Page } from "../../kms/paging.ts";

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");

/** The one door of secrets: encodes for the answer, and wipes the bytes (best effort: the text lives until it is sent). */
export function secretBase64(bytes: Uint8Array): string {
  const text = base64(bytes);
  bytes.fill(0);
  return text;
}

export const time = epochSeconds;

/** Truncated is always there, NextMarker exactly when there is more. */
export function pageMembers<T>(
  member: string,
  page: Page<T>,
  show: (item: T) => unknown,
): Record<string, unknown> {
  return {
    [member]: page.items.map(show),
    NextMarker: page.nextMarker,
    Truncated: page.nextMarker !== undefined,
  };
}
