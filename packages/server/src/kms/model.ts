/** What the service stores about a key. Shapes only; rows.ts reads and writes them, metadata.ts shows them. */
import type { AccountId, KeyArn } from "../base/ids.ts";
import type { KeySpec, KeyUsage } from "./specs.ts";

export type KeyOrigin = "AWS_KMS" | "EXTERNAL";
export type KeyManager = "CUSTOMER" | "AWS";

/** States that a record can be in. The others of the API's list never arise in an embedded service. */
export type StoredState =
  | { readonly kind: "Enabled" }
  | { readonly kind: "Disabled" }
  | { readonly kind: "PendingImport" }
  | {
      readonly kind: "PendingDeletion";
      readonly deletionMs: number;
      /** What CancelKeyDeletion goes back to. */
      readonly cancelTo: "Disabled" | "PendingImport";
      /** Destruction has begun: for clients the key is gone, whatever rows a crash may have left. */
      readonly destroying: boolean;
    };

/** One version of a key's secret. The bytes are a row of their own, wrapped under the KMS domain key. */
export interface Material {
  /** 64 hex digits (spec kms 10.9). */
  readonly id: string;
  readonly createdMs: number;
  readonly state: "CURRENT" | "NON_CURRENT" | "PENDING_ROTATION";
  /** How it became current; absent on a key's first material. */
  readonly rotation?: { readonly type: "AUTOMATIC" | "ON_DEMAND"; readonly atMs: number };
}

export interface KeyRecord {
  readonly account: AccountId;
  readonly keyId: string;
  /** The ARN recorded at creation: bound into material and blobs, whatever region name the store serves under later. */
  readonly bornArn: KeyArn;
  /** 16 bytes that name the key in its blobs: the UUID's bytes, or random ones where the id was chosen otherwise. */
  readonly blobName: Uint8Array;
  readonly createdMs: number;
  readonly manager: KeyManager;
  readonly origin: KeyOrigin;
  readonly usage: KeyUsage;
  readonly spec: KeySpec;
  readonly multiRegion: boolean;
  readonly state: StoredState;
  readonly description: string;
  /** In the order in which they became current; none before the first import. */
  readonly materials: readonly Material[];
  /** Names of the aliases that point here, `alias/` included, sorted. */
  readonly aliases: readonly string[];
  /** Automatic rotation; absent = off. */
  readonly rotation?: { readonly periodDays: number; readonly nextMs: number };
  readonly onDemandRotations: number;
  readonly policy: string;
  readonly tags: readonly Tag[];
}

/** What conditions of policies may ask of a key. */
export type KeyAttributes = Pick<
  KeyRecord,
  "account" | "spec" | "usage" | "origin" | "multiRegion" | "aliases" | "tags"
>;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface AliasRecord {
  readonly account: AccountId;
  /** With `alias/`. */
  readonly name: string;
  readonly targetKeyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export function currentMaterial(key: KeyRecord): Material | undefined {
  return key.materials.findLast((m) => m.state === "CURRENT");
}
