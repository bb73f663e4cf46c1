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
      /** Absent in rows written before it was kept. */
      readonly scheduled?: Scheduled;
    };

/** Who asked for a key's deletion, for the certificate of erasure. */
export interface Scheduled {
  readonly atMs: number;
  /** ARN of the principal. */
  readonly by: string;
  readonly requestId: string;
}

/** One version of a key's secret. The bytes are a row of their own, wrapped under the KMS domain key. */
export interface Material {
  /** 64 hex digits (spec kms 10.9). */
  readonly id: string;
  readonly createdMs: number;
  readonly state: "CURRENT" | "NON_CURRENT" | "PENDING_ROTATION";
  /** How it became current; absent on a key's first material. */
  readonly rotation?: { readonly type: "AUTOMATIC" | "ON_DEMAND"; readonly atMs: number };
  /** Imported material only. */
  readonly imported?: Imported;
}

export interface Imported {
  /** False after its removal or expiry: its bytes are gone, until they are imported again. */
  readonly present: boolean;
  /** Absent: it does not expire. */
  readonly validToMs?: number;
  readonly description?: string;
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
  /** Asymmetric keys: SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array;
  /** Names of the aliases that point here, `alias/` included, sorted. */
  readonly aliases: readonly string[];
  /** Automatic rotation; absent = off. */
  readonly rotation?: { readonly periodDays: number; readonly nextMs: number };
  readonly onDemandRotations: number;
  /** How many grants there are, and what changes with any of them. Absent: none were ever made. */
  readonly grants?: { readonly count: number; readonly edition: string };
  readonly policy: string;
  /** Which unique id each principal of the policy stood for when it was put (spec kms 9.2). Absent: ARNs decide. */
  readonly policyBindings?: Readonly<Record<string, string>>;
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

/** A key's last successful cryptographic use. */
export interface KeyUse {
  readonly operation: string;
  readonly requestId: string;
  /** Its record in the trail, where there is one. */
  readonly eventId?: string;
  readonly atMs: number;
}

export interface GrantRecord {
  readonly account: AccountId;
  readonly keyId: string;
  /** 64 hex digits. */
  readonly id: string;
  /** ARN as it was given. */
  readonly grantee: string;
  /** Which user, role or session that was (spec kms 9.2). Absent: the ARN decides. */
  readonly granteeId?: string;
  readonly retiring?: string;
  readonly retiringId?: string;
  /** Without the `kms:` prefix. */
  readonly operations: readonly string[];
  readonly constraint?: {
    readonly kind: "subset" | "equals";
    readonly pairs: ReadonlyMap<string, string>;
  };
  readonly name?: string;
  readonly createdMs: number;
  readonly issuingAccount: AccountId;
}

export interface AliasRecord {
  readonly account: AccountId;
  /** With `alias/`. */
  readonly name: string;
  readonly targetKeyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** A version that its key cannot do without and that is not there, or no longer. */
export const isMissing = ({ imported, state }: Material, nowMs: number): boolean =>
  imported !== undefined &&
  state !== "PENDING_ROTATION" &&
  (!imported.present || (imported.validToMs !== undefined && imported.validToMs <= nowMs));

/** The state that counts: material expires at its time, whether or not a job has seen to it yet. */
export function stateOf(key: Pick<KeyRecord, "state" | "origin" | "materials">, nowMs: number): StoredState {
  const { kind } = key.state;
  if (key.origin !== "EXTERNAL" || (kind !== "Enabled" && kind !== "Disabled")) return key.state;
  return key.materials.some((m) => isMissing(m, nowMs)) ? { kind: "PendingImport" } : key.state;
}

/** The version that a blob names: its id begins with these bytes. */
export const materialNamed = ({ materials }: KeyRecord, shortId: Uint8Array): Material | undefined =>
  materials.find(({ id }) => beginsWith(id, shortId));

const DIGITS = "0123456789abcdef";

/** Digit by digit: text of so few bytes costs more than to compare it. */
function beginsWith(hex: string, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (hex[2 * i] !== DIGITS[byte >>> 4] || hex[2 * i + 1] !== DIGITS[byte & 15]) return false;
  }
  return true;
}

export function currentMaterial(key: KeyRecord): Material | undefined {
  return key.materials.findLast((m) => m.state === "CURRENT");
}
