/** The key service as the objects layer sees it: S3 calls it as the requester, in-process. */
import { SecretKey } from "@strongroom/crypto";
import type { Recorder } from "../audit/recorder.ts";
import { isKeyArn } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import { parseEncryptionContext } from "./context.ts";
import { decryptSoon, headerOf } from "./decryption.ts";
import { generateDataKeySoon } from "./encryption.ts";
import { noteCached, recorded, refusalRecorded } from "./record.ts";
import { currentMaterial, type KeyRecord, materialNamed } from "./model.ts";
import { enter, requireUsage } from "./enter.ts";
import { type Kernel, noteMaterial, type Requester, requesterOf } from "./kernel.ts";
import { findOrMakeManagedKey, MANAGED_ALIAS } from "./managed-key.ts";
import type { KeyService } from "./port.ts";
import { SYMMETRIC } from "./use.ts";

const DATA_KEY_BYTES = 32;

/** `recorder`: each use is put on record as the requester's, refused ones too; S3 waits for it before it answers. */
export function embeddedKeyService(k: Kernel, recorder?: Recorder): KeyService {
  const region = `arn:aws:kms:${k.region}:`;

  /** Stored ARNs name the region that the store had then; the key is the same one. */
  function here(keyId: string): string {
    if (keyId.startsWith(region) || !isKeyArn(keyId)) return keyId;
    const [, , , , account = "", ...rest] = keyId.split(":");
    return `${region}${account}:${rest.join(":")}`;
  }

  /** No key id, or the managed key's alias: the account's `aws/s3`, made if it is not there yet. */
  function keyIdOf(requester: Requester, keyId: string | undefined): Soon<string> {
    if (keyId !== undefined && keyId !== MANAGED_ALIAS) return keyId;
    return findOrMakeManagedKey(k, requester.account).then(({ value }) => value.keyId);
  }

  return {
    generateDataKey(caller, keyId, context) {
      const requester = requesterOf(caller, "s3", "kms:GenerateDataKey");
      const use = { operation: "GenerateDataKey", keyId, context };
      const made = recorded(recorder, requester, use, () =>
        andThen(keyIdOf(requester, keyId), (id) =>
          generateDataKeySoon(k, requester, "GenerateDataKey", {
            keyId: id,
            context: parseEncryptionContext(context),
            bytes: DATA_KEY_BYTES,
          }),
        ),
      );
      return andThen(made, ({ arn, blob, plaintext }) => ({
        keyArn: arn,
        blob,
        plaintext: kekOf(plaintext),
      }));
    },

    decrypt(caller, keyArn, blob, context) {
      const requester = requesterOf(caller, "s3", "kms:Decrypt");
      const use = { operation: "Decrypt", keyId: keyArn, context };
      const opened = recorded(recorder, requester, use, () =>
        decryptSoon(k, requester, {
          keyId: here(keyArn),
          blob,
          context: parseEncryptionContext(context),
        }),
      );
      return andThen(opened, ({ plaintext }) => kekOf(plaintext));
    },

    authoriseUse(caller, keyId, action, context, blob) {
      const requester = requesterOf(caller, "s3", `kms:${action}`);
      const use = { operation: action, keyId, context };
      return refusalRecorded(recorder, requester, use, () => {
        const entering = andThen(keyIdOf(requester, keyId), (id) =>
          enter(k, requester, action, action === "Decrypt" ? here(id) : id, {
            context: parseEncryptionContext(context),
            algorithm: SYMMETRIC,
          }),
        );
        return andThen(entering, (entered) => {
          requireUsage(entered, "ENCRYPT_DECRYPT", action);
          if (recorder !== undefined) noteHeld(requester, entered.key, blob);
          return entered.arn;
        });
      });
    },
  };
}

/** As a handle; the bytes are wiped. */
function kekOf(plaintext: Uint8Array): SecretKey<"kek"> {
  try {
    return SecretKey.fromBytes("kek", plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/** A use that a key held from before serves; `blob`: what that was opened from. */
function noteHeld(requester: Requester, key: KeyRecord, blob: Uint8Array | undefined): void {
  const materialId = blob === undefined ? currentMaterial(key)?.id : materialOf(key, blob);
  if (materialId !== undefined) noteMaterial(requester, materialId);
  noteCached(requester);
}

/** The key version that a blob names; undefined for one that is none, which its opening will tell. */
function materialOf(key: KeyRecord, blob: Uint8Array): string | undefined {
  return materialNamed(key, headerOf(blob).materialId)?.id;
}
