/** How grants end, and how they are listed (spec kms section 8). */
import { fail } from "../base/errors.ts";
import { keyArn } from "../base/ids.ts";
import { randomBytes } from "@strongroom/crypto";
import { deny, mayRetire, requirePlainAccess } from "./authorise.ts";
import { type Attempt, retried } from "./change.ts";
import { enter } from "./enter.ts";
import { granteeName, type HeldGrant } from "./grant-rows.ts";
import { type NamedGrant, openGrantToken } from "./grant-tokens.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { parseKeyName } from "./key-id.ts";
import type { GrantRecord } from "./model.ts";
import { type Page, pageOf, type Paging } from "./paging.ts";
import type { HeldKey } from "./rows.ts";
import { stopIfDryRun } from "./use.ts";

const BOUNDS = { standard: 50, max: 100 };

async function end(k: Kernel, held: HeldKey, grant: HeldGrant): Promise<boolean> {
  const { value: key } = held;
  const count = Math.max((key.grants?.count ?? 0) - 1, 0);
  const edition = Buffer.from(randomBytes(16)).toString("hex");
  return k.rows.commit({
    keys: [{ before: held, after: { ...key, grants: { count, edition } } }],
    with: await k.grants.draft(key, { end: [grant] }),
  });
}

export async function revokeGrant(
  k: Kernel,
  requester: Requester,
  keyId: string,
  grantId: string,
  dryRun: boolean | undefined,
): Promise<void> {
  await retried(async (): Promise<Attempt<void>> => {
    const { held, key } = await enter(k, requester, "RevokeGrant", keyId, {
      more: { "kms:grantisforawsresource": "false" },
    });
    const grant = await k.grants.get(key, grantId);
    if (grant === undefined) return fail("NotFoundException", `Grant ID ${grantId} not found`);
    stopIfDryRun(dryRun);
    return (await end(k, held, grant)) ? { done: undefined } : "again";
  });
}

export interface RetiredGrant {
  readonly token?: string | undefined;
  /** A key ARN (an id of one's own account is taken too), together with `grantId`. */
  readonly keyId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

function nameOf(k: Kernel, requester: Requester, input: RetiredGrant): NamedGrant {
  if (input.token !== undefined) return openGrantToken(k, input.token);
  if (input.keyId === undefined || input.grantId === undefined)
    return fail("ValidationException", "Either a grant token, or a key ID and a grant ID, must be given.");
  const name = parseKeyName(input.keyId, requester.account, k.region);
  if (name.kind === "alias") return fail("NotFoundException", `Invalid keyId '${input.keyId}'`);
  return { account: name.account, keyId: name.keyId, id: input.grantId };
}

export async function retireGrant(k: Kernel, requester: Requester, input: RetiredGrant): Promise<void> {
  const name = nameOf(k, requester, input);
  const arn = keyArn(k.region, name.account, name.keyId);
  await retried(async (): Promise<Attempt<void>> => {
    const held = await k.rows.key(name.account, name.keyId);
    const grant = held === undefined ? undefined : await k.grants.get(name, name.id);
    if (held === undefined || grant === undefined) {
      // Whoever is of another account is not told whether there is such a grant.
      if (name.account !== requester.account) deny(requester, "kms:RetireGrant", arn, NO_GRANT);
      return fail(
        "NotFoundException",
        held === undefined ? `Key '${arn}' does not exist` : `Grant ID ${name.id} not found`,
      );
    }
    await requireRetiring(k, requester, grant.value, held);
    stopIfDryRun(input.dryRun);
    return (await end(k, held, grant)) ? { done: undefined } : "again";
  });
}

const NO_GRANT = "because no grant allows it";

/** Whoever is of another account than the one that made the grant is told no more than of a grant that is not there. */
async function requireRetiring(
  k: Kernel,
  requester: Requester,
  grant: GrantRecord,
  held: HeldKey,
): Promise<void> {
  const decision = await mayRetire(k, requester, grant, held);
  if (decision.kind === "allow") return;
  const reason = grant.issuingAccount === requester.account ? decision.reason : NO_GRANT;
  deny(requester, "kms:RetireGrant", held.arn, reason);
}

export async function listGrants(
  k: Kernel,
  requester: Requester,
  input: {
    readonly keyId: string;
    readonly grantId?: string | undefined;
    readonly grantee?: string | undefined;
  } & Paging,
): Promise<Page<GrantRecord>> {
  const { key, arn } = await enter(k, requester, "ListGrants", input.keyId, {
    more: { "kms:grantisforawsresource": "false" },
  });
  const { grantId } = input;
  const grantee = input.grantee === undefined ? undefined : await nameFor(k, input.grantee);
  if (grantId !== undefined) {
    const grant = await k.grants.get(key, grantId);
    const fits = grant !== undefined && (grantee === undefined || granteeName(grant.value) === grantee);
    return { items: fits ? [await shown(k, grant.value)] : [] };
  }
  const list = { operation: "ListGrants", scope: `${arn}/${grantee ?? ""}` };
  const page = await pageOf(k, list, input, BOUNDS, (after, limit) =>
    k.grants.page(key, grantee, after, limit),
  );
  return { ...page, items: await Promise.all(page.items.map((grant) => shown(k, grant))) };
}

/** The name under which grants of a principal stand: its unique id where it has one. */
const nameFor = async (k: Kernel, arn: string): Promise<string> => (await k.principals?.idOf(arn)) ?? arn;

/** With today's ARNs of its principals, and the bare id of whoever is gone. */
async function shown(k: Kernel, grant: GrantRecord): Promise<GrantRecord> {
  const { granteeId, retiringId } = grant;
  const now = async (id: string): Promise<string> => (await k.principals?.arnOf(id)) ?? id;
  return {
    ...grant,
    ...(granteeId === undefined ? {} : { grantee: await now(granteeId) }),
    ...(retiringId === undefined ? {} : { retiring: await now(retiringId) }),
  };
}

/**
 * Of a principal of the caller's own account, also on keys of other accounts (AWS): it is theirs to know what they may retire.
 * The principal is what the right is asked for.
 */
export async function listRetirableGrants(
  k: Kernel,
  requester: Requester,
  principal: string,
  paging: Paging,
): Promise<Page<GrantRecord>> {
  await requirePlainAccess(k, requester, "kms:ListRetirableGrants", principal);
  const name = await nameFor(k, principal);
  const of = principal.split(":")[4] === requester.account ? "everyAccount" : requester.account;
  const list = { operation: "ListRetirableGrants", scope: `${of}/${name}` };
  const page = await pageOf(k, list, paging, BOUNDS, (after, limit) =>
    k.grants.retirable(of, name, after, limit),
  );
  return { ...page, items: await Promise.all(page.items.map((grant) => shown(k, grant))) };
}
