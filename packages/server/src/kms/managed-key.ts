/** The AWS-managed key `aws/s3`: made on first need, once per account, whichever process gets there first (spec kms 9.4). */
import { type AccountId, newKeyId } from "../base/ids.ts";
import { retried } from "./change.ts";
import type { Kernel } from "./kernel.ts";
import { insertKey } from "./insert.ts";
import { managedPolicy } from "./policies.ts";
import type { HeldKey } from "./rows.ts";

export const MANAGED_ALIAS = "alias/aws/s3";
const DESCRIPTION = "Default key that protects my S3 objects when no other key is defined";

async function findManagedKey(k: Kernel, account: AccountId): Promise<HeldKey | undefined> {
  const alias = await k.rows.alias(account, MANAGED_ALIAS);
  return alias === undefined ? undefined : k.rows.key(account, alias.value.targetKeyId);
}

/** The alias row expects to be absent in the commit that makes the key: of two makers one wins, and both use its key. */
export function findOrMakeManagedKey(k: Kernel, account: AccountId): Promise<HeldKey> {
  return retried(async () => {
    const found = await findManagedKey(k, account);
    if (found !== undefined) return { done: found };
    await insertKey(k, {
      account,
      keyId: newKeyId(),
      manager: "AWS",
      origin: "AWS_KMS",
      usage: "ENCRYPT_DECRYPT",
      spec: "SYMMETRIC_DEFAULT",
      multiRegion: false,
      state: { kind: "Enabled" },
      description: DESCRIPTION,
      aliases: [MANAGED_ALIAS],
      policy: managedPolicy(account, k.region),
      tags: [],
      rotation: { periodDays: 365, nextMs: k.clock.now() + 365 * 86_400_000 },
    });
    return "again";
  });
}
