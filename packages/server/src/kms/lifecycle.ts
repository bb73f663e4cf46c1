/** Creation and the small life of a key: description, enabling, disabling. Deletion has a file of its own. */
import { fail } from "../base/errors.ts";
import { type AccountId, type KeyArn, keyArn, newKeyId } from "../base/ids.ts";
import { requireNoLockout, requirePlainAccess } from "./authorise.ts";
import { blobNameOf } from "./blob-name.ts";
import { changeKey, retried } from "./change.ts";
import { tagConditions } from "./conditions.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { isAliasName, parseKeyName } from "./key-id.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import { type KeyMetadata, keyMetadata } from "./metadata.ts";
import type { KeyOrigin, KeyRecord, Tag } from "./model.ts";
import { checkPolicy, defaultPolicy } from "./policies.ts";
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
  if (input.customKeyStore === true || input.origin === "AWS_CLOUDHSM" || input.origin === "EXTERNAL_KEY_STORE")
    fail("UnsupportedOperationException", "Custom key stores are not supported.");
  if (input.origin === "EXTERNAL") fail("UnsupportedOperationException", "Imported key material is not supported.");
  if (input.multiRegion === true) fail("UnsupportedOperationException", "Multi-Region keys are not supported.");
  if (!SPECS[spec].supported) fail("UnsupportedOperationException", `KeySpec ${spec} is not supported.`);
  return "AWS_KMS";
}

/** Makes, verifies and commits a key with its first material. False: the id (or its blob name) is taken. */
export async function insertKey(
  k: Kernel,
  key: Omit<KeyRecord, "blobName" | "bornArn" | "materials" | "createdMs" | "onDemandRotations">,
): Promise<KeyRecord | undefined> {
  const createdMs = k.clock.now();
  const bornArn = keyArn(k.region, key.account, key.keyId);
  const made = k.materials.make(bornArn);
  const record: KeyRecord = {
    ...key,
    bornArn,
    createdMs,
    onDemandRotations: 0,
    blobName: blobNameOf(key.keyId),
    materials: [{ id: made.id, createdMs, state: "CURRENT" }],
  };
  const aliases = key.aliases.map((name) => ({
    before: undefined,
    after: { account: key.account, name, targetKeyId: key.keyId, createdMs, updatedMs: createdMs },
  }));
  const ok = await k.rows.commit({
    keys: [{ before: undefined, after: record }],
    aliases,
    materials: [{ key: record, id: made.id, after: made.record }],
  });
  return ok ? record : undefined;
}

export async function createKey(k: Kernel, requester: Requester, input: NewKey): Promise<KeyMetadata> {
  const { spec, usage } = specAndUsage(input);
  const tags = input.tags ?? [];
  checkTags(tags);
  await requirePlainAccess(k, requester, "kms:CreateKey", "*", {
    "kms:keyspec": spec,
    "kms:keyusage": usage,
    "kms:keyorigin": input.origin ?? "AWS_KMS",
    "kms:multiregion": String(input.multiRegion ?? false),
    "kms:bypasspolicylockoutsafetycheck": String(input.bypassLockoutCheck ?? false),
    ...tagConditions(tags),
  });
  if (tags.length > 0) await requirePlainAccess(k, requester, "kms:TagResource", "*", tagConditions(tags));
  const origin = supportedOrigin(input, spec);
  const policy = input.policy ?? defaultPolicy(requester.account);
  checkPolicy(policy);
  const draft = {
    account: requester.account,
    manager: "CUSTOMER",
    origin,
    usage,
    spec,
    multiRegion: false,
    state: { kind: "Enabled" },
    description: input.description ?? "",
    aliases: [],
    policy,
    tags,
  } as const;
  return await retried(async () => {
    const keyId = newKeyId();
    if (input.bypassLockoutCheck !== true) {
      const proposed = { ...draft, keyId, blobName: blobNameOf(keyId), bornArn: keyArn(k.region, draft.account, keyId) };
      await requireNoLockout(
        k,
        requester,
        { ...proposed, createdMs: 0, materials: [], onDemandRotations: 0 },
        proposed.bornArn,
      );
    }
    const key = await insertKey(k, { ...draft, keyId });
    return key === undefined ? "again" : { done: keyMetadata(key, k.region) };
  });
}

/** Spec kms 7: the first DescribeKey of `alias/aws/s3` makes the managed key. */
export async function describeKey(k: Kernel, requester: Requester, keyId: string): Promise<KeyMetadata> {
  if (namesManagedAlias(k, requester.account, keyId)) await findOrMakeManagedKey(k, requester.account);
  const { key } = await enter(k, requester, "DescribeKey", keyId);
  return keyMetadata(key, k.region);
}

function namesManagedAlias(k: Kernel, account: AccountId, keyId: string): boolean {
  if (!keyId.endsWith(MANAGED_ALIAS)) return false;
  const name = parseKeyName(keyId, account, k.region);
  return name.kind === "alias" && name.account === account && isAliasName(name.name) && name.name === MANAGED_ALIAS;
}

export async function updateDescription(
  k: Kernel,
  requester: Requester,
  keyId: string,
  description: string,
): Promise<void> {
  await changeKey(k, requester, "UpdateKeyDescription", keyId, ({ key }) =>
    key.description === description ? key : { ...key, description },
  );
}

async function setState(
  k: Kernel,
  requester: Requester,
  operation: "EnableKey" | "DisableKey",
  keyId: string,
): Promise<KeyArn> {
  const kind = operation === "EnableKey" ? "Enabled" : "Disabled";
  const { arn } = await changeKey(k, requester, operation, keyId, ({ key }) =>
    key.state.kind === kind ? key : { ...key, state: { kind } },
  );
  return arn;
}

/** Takes effect on the next use, by every process: nothing above caches a key's state. */
export const enableKey = (k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> =>
  setState(k, requester, "EnableKey", keyId);
export const disableKey = (k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> =>
  setState(k, requester, "DisableKey", keyId);
