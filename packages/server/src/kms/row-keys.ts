/** Row keys of table `kms`: a kind, the owner, the name. Ids and names hold no NUL, so fields end with one. */
import type { AccountId } from "../base/ids.ts";

/** Rows of one kind stand together and in the order of account and name. */
export type RowKind =
  | "alias"
  | "blob"
  | "gone"
  | "grant"
  | "grantee"
  | "grantname"
  | "key"
  | "material"
  | "removal"
  | "retiring"
  | "texts"
  | "usage";

const encoder = new TextEncoder();
export const FIELD_END: Uint8Array = encoder.encode("\0");

const named = (kind: RowKind, ...fields: readonly string[]): Uint8Array =>
  encoder.encode([kind, ...fields].join("\0"));

export const keyRow = (account: AccountId, keyId: string): Uint8Array => named("key", account, keyId);
export const textsRow = (account: AccountId, keyId: string): Uint8Array => named("texts", account, keyId);
export const usageRow = (account: AccountId, keyId: string): Uint8Array => named("usage", account, keyId);
export const goneRow = (account: AccountId, keyId: string): Uint8Array => named("gone", account, keyId);
/** One row, of no account: its revision changes with every commit that removes material. */
export const removalRow: Uint8Array = named("removal");
export const aliasRow = (account: AccountId, name: string): Uint8Array => named("alias", account, name);
export const materialRow = (account: AccountId, keyId: string, materialId: string): Uint8Array =>
  named("material", account, keyId, materialId);
export const blobRow = (blobName: Uint8Array): Uint8Array =>
  named("blob", Buffer.from(blobName).toString("hex"));

export const grantRow = (account: AccountId, keyId: string, grantId: string): Uint8Array =>
  named("grant", account, keyId, grantId);
export const granteeRow = (account: AccountId, keyId: string, grantee: string, grantId: string): Uint8Array =>
  named("grantee", account, keyId, grantee, grantId);
export const grantNameRow = (account: AccountId, keyId: string, name: string, grantId: string): Uint8Array =>
  named("grantname", account, keyId, name, grantId);
/** Of stores of before: one row for a name, whose grant is the latest of that name. */
export const oldGrantNameRow = (account: AccountId, keyId: string, name: string): Uint8Array =>
  named("grantname", account, keyId, name);
export const retiringRow = (
  account: AccountId,
  principal: string,
  keyId: string,
  grantId: string,
): Uint8Array => named("retiring", account, principal, keyId, grantId);

/** All rows whose first fields are these: from (inclusive) and to (exclusive). */
export function rangeBelow(
  kind: RowKind,
  ...fields: readonly string[]
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const head = [kind, ...fields].join("\0");
  return { from: encoder.encode(`${head}\0`), to: encoder.encode(`${head}\u0001`) };
}

/** All rows of a kind, or those of one account: from (inclusive) and to (exclusive). */
export function rangeOf(
  kind: RowKind,
  account?: AccountId,
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const head = account === undefined ? kind : `${kind}\0${account}`;
  return { from: encoder.encode(`${head}\0`), to: encoder.encode(`${head}\u0001`) };
}
