/** The key service as the objects layer sees it: S3 calls it as the requester, in-process. */
import { SecretKey } from "@strongroom/crypto";
import type { Caller } from "../base/caller.ts";
import { ServiceError } from "../base/errors.ts";
import { isKeyArn, type KeyArn } from "../base/ids.ts";
import { parseEncryptionContext } from "./context.ts";
import { decrypt } from "./decryption.ts";
import { generateDataKey } from "./encryption.ts";
import { enter, peek, requireUsage } from "./enter.ts";
import { arnOf, type Kernel, type Requester, requesterOf } from "./kernel.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import type { KeyService } from "./port.ts";

const DATA_KEY_BYTES = 32;

/** Stored ARNs name the region that the store had then; the key is the same one. */
function here(k: Kernel, keyId: string): string {
  if (!isKeyArn(keyId)) return keyId;
  const [, , , , account = "", ...rest] = keyId.split(":");
  return `arn:aws:kms:${k.region}:${account}:${rest.join(":")}`;
}

export function embeddedKeyService(k: Kernel): KeyService {
  /** No key id, or the managed key's alias: the account's `aws/s3`, made if it is not there yet. */
  async function keyIdOf(requester: Requester, keyId: string | undefined): Promise<string> {
    if (keyId !== undefined && keyId !== MANAGED_ALIAS) return keyId;
    const { value } = await findOrMakeManagedKey(k, requester.account);
    return value.keyId;
  }

  return {
    async generateDataKey(caller, keyId, context) {
      const requester = requesterOf(caller, "s3", "kms:GenerateDataKey");
      const { arn, blob, plaintext } = await generateDataKey(k, requester, "GenerateDataKey", {
        keyId: await keyIdOf(requester, keyId),
        context: parseEncryptionContext(context),
        bytes: DATA_KEY_BYTES,
      });
      try {
        return { keyArn: arn, blob, plaintext: SecretKey.fromBytes("kek", plaintext) };
      } finally {
        plaintext.fill(0);
      }
    },

    async decrypt(caller, keyArn, blob, context) {
      const requester = requesterOf(caller, "s3", "kms:Decrypt");
      const { plaintext } = await decrypt(k, requester, {
        keyId: here(k, keyArn),
        blob,
        context: parseEncryptionContext(context),
      });
      try {
        return SecretKey.fromBytes("kek", plaintext);
      } finally {
        plaintext.fill(0);
      }
    },

    async authoriseUse(caller, keyId, action, context) {
      const requester = requesterOf(caller, "s3", `kms:${action}`);
      const id = await keyIdOf(requester, keyId);
      const entered = await enter(k, requester, action, action === "Decrypt" ? here(k, id) : id, {
        context: parseEncryptionContext(context),
        algorithm: "SYMMETRIC_DEFAULT",
      });
      requireUsage(entered, "ENCRYPT_DECRYPT", action);
      return entered.arn;
    },
  };
}

/**
 * The ARN of the key that a caller means, for the condition keys of S3 policies only: nobody is let in, and nothing is made.
 * Undefined where there is no such key or no such name; what is wrong with it is said after the rights.
 */
export const keyArnAsMeant =
  (k: Kernel) =>
  async (caller: Caller, keyId: string | undefined): Promise<KeyArn | undefined> => {
    try {
      const requester = requesterOf(caller, "s3", "kms:DescribeKey");
      const held = await peek(k, requester, keyId ?? MANAGED_ALIAS);
      return held === undefined ? undefined : arnOf(k, held.value);
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      throw error;
    }
  };
