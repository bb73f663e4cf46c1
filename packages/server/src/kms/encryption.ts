/** Encrypt and GenerateDataKey (spec kms 7.2): authorise, check the state, and only then work. */
import { randomBytes, type RsaEncryptionAlgorithm, sealBlob } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { andThen, type Soon } from "../base/soon.ts";
import type { RequestFacts } from "./conditions.ts";
import { canonicalOf } from "./context.ts";
import { type Entered, enter, requireUsage } from "./enter.ts";
import { type Kernel, noteMaterial, type Requester } from "./kernel.ts";
import { currentMaterial, type Material } from "./model.ts";
import type { KeyOperation } from "./operations.ts";
import type { EncryptionContext } from "./port.ts";
import { requireRsaRoom, rsaAlgorithm, rsaSeal } from "./rsa.ts";
import { noteUse, refuseContext, requireAlgorithm, stopIfDryRun, type Use, useFacts } from "./use.ts";

export interface Sealed {
  readonly arn: KeyArn;
  readonly blob: Uint8Array;
  readonly materialId: string;
}

/** A key that can encrypt now, and its current material. */
export function enterToSeal(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  shown: string,
  keyId: string,
  facts: RequestFacts,
): Soon<Entered & { readonly current: Material }> {
  return andThen(enter(k, requester, operation, keyId, facts), (entered) => {
    requireUsage(entered, "ENCRYPT_DECRYPT", shown);
    requireAlgorithm(entered, facts.algorithm);
    const current = currentMaterial(entered.key);
    if (current === undefined) return fail("KMSInvalidStateException", `${entered.arn} is pending import.`);
    return { ...entered, current };
  });
}

export function seal(
  k: Kernel,
  { key, arn, current }: Entered & { readonly current: Material },
  plaintext: Uint8Array,
  context: EncryptionContext,
  rsa?: RsaEncryptionAlgorithm,
): Soon<Sealed> {
  if (rsa !== undefined) return { arn, blob: rsaSeal(key, rsa, plaintext), materialId: current.id };
  return andThen(k.materials.get(key, current), (material) => {
    const blob = sealBlob(
      {
        multiRegion: key.multiRegion,
        keyUuid: key.blobName,
        materialId: material.shortId,
        material: material.key,
        keyArn: material.boundArn,
      },
      plaintext,
      canonicalOf(context),
    );
    return { arn, blob, materialId: current.id };
  });
}

export interface DataKeyInput extends Use {
  readonly keyId: string;
  readonly bytes: number;
}

type DataKeyOperation = "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext";
type SealedDataKey = Sealed & { readonly plaintext: Uint8Array };

/** GenerateDataKey and GenerateDataKeyWithoutPlaintext; the latter's caller wipes the plaintext unseen. */
export async function generateDataKey(
  k: Kernel,
  requester: Requester,
  operation: DataKeyOperation,
  input: DataKeyInput,
): Promise<SealedDataKey> {
  return generateDataKeySoon(k, requester, operation, input);
}

/** As `generateDataKey`, without a promise where none is needed: what every write of a KMS object calls. */
export function generateDataKeySoon(
  k: Kernel,
  requester: Requester,
  operation: DataKeyOperation,
  input: DataKeyInput,
): Soon<SealedDataKey> {
  const entering = enterToSeal(k, requester, operation, operation, input.keyId, useFacts(input));
  return andThen(entering, (entered) => {
    stopIfDryRun(input.dryRun);
    k.hooks.kmsCall(operation);
    const plaintext = randomBytes(input.bytes);
    return andThen(seal(k, entered, plaintext, input.context), ({ arn, blob, materialId }) => {
      noteMaterial(requester, materialId);
      noteUse(k, requester, entered, operation);
      return { arn, blob, materialId, plaintext };
    });
  });
}

export async function encrypt(
  k: Kernel,
  requester: Requester,
  input: Use & { readonly keyId: string; readonly plaintext: Uint8Array },
): Promise<Sealed> {
  const entered = await enterToSeal(k, requester, "Encrypt", "Encrypt", input.keyId, useFacts(input));
  refuseContext(entered, input);
  const rsa = rsaAlgorithm(input.algorithm);
  if (rsa !== undefined) requireRsaRoom(entered, rsa, input.plaintext);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall("Encrypt");
  const sealed = await seal(k, entered, input.plaintext, input.context, rsa);
  if (rsa === undefined) noteMaterial(requester, sealed.materialId);
  noteUse(k, requester, entered, "Encrypt");
  return sealed;
}
