/** Buckets and their settings. */
import type { ResourcePolicy } from "../../base/access.ts";
import type { Caller } from "../../base/caller.ts";
import type { AccountId, BucketId, BucketName } from "../../base/ids.ts";
import type { BucketEncryption, DefaultEncryption } from "./encryption.ts";

export interface Owner {
  readonly account: AccountId;
  /** 64 hex digits. */
  readonly canonicalId: string;
  readonly displayName: string;
}

export interface Bucket {
  readonly id: BucketId;
  readonly name: BucketName;
  readonly owner: AccountId;
  readonly createdMs: number;
  readonly region: string;
  readonly versioning: "unversioned" | "enabled" | "suspended";
  readonly encryption: BucketEncryption;
  readonly tags: readonly Tag[] | undefined;
  readonly policy: BucketPolicy | undefined;
  /** Undefined: taken away, nothing is blocked. */
  readonly publicAccess: PublicAccess | undefined;
  /** ACLs are off for every bucket; whether its owner wants to see that said. */
  readonly ownershipShown: boolean;
  /** Never empty. */
  readonly cors: readonly CorsRule[] | undefined;
}

/** What pages of other origins may do. Lists as sent, in their order. */
export interface CorsRule {
  readonly id?: string;
  /** May have one `*` each. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** May have one `*` each. */
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** Text of the bucket policy as stored, its revision, and the unique ids that its principals stood for. */
export type BucketPolicy = ResourcePolicy;

/** Block public access (spec access 5.1). */
export interface PublicAccess {
  readonly blockAcls: boolean;
  readonly ignoreAcls: boolean;
  readonly blockPolicy: boolean;
  readonly restrictBuckets: boolean;
}

export type NewBucketPolicy = Omit<BucketPolicy, "revision">;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Buckets {
  /** For the pipeline: cheap, cached by revision. `undefined` where there is none (or it is being deleted). */
  find(name: BucketName): Bucket | undefined | Promise<Bucket | undefined>;
  /** Idempotent for the owner in us-east-1 (200), else BucketAlreadyOwnedByYou / BucketAlreadyExists. */
  create(
    caller: Caller,
    name: BucketName,
    input: { readonly region: string; readonly tags?: readonly Tag[] },
  ): Promise<Bucket>;
  delete(caller: Caller, bucket: Bucket): Promise<void>;
  list(
    caller: Caller,
    input: { readonly prefix: string; readonly after?: string; readonly max: number },
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly more: boolean }>;
  setVersioning(caller: Caller, bucket: Bucket, state: "enabled" | "suspended"): Promise<void>;
  /** `ssecBlocked: undefined` keeps the present state (H.4). `rule: undefined` keeps the present rule (block-only put). */
  putEncryption(
    caller: Caller,
    bucket: Bucket,
    change: { readonly rule?: DefaultEncryption; readonly ssecBlocked?: boolean },
  ): Promise<void>;
  deleteEncryption(caller: Caller, bucket: Bucket): Promise<void>;
  putTags(caller: Caller, bucket: Bucket, tags: readonly Tag[] | undefined): Promise<void>;
  putPolicy(caller: Caller, bucket: Bucket, policy: NewBucketPolicy | undefined): Promise<void>;
  /** `undefined`: nothing is blocked any more. */
  putPublicAccess(caller: Caller, bucket: Bucket, access: PublicAccess | undefined): Promise<void>;
  showOwnership(caller: Caller, bucket: Bucket, shown: boolean): Promise<void>;
  putCors(caller: Caller, bucket: Bucket, rules: readonly CorsRule[] | undefined): Promise<void>;
}
