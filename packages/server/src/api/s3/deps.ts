/** What the S3 service is given. Everything is a port or a value; nothing is made here. */
import type { AuthDeps } from "../../auth/authenticate.ts";
import type { Authoriser } from "../../base/access.ts";
import type { Caller, Principal } from "../../base/caller.ts";
import type { Clock } from "../../base/clock.ts";
import type { AccountId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { EncryptionContext } from "../../kms/port.ts";
import type { Buckets, ObjectsService, Owner, Tokens, UploadsService } from "../../objects/api.ts";
import type { ParseResult } from "../../policy/index.ts";
import type { AuditPort } from "../common/ports.ts";
import type { SlowTiming } from "./slow.ts";

export interface BucketPrincipals {
  /** Parses a policy that is being put; its `bindings` are to be kept beside the text. */
  bind(text: string, bucket: string): Promise<ParseResult>;
  /** The text as it is shown today: present ARNs, and bare ids of principals that are gone. */
  present(text: string, bindings: ReadonlyMap<string, string>, bucket: string): Promise<string>;
}

export interface S3Deps {
  readonly auth: AuthDeps<Principal>;
  readonly authoriser: Authoriser;
  readonly buckets: Buckets;
  readonly objects: ObjectsService;
  readonly uploads: UploadsService;
  readonly tokens: Tokens;
  /** Canonical id and display name of an account. */
  readonly ownerOf: (account: AccountId) => Owner;
  /**
   * The ARN of a KMS key as the caller means it (id, alias, ARN; `undefined` is the account's `aws/s3`), for condition
   * keys only. Undefined if it can't be told; then the value as sent is what policies see. `contexts`: those that the key
   * may come to be used with, by which another account's alias lets the caller in. Throws AccessDeniedException where it
   * doesn't.
   */
  readonly resolveKeyArn?: (
    caller: Caller,
    keyId: string | undefined,
    contexts: readonly EncryptionContext[],
  ) => Promise<string | undefined>;
  /** Who the principals of bucket policies are. Absent: policies go by ARNs alone. */
  readonly principals?: BucketPrincipals;
  readonly audit?: AuditPort;
  /** When a slow operation begins its answer, and how often it shows life; S3's habits by default. */
  readonly slowTiming?: SlowTiming;
  readonly region: string;
  /** Domains under which `bucket.domain` is virtual-hosted addressing; lower case, without port. */
  readonly domains: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}
