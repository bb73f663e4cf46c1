/** The small life of a key: description, enabling, disabling. Creation and deletion have files of their own. */
import type { AccountId, KeyArn } from "../base/ids.ts";
import { changeKey } from "./change.ts";
import { type Entered, enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { isAliasName, parseKeyName } from "./key-id.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import { rotateIfDue } from "./rotation.ts";
import { type KeyMetadata, keyMetadata } from "./metadata.ts";

/** Spec kms 7: the first DescribeKey of `alias/aws/s3` makes the managed key. */
export async function describeKey(
  k: Kernel,
  requester: Requester,
  keyId: string,
  grantTokens?: readonly string[],
): Promise<KeyMetadata> {
  if (namesManagedAlias(k, requester.account, keyId)) await findOrMakeManagedKey(k, requester.account);
  const { key } = await enter(k, requester, "DescribeKey", keyId, { grantTokens });
  return keyMetadata(key, k.region, k.clock.now());
}

function namesManagedAlias(k: Kernel, account: AccountId, keyId: string): boolean {
  if (!keyId.endsWith(MANAGED_ALIAS)) return false;
  const name = parseKeyName(keyId, account, k.region);
  return (
    name.kind === "alias" && name.account === account && isAliasName(name.name) && name.name === MANAGED_ALIAS
  );
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
): Promise<Entered> {
  const kind = operation === "EnableKey" ? "Enabled" : "Disabled";
  return changeKey(k, requester, operation, keyId, ({ key }) =>
    key.state.kind === kind ? key : { ...key, state: { kind } },
  );
}

/** Takes effect on the next use, by every process: nothing above caches a key's state. */
export async function enableKey(k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> {
  const { key, arn } = await setState(k, requester, "EnableKey", keyId);
  // A rotation that came due while the key was disabled happens at once (spec kms 10.7).
  await rotateIfDue(k, key, k.clock.now());
  return arn;
}
export async function disableKey(k: Kernel, requester: Requester, keyId: string): Promise<KeyArn> {
  return (await setState(k, requester, "DisableKey", keyId)).arn;
}
