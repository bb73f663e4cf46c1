/**
 * What the key service does by itself, on record (spec audit section 3): as an intent that is durable before it happens, and
 * once it has. While the trail cannot be written, nothing of it is done.
 */
import type { Recorder } from "../audit/recorder.ts";
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import type { KmsHooks, Phase } from "../kms/kernel.ts";
import type { EngineHooks } from "./engine.ts";

export function kmsHooks(
  { log, kmsCall, keyDeletion }: Pick<EngineHooks, "log" | "kmsCall" | "keyDeletion">,
  recorder: Recorder | undefined,
): KmsHooks {
  const record = async (name: string, phase: Phase, keyArn: KeyArn, details: unknown): Promise<void> => {
    if (recorder === undefined) return;
    const { trail } = recorder;
    try {
      if (phase === "intent") trail.assertWritable();
      const account = keyArn.split(":")[4] ?? "";
      await trail.durable(recorder.service(name, "kms", account, details, [keyArn], phase === "intent"));
    } catch (cause) {
      fail("KMSInternalException", { cause });
    }
  };
  return {
    kmsCall,
    keyRotated: ({ keyArn, type, previousMaterialId, currentMaterialId }, phase) =>
      record("RotateKey", phase, keyArn, {
        rotationType: type,
        previousKeyMaterialId: previousMaterialId ?? null,
        currentKeyMaterialId: currentMaterialId,
      }),
    materialExpired: ({ keyArn, materialId }, phase) =>
      record("DeleteExpiredKeyMaterial", phase, keyArn, { keyMaterialId: materialId }),
    deletionScheduled: ({ keyArn, deletionMs, by }) => {
      keyDeletion?.("scheduled");
      log.warn("a KMS key is scheduled for deletion: strongroom key report shows what depends on it", {
        keyArn,
        deletionDate: new Date(deletionMs).toISOString(),
        by,
      });
    },
    keyDeleted: ({ keyArn, materialIds, aliases }, phase) => {
      if (phase === "done") {
        keyDeletion?.("destroyed");
        log.warn("a KMS key was destroyed, as scheduled", { keyArn });
      }
      return record("DeleteKey", phase, keyArn, { keyMaterialIds: materialIds, aliases });
    },
  };
}
