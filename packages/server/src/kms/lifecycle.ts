/** The small life of a key: description, enabling, disabling. Creation and deletion have files of their own. */
import type { AccountId, KeyArn } from "../base/ids.ts";
import { changeKey } from "./change.ts";
import { enter } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { isAliasName, parseKeyName } from "./key-id.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import { type KeyMetadata, keyMetadata } from "./metadata.ts";

/** Spec kms 7: the first DescribeKey of `alias/aws/s3` makes the managed key. */
export async function describeKey(k: Kernel, requester: Requester, keyId: string): Promise<KeyMetadata> {
  if (namesManagedAlias(k, requester.account, keyId)) await findOrMakeManagedKey(k, requester.account);
  const { key } = await enter(k, requester, "DescribeKey", keyId);
  return keyMetadata(key, k.region);
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
