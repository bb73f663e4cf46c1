/** Listings of objects and versions, and the tokens of their pages. */
import type { ChecksumAlgorithm, ChecksumType } from "./body.ts";

export interface ListInput {
  readonly prefix: string;
  readonly delimiter: string;
  /** Exclusive start: a key, or a common prefix whose keys are all skipped when `afterIsGroup`. */
  readonly after: string;
  readonly afterIsGroup: boolean;
  readonly max: number;
}
export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModifiedMs: number;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}
export interface ListResult {
  readonly items: readonly (
    | { readonly kind: "object"; readonly object: ListedObject }
    | { readonly kind: "group"; readonly prefix: string }
  )[];
  readonly more: boolean;
}
export interface ListedVersion extends ListedObject {
  readonly versionId: string;
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}
export interface ListVersionsInput {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  readonly versionIdMarker?: string;
  readonly afterIsGroup: boolean;
  readonly max: number;
}
export interface ListVersionsResult {
  readonly items: readonly (
    | { readonly kind: "version"; readonly version: ListedVersion }
    | { readonly kind: "group"; readonly prefix: string }
  )[];
  readonly more: boolean;
}

/** Opaque page tokens: the last key, sealed under a key of their own. */
export interface Tokens {
  seal(purpose: string, text: string): string;
  /** Throws InvalidArgument for anything this store did not issue for `purpose`. */
  open(purpose: string, token: string): string;
}
