/** GenerateMac and VerifyMac (spec kms 12). */
import { generateMac as mac, type MacBits, verifyMac as isMac } from "@strongroom/crypto";
import { assert, fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { type Entered, enter, requireUsage } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { currentMaterial } from "./model.ts";
import { noteUse, requireAlgorithm, stopIfDryRun } from "./use.ts";

export const MAC_ALGORITHMS = ["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"] as const;
export type MacAlgorithm = (typeof MAC_ALGORITHMS)[number];

const BITS: Readonly<Record<MacAlgorithm, MacBits>> = {
  HMAC_SHA_224: 224,
  HMAC_SHA_256: 256,
  HMAC_SHA_384: 384,
  HMAC_SHA_512: 512,
};

export interface MacInput {
  readonly keyId: string;
  readonly message: Uint8Array;
  readonly algorithm: MacAlgorithm;
  readonly grantTokens?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

async function enterMac(
  k: Kernel,
  requester: Requester,
  operation: "GenerateMac" | "VerifyMac",
  input: MacInput,
): Promise<Entered> {
  const entered = await enter(k, requester, operation, input.keyId, {
    grantTokens: input.grantTokens,
    more: { "kms:macalgorithm": input.algorithm },
  });
  requireUsage(entered, "GENERATE_VERIFY_MAC", operation);
  requireAlgorithm(entered, input.algorithm);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall(operation);
  return entered;
}

async function secretOf(k: Kernel, { key }: Entered) {
  const version = currentMaterial(key);
  assert(version !== undefined, "an HMAC key has material");
  return k.materials.secret(key, version);
}

export async function generateMac(
  k: Kernel,
  requester: Requester,
  input: MacInput,
): Promise<{ readonly arn: KeyArn; readonly mac: Uint8Array }> {
  const entered = await enterMac(k, requester, "GenerateMac", input);
  const made = mac(await secretOf(k, entered), BITS[input.algorithm], input.message);
  noteUse(k, requester, entered, "GenerateMac");
  return { arn: entered.arn, mac: made };
}

/** Throws KMSInvalidMacException: there is no answer that says false. */
export async function verifyMac(
  k: Kernel,
  requester: Requester,
  input: MacInput & { readonly mac: Uint8Array },
): Promise<KeyArn> {
  const entered = await enterMac(k, requester, "VerifyMac", input);
  const valid = isMac(await secretOf(k, entered), BITS[input.algorithm], input.message, input.mac);
  if (!valid) fail("KMSInvalidMacException");
  noteUse(k, requester, entered, "VerifyMac");
  return entered.arn;
}
