/** What the key service's functions share. Built once by `open.ts`; holds no state of its own. */
import type { Authoriser } from "../base/access.ts";
import { accountOf, type Caller, type Principal } from "../base/caller.ts";
import type { Clock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { type AccountId, type KeyArn, keyArn } from "../base/ids.ts";
import type { Tokens } from "../store/tokens.ts";
import type { GrantRows } from "./grant-rows.ts";
import type { KeyNames } from "./key-id.ts";
import type { Materials } from "./materials.ts";
import type { KeyRecord } from "./model.ts";
import type { KeyPrincipals } from "./policies.ts";
import type { Rows } from "./rows.ts";
import type { Dependents } from "./tombstone.ts";
import type { NotedUse, Usage } from "./usage.ts";

/** What the service does by itself is told before it is done, and when it is. */
export type Phase = "intent" | "done";

/**
 * What the service reports to whoever watches. None of it is secret. Where a promise is returned it is waited for; one of an
 * intent that rejects keeps the thing from being done.
 */
export interface KmsHooks {
  /** One cryptographic call that was carried out (`strongroom_kms_calls_total{operation}`). */
  kmsCall(operation: string): void;
  /** New material becomes current. */
  keyRotated?(
    event: {
      readonly keyArn: KeyArn;
      readonly type: "AUTOMATIC" | "ON_DEMAND";
      readonly previousMaterialId: string | undefined;
      readonly currentMaterialId: string;
    },
    phase: Phase,
  ): void | Promise<void>;
  /** Imported material reached its end and is removed. */
  materialExpired?(
    event: { readonly keyArn: KeyArn; readonly materialId: string },
    phase: Phase,
  ): void | Promise<void>;
  /** Deletion was asked for; until its date it can be cancelled. */
  deletionScheduled?(event: {
    readonly keyArn: KeyArn;
    readonly deletionMs: number;
    readonly by: string;
  }): void;
  /** A key and its material are destroyed, by schedule. All that it had is named, also where a run before began with it. */
  keyDeleted?(
    event: {
      readonly keyArn: KeyArn;
      readonly materialIds: readonly string[];
      readonly aliases: readonly string[];
    },
    phase: Phase,
  ): void | Promise<void>;
}

/** Finds what names these keys. Of the layers above, which know versions and uploads. */
export type CountDependents = (
  keys: readonly { readonly account: AccountId; readonly keyId: string }[],
) => Promise<readonly Dependents[]>;

export interface Kernel {
  readonly region: string;
  readonly names: KeyNames;
  readonly rows: Rows;
  readonly grants: GrantRows;
  readonly materials: Materials;
  readonly usage: Usage;
  readonly authoriser: Authoriser;
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly hooks: KmsHooks;
  readonly keysPerAccountMax: number;
  /** Absent: tombstones stay without counts. */
  readonly countDependents?: CountDependents;
  /** Absent: key policies go by ARNs alone. */
  readonly principals?: KeyPrincipals;
}

/** A caller with an account, and whether the call came through S3 on its behalf. */
export interface Requester {
  readonly caller: Caller;
  readonly account: AccountId;
  readonly arn: string;
  readonly via: "direct" | "s3";
  /** Filled on the way, also where the call is then refused: what the audit record of the call names. */
  readonly seen: SeenKeys;
}

export interface SeenKeys {
  readonly arns: KeyArn[];
  readonly refused: RefusedKeys;
  readonly materialIds: string[];
  /** Uses that succeeded. */
  readonly uses: NotedUse[];
}

/** Of other accounts, which did not let the caller in. */
export interface RefusedKeys {
  /** As the caller named them by ARN, whether there or not: what its own record may name. */
  readonly named: KeyArn[];
  /** Those that are there: their owners hear of it, and nobody else. */
  readonly keys: KeyArn[];
}

/** Which record of the trail tells of the request's uses: known once it is written. */
export function nameUses({ uses }: SeenKeys, requestId: string, eventId: string): void {
  for (const use of uses) {
    use.requestId = requestId;
    use.eventId = eventId;
  }
}

export const nothingSeen = (): SeenKeys => ({
  arns: [],
  refused: { named: [], keys: [] },
  materialIds: [],
  uses: [],
});

/** A key that the call came to; denied calls name it too, but for {@link RefusedKeys}. */
export function noteKey({ seen }: Requester, arn: KeyArn): void {
  if (seen.arns.at(-1) !== arn) seen.arns.push(arn);
}
export function noteMaterial({ seen }: Requester, materialId: string): void {
  seen.materialIds.push(materialId);
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
  return { caller, account, arn: principal.arn, via, seen: nothingSeen() };
}

/** How grants may name a principal: by ARN and unique id, its own, its role's, its account's root. */
export function principalNames(principal: Principal): readonly string[] {
  switch (principal.kind) {
    case "anonymous":
    case "internal":
      return [];
    case "root":
      return [principal.arn];
    case "federated":
      return [principal.arn, `arn:aws:iam::${principal.account}:root`];
    case "user":
      return [principal.arn, principal.userId, `arn:aws:iam::${principal.account}:root`];
    case "role-session": {
      const { arn, userId, roleArn, account } = principal;
      const [roleId = userId] = userId.split(":");
      return [arn, userId, roleArn, roleId, `arn:aws:iam::${account}:root`];
    }
  }
}

export const arnOf = (k: Kernel, key: Pick<KeyRecord, "account" | "keyId">): KeyArn =>
  keyArn(k.region, key.account, key.keyId);
