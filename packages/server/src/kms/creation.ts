/** CreateKey (spec kms 7): defaults, what goes together, the policy's checks. */
import { fail } from "../base/errors.ts";
import { keyArn, newKeyId, newMultiRegionKeyId } from "../base/ids.ts";
import { requireNoLockout, requirePlainAccess, requireTagging } from "./authorise.ts";
import { retried } from "./change.ts";
import { bypassCondition, specConditions, tagConditions } from "./conditions.ts";
import { insertKey } from "./insert.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { type KeyMetadata, keyMetadata } from "./metadata.ts";
import type { KeyOrigin, Tag } from "./model.ts";
import { boundPolicy, defaultPolicy } from "./policies.ts";
import { type KeySpec, type KeyUsage, SPECS } from "./specs.ts";
import { checkTags } from "./tags.ts";

export interface NewKey {
  readonly policy?: string | undefined;
  readonly description?: string | undefined;
  readonly usage?: KeyUsage | undefined;
  readonly spec?: KeySpec | undefined;
  readonly customerMasterKeySpec?: KeySpec | undefined;
  readonly origin?: "AWS_KMS" | "EXTERNAL" | "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE" | undefined;
  readonly multiRegion?: boolean | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly bypassLockoutCheck?: boolean | undefined;
  readonly customKeyStore?: boolean | undefined;
}

/** Spec kms 3.2: defaults and the texts of impossible pairs. */
function specAndUsage(input: NewKey): { readonly spec: KeySpec; readonly usage: KeyUsage } {
  if (input.spec !== undefined && input.customerMasterKeySpec !== undefined)
    fail("ValidationException", "You cannot specify KeySpec and CustomerMasterKeySpec in the same request.");
  const spec = input.spec ?? input.customerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  const usage = input.usage ?? (spec === "SYMMETRIC_DEFAULT" ? "ENCRYPT_DECRYPT" : undefined);
  if (usage === undefined)
    return fail(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  if (!SPECS[spec].usages.includes(usage))
    fail("ValidationException", `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  return { spec, usage };
}

function supportedOrigin(input: NewKey, spec: KeySpec): KeyOrigin {
  if (
    input.customKeyStore === true ||
    input.origin === "AWS_CLOUDHSM" ||
    input.origin === "EXTERNAL_KEY_STORE"
  )
    fail("UnsupportedOperationException", "Custom key stores are not supported.");
  if (!SPECS[spec].supported) fail("UnsupportedOperationException", `KeySpec ${spec} is not supported.`);
  if (input.origin === "EXTERNAL" && !SPECS[spec].importable)
    fail("UnsupportedOperationException", `Key material of KeySpec ${spec} cannot be imported.`);
  return input.origin ?? "AWS_KMS";
}

export async function createKey(k: Kernel, requester: Requester, input: NewKey): Promise<KeyMetadata> {
  const { spec, usage } = specAndUsage(input);
  const multiRegion = input.multiRegion ?? false;
  const tags = input.tags ?? [];
  checkTags(tags);
  await requirePlainAccess(k, requester, "kms:CreateKey", "*", {
    ...Object.fromEntries(specConditions({ spec, usage })),
    "kms:keyorigin": input.origin ?? "AWS_KMS",
    "kms:multiregion": String(multiRegion),
    ...(multiRegion && { "kms:multiregionkeytype": "PRIMARY" }),
    ...bypassCondition(input.bypassLockoutCheck),
    ...tagConditions(tags),
  });
  await requireTagging(k, requester, tags);
  const origin = supportedOrigin(input, spec);
  const bound = await boundPolicy(k.principals, input.policy ?? defaultPolicy(requester.account));
  const draft = {
    account: requester.account,
    manager: "CUSTOMER",
    origin,
    usage,
    spec,
    multiRegion,
    state: { kind: origin === "EXTERNAL" ? "PendingImport" : "Enabled" },
    description: input.description ?? "",
    aliases: [],
    ...bound,
    tags,
  } as const;
  const admit = (keys: number): void => {
    if (keys >= k.keysPerAccountMax)
      fail("LimitExceededException", `Cannot exceed quota for KMS keys: ${k.keysPerAccountMax}`);
  };
  return retried(async () => {
    // Said before the material is made, which may take long; decided by the commit.
    admit(await k.rows.keyCount(draft.account));
    const keyId = multiRegion ? newMultiRegionKeyId() : newKeyId();
    // The default locks nobody out of the account: who may make keys, but not change policies, makes them under it.
    if (input.policy !== undefined && input.bypassLockoutCheck !== true)
      await requireNoLockout(k, requester, draft, keyArn(k.region, draft.account, keyId), {
        more: bypassCondition(input.bypassLockoutCheck),
      });
    const key = await insertKey(k, { ...draft, keyId }, { admit });
    return key === undefined ? "again" : { done: keyMetadata(key, k.region, k.clock.now()) };
  });
}
