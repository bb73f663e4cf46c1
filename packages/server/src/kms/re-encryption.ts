/** ReEncrypt (spec kms 7.2): a source, a destination, and a plaintext that never leaves. */
import type { KeyArn } from "../base/ids.ts";
import { enterToOpen, headerOf, type OpenInput } from "./decryption.ts";
import { enterToSeal, seal } from "./encryption.ts";
import { peek } from "./enter.ts";
import { type Kernel, noteMaterial, type Requester } from "./kernel.ts";
import { requireRsaRoom, rsaAlgorithm } from "./rsa.ts";
import { noteUse, refuseContext, sameBytes, stopIfDryRun, type Use, useFacts } from "./use.ts";

export interface ReEncrypted {
  readonly blob: Uint8Array;
  readonly sourceArn: KeyArn;
  readonly arn: KeyArn;
  /** Of symmetric keys only. */
  readonly sourceMaterialId: string | undefined;
  readonly materialId: string | undefined;
}

/** Two authorisations of their own; the plaintext never leaves this function. */
export async function reEncrypt(
  k: Kernel,
  requester: Requester,
  source: OpenInput,
  destination: Use & { readonly keyId: string },
): Promise<ReEncrypted> {
  const sameKey = await namesSameKey(k, requester, source, destination.keyId);
  const more = { "kms:reencryptonsamekey": String(sameKey) };
  const from = await enterToOpen(k, requester, "ReEncryptFrom", source, more);
  const to = await enterToSeal(
    k,
    requester,
    "ReEncryptTo",
    "ReEncrypt",
    destination.keyId,
    useFacts(destination, more),
  );
  refuseContext(to, destination);
  const rsa = rsaAlgorithm(destination.algorithm);
  stopIfDryRun(source.dryRun);
  k.hooks.kmsCall("ReEncrypt");
  const opened = await from.open();
  try {
    if (rsa !== undefined) requireRsaRoom(to, rsa, opened.plaintext);
    const sealed = await seal(k, to, opened.plaintext, destination.context, rsa);
    if (rsa === undefined) noteMaterial(requester, sealed.materialId);
    for (const entered of [from.entered, to]) noteUse(k, requester, entered, "ReEncrypt");
    return {
      blob: sealed.blob,
      sourceArn: opened.arn,
      arn: sealed.arn,
      sourceMaterialId: opened.materialId,
      materialId: rsa === undefined ? sealed.materialId : undefined,
    };
  } finally {
    opened.plaintext.fill(0);
  }
}

/**
 * kms:ReEncryptOnSameKey is a condition value of both authorisations, so it is looked up before either. The source is the key
 * that is named: a blob can be made up to ask whether some key is there.
 */
async function namesSameKey(
  k: Kernel,
  requester: Requester,
  source: OpenInput,
  destinationKeyId: string,
): Promise<boolean> {
  const bare = source.blob === undefined || rsaAlgorithm(source.algorithm) !== undefined;
  const blobName = bare ? undefined : headerOf(source.blob).keyUuid;
  const destination = await peek(k, requester, destinationKeyId);
  if (destination === undefined) return false;
  if (source.keyId !== undefined) {
    const from = await peek(k, requester, source.keyId);
    return from?.value.bornArn === destination.value.bornArn;
  }
  return blobName !== undefined && sameBytes(blobName, destination.value.blobName);
}
