/** What the key service's functions share. Built once by `open.ts`; holds no state of its own. */
import type { Authoriser } from "../base/access.ts";
import { accountOf, type Caller } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { type AccountId, type KeyArn, keyArn } from "../base/ids.ts";
import type { Tokens } from "../store/tokens.ts";
import type { Materials } from "./materials.ts";
import type { KeyRecord } from "./model.ts";
import type { Rows } from "./rows.ts";

/** What the service reports to whoever watches. None of it is secret. */
export interface KmsHooks {
  /** One cryptographic call that was carried out (`strongroom_kms_calls_total{operation}`). */
  kmsCall(operation: string): void;
  /** A key and its material were destroyed, by schedule. */
  keyDeleted?(event: {
    readonly keyArn: KeyArn;
    readonly materialIds: readonly string[];
    readonly aliases: readonly string[];
  }): void;
}

export interface Kernel {
  readonly region: string;
  readonly rows: Rows;
  readonly materials: Materials;
  readonly authoriser: Authoriser;
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly hooks: KmsHooks;
}

/** A caller with an account, and whether the call came through S3 on its behalf. */
export interface Requester {
  readonly caller: Caller;
  readonly account: AccountId;
  readonly arn: string;
  readonly via: "direct" | "s3";
}

/** Nobody uses a key without an identity: anonymous requests and the store's own jobs are denied. */
export function requesterOf(caller: Caller, via: "direct" | "s3", action: string): Requester {
  const { principal } = caller;
  const account = accountOf(principal);
  if (account === undefined || principal.kind === "anonymous" || principal.kind === "internal")
    return fail(
      "AccessDeniedException",
      `User: ${principal.kind} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
    );
  return { caller, account, arn: principal.arn, via };
}

export const arnOf = (k: Kernel, key: Pick<KeyRecord, "account" | "keyId">): KeyArn =>
  keyArn(k.region, key.account, key.keyId);
