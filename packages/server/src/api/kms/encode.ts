/** Values as JSON 1.1 shows them: blobs in base64, times in epoch seconds, pages with Truncated. */
import { keyArn } from "../../base/ids.ts";
import { epochSeconds } from "../../kms/metadata.ts";
import type { GrantRecord } from "../../kms/model.ts";
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

/** A grant as both lists show it (spec kms 8). Tokens are never listed. */
export function grantMembers(grant: GrantRecord, region: string): Record<string, unknown> {
  const { constraint } = grant;
  return {
    KeyId: keyArn(region, grant.account, grant.keyId),
    GrantId: grant.id,
    Name: grant.name ?? "",
    CreationDate: time(grant.createdMs),
    GranteePrincipal: grant.grantee,
    RetiringPrincipal: grant.retiring,
    IssuingAccount: `arn:aws:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations,
    Constraints: constraint && {
      [constraint.kind === "equals" ? "EncryptionContextEquals" : "EncryptionContextSubset"]:
        Object.fromEntries(constraint.pairs),
    },
  };
}

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
