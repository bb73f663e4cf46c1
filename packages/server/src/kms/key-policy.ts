/** Get, put and list key policies (spec kms 7). What is got is byte for byte what was put. */
import { fail } from "../base/errors.ts";
import { requireNoLockout } from "./authorise.ts";
import { retried } from "./change.ts";
import { enter } from "./enter.ts";
import { bypassCondition } from "./conditions.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { bindingsOf, boundPolicy } from "./policies.ts";

/** A key has one policy, and this is its name. */
export const POLICY_NAME = "default";

export async function getKeyPolicy(
  k: Kernel,
  requester: Requester,
  keyId: string,
  name: string | undefined,
): Promise<string> {
  const { key } = await enter(k, requester, "GetKeyPolicy", keyId);
  if (name !== undefined && name !== POLICY_NAME) fail("NotFoundException", "No such policy exists");
  const { bindings } = bindingsOf(key);
  if (bindings === undefined || k.principals === undefined) return key.policy;
  return k.principals.present(key.policy, bindings);
}

/** One name, so one page: no marker was ever issued for this list. */
export async function listKeyPolicies(
  k: Kernel,
  requester: Requester,
  keyId: string,
  marker: string | undefined,
): Promise<readonly string[]> {
  await enter(k, requester, "ListKeyPolicies", keyId);
  if (marker !== undefined) fail("InvalidMarkerException");
  return [POLICY_NAME];
}

export async function putKeyPolicy(
  k: Kernel,
  requester: Requester,
  keyId: string,
  policy: string,
  options: { readonly name?: string | undefined; readonly bypassLockoutCheck?: boolean | undefined },
): Promise<void> {
  const bypass = options.bypassLockoutCheck === true;
  const facts = { more: bypassCondition(options.bypassLockoutCheck) };
  await retried(async () => {
    const { held, key, arn } = await enter(k, requester, "PutKeyPolicy", keyId, facts);
    if (options.name !== undefined && options.name !== POLICY_NAME)
      fail("NotFoundException", "No such policy exists");
    const after = { ...key, ...(await boundPolicy(k.principals, policy)) };
    if (!bypass) await requireNoLockout(k, requester, after, arn, facts);
    const ok = await k.rows.commit({ keys: [{ before: held, after }] });
    return ok ? { done: undefined } : "again";
  });
}
