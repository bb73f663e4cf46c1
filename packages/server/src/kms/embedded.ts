/** The key service as the objects layer sees it: S3 calls it as the requester, in-process. */
import { SecretKey } from "@strongroom/crypto";
import type { Recorder } from "../audit/recorder.ts";
import type { Caller } from "../base/caller.ts";
import { ServiceError } from "../base/errors.ts";
import { isKeyArn, type KeyArn } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import { parseEncryptionContext } from "./context.ts";
import { decryptSoon, headerOf } from "./decryption.ts";
import { generateDataKeySoon } from "./encryption.ts";
import { noteCached, recorded, recordUse } from "./record.ts";
import { currentMaterial, type KeyRecord } from "./model.ts";
import { enter, peek, requireUsage } from "./enter.ts";
import { arnOf, type Kernel, noteMaterial, type Requester, requesterOf } from "./kernel.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import type { KeyService } from "./port.ts";

const DATA_KEY_BYTES = 32;

/** Stored ARNs name the region that the store had then; the key is the same one. */
function here(k: Kernel, keyId: string): string {
  if (keyId.startsWith(`arn:aws:kms:${k.region}:`) || !isKeyArn(keyId)) return keyId;
  const [, , , , account = "", ...rest] = keyId.split(":");
  return `arn:aws:kms:${k.region}:${account}:${rest.join(":")}`;
}

/** `recorder`: each use is put on record as the requester's, refused ones too; S3 waits for it before it answers. */
export function embeddedKeyService(k: Kernel, recorder?: Recorder): KeyService {
  /** No key id, or the managed key's alias: the account's `aws/s3`, made if it is not there yet. */
  function keyIdOf(requester: Requester, keyId: string | undefined): Soon<string> {
    if (keyId !== undefined && keyId !== MANAGED_ALIAS) return keyId;
    return findOrMakeManagedKey(k, requester.account).then(({ value }) => value.keyId);
  }

  return {
    async generateDataKey(caller, keyId, context) {
      const requester = requesterOf(caller, "s3", "kms:GenerateDataKey");
      const use = { operation: "GenerateDataKey", keyId, context };
      const { arn, blob, plaintext } = await recorded(recorder, requester, use, () =>
        andThen(keyIdOf(requester, keyId), (id) =>
          generateDataKeySoon(k, requester, "GenerateDataKey", {
            keyId: id,
            context: parseEncryptionContext(context),
            bytes: DATA_KEY_BYTES,
          }),
        ),
      );
      try {
        return { keyArn: arn, blob, plaintext: SecretKey.fromBytes("kek", plaintext) };
      } finally {
        plaintext.fill(0);
      }
    },

    async decrypt(caller, keyArn, blob, context) {
      const requester = requesterOf(caller, "s3", "kms:Decrypt");
      const use = { operation: "Decrypt", keyId: keyArn, context };
      const { plaintext } = await recorded(recorder, requester, use, () =>
        decryptSoon(k, requester, {
          keyId: here(k, keyArn),
          blob,
          context: parseEncryptionContext(context),
        }),
      );
      try {
        return SecretKey.fromBytes("kek", plaintext);
      } finally {
        plaintext.fill(0);
      }
    },

    async authoriseUse(caller, keyId, action, context, blob) {
      const requester = requesterOf(caller, "s3", `kms:${action}`);
      try {
        const naming = keyIdOf(requester, keyId);
        const id = naming instanceof Promise ? await naming : naming;
        const entering = enter(k, requester, action, action === "Decrypt" ? here(k, id) : id, {
          context: parseEncryptionContext(context),
          algorithm: "SYMMETRIC_DEFAULT",
        });
        const entered = entering instanceof Promise ? await entering : entering;
        requireUsage(entered, "ENCRYPT_DECRYPT", action);
        if (recorder !== undefined) {
          const materialId =
            blob === undefined ? currentMaterial(entered.key)?.id : materialOf(entered.key, blob);
          if (materialId !== undefined) noteMaterial(requester, materialId);
          noteCached(requester);
        }
        return entered.arn;
      } catch (error) {
        // A refusal is a call of its own in the trail; an allowed use stands in the record of the S3 request.
        if (recorder !== undefined)
          recordUse(recorder, requester, { operation: action, keyId, context }, error);
        throw error;
      }
    },
  };
}

/** The key version that a blob names; undefined for one that is none, which its opening will tell. */
function materialOf(key: KeyRecord, blob: Uint8Array): string | undefined {
  const { materialId } = headerOf(blob);
  const prefix = Buffer.from(materialId).toString("hex");
  return key.materials.find(({ id }) => id.startsWith(prefix))?.id;
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
