/** The key that a caller means, for the condition keys of S3 policies: nobody is let in by it, and nothing is made. */
import type { Recorder } from "../audit/recorder.ts";
import type { Caller } from "../base/caller.ts";
import { ServiceError } from "../base/errors.ts";
import { type KeyArn, keyArn } from "../base/ids.ts";
import { enter, peek } from "./enter.ts";
import { arnOf, type Kernel, type Requester, requesterOf } from "./kernel.ts";
import { type KeyName, parseKeyName } from "./key-id.ts";
import { MANAGED_ALIAS } from "./managed-key.ts";
import type { EncryptionContext } from "./port.ts";
import { refusalRecorded } from "./record.ts";
import { SYMMETRIC } from "./use.ts";

/** `contexts`: those that the request may come to use the key with. */
export type KeyArnAsMeant = (
  caller: Caller,
  keyId: string | undefined,
  contexts: readonly EncryptionContext[],
) => Promise<KeyArn | undefined>;

/**
 * Undefined where the account has no such key or no such name; what is wrong with it is said after the rights. Of another
 * account's a policy of the requester's own would tell what is there: a key's ARN is as it was named, and an alias is followed
 * for whom its key lets in; others are refused in the words in which the use of the key would be. Throws AccessDeniedException.
 */
export const keyArnAsMeant =
  (k: Kernel, recorder?: Recorder): KeyArnAsMeant =>
  async (caller, keyId = MANAGED_ALIAS, contexts) => {
    const meant = parse(k, caller, keyId);
    if (meant === undefined) return undefined;
    const { requester, name } = meant;
    if (name.account !== requester.account) {
      // Not looked up: a policy of the requester's own would see by the form of the ARN whether there is such a key.
      if (name.kind === "key") return keyArn(k.region, name.account, name.keyId);
      await requireLetIn(k, requester, keyId, contexts, recorder);
    }
    const held = await peek(k, requester, keyId);
    return held && arnOf(k, held.value);
  };

function parse(
  k: Kernel,
  caller: Caller,
  keyId: string,
): { readonly requester: Requester; readonly name: KeyName } | undefined {
  try {
    const requester = requesterOf(caller, "s3", "kms:GenerateDataKey");
    return { requester, name: parseKeyName(keyId, requester.account, k.region) };
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

async function requireLetIn(
  k: Kernel,
  requester: Requester,
  keyId: string,
  [context, ...others]: readonly EncryptionContext[],
  recorder: Recorder | undefined,
): Promise<void> {
  if (context === undefined) throw new ServiceError("AccessDeniedException");
  for (const other of others) if (await isLetIn(k, requester, keyId, other)) return;
  const use = { operation: "GenerateDataKey", keyId, context };
  await refusalRecorded(recorder, requester, use, async () => enterAs(k, requester, keyId, context));
}

async function isLetIn(
  k: Kernel,
  requester: Requester,
  keyId: string,
  context: EncryptionContext,
): Promise<boolean> {
  try {
    await enterAs(k, requester, keyId, context);
    return true;
  } catch (error) {
    if (error instanceof ServiceError && error.code === "AccessDeniedException") return false;
    throw error;
  }
}

async function enterAs(
  k: Kernel,
  requester: Requester,
  keyId: string,
  context: EncryptionContext,
): Promise<void> {
  try {
    await enter(k, requester, "GenerateDataKey", keyId, { context, algorithm: SYMMETRIC });
  } catch (error) {
    // A key that can't be used now: who hears of that is let in.
    if (!(error instanceof ServiceError) || error.code === "AccessDeniedException") throw error;
  }
}
