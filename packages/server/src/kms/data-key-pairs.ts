/** GenerateDataKeyPair (spec kms 12): a fresh key pair whose private key is sealed under a symmetric key. */
import type { DataKeyPairSpec } from "@strongroom/crypto";
import { exposeKeyBytes } from "@strongroom/crypto/expose";
import { enterToSeal, seal, type Sealed } from "./encryption.ts";
import { type Kernel, noteMaterial, type Requester } from "./kernel.ts";
import { pairInTurn } from "./rsa-turns.ts";
import { noteUse, refuseUnsupported, stopIfDryRun, type Use, useFacts } from "./use.ts";

export interface DataKeyPair extends Sealed {
  readonly publicKey: Uint8Array;
  /** PKCS #8, DER; owned by the caller, who wipes it. */
  readonly privateKey: Uint8Array;
}

export async function generateDataKeyPair(
  k: Kernel,
  requester: Requester,
  operation: "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext",
  input: Use & { readonly keyId: string; readonly spec: DataKeyPairSpec },
): Promise<DataKeyPair> {
  const facts = useFacts(input, { "kms:datakeypairspec": input.spec });
  const entered = await enterToSeal(k, requester, operation, operation, input.keyId, facts);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall(operation);
  const pair = await pairInTurn(input.spec, () => requester.caller.signal.aborted).catch(refuseUnsupported);
  using held = pair.privateKey;
  const privateKey = new Uint8Array(exposeKeyBytes(held));
  const sealed = await seal(k, entered, privateKey, input.context);
  noteMaterial(requester, sealed.materialId);
  noteUse(k, requester, entered, operation);
  return { ...sealed, publicKey: pair.publicKey, privateKey };
}
