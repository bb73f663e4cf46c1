/** Sign, Verify, GetPublicKey, DeriveSharedSecret (spec kms 12). */
import {
  CryptoError,
  deriveSecret,
  type SecretKey,
  type SigningAlgorithm,
  signMessage,
  verifyMessage,
} from "@strongroom/crypto";
import { assert, fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { type Entered, enter, requireUsage } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { currentMaterial, type KeyRecord } from "./model.ts";
import { SPECS } from "./specs.ts";
import { noteUse, requireAlgorithm, stopIfDryRun } from "./use.ts";

/** Every algorithm of the API model; the enum text of validation errors lists them all. */
export const SIGNING_ALGORITHMS = [
  "RSASSA_PSS_SHA_256",
  "RSASSA_PSS_SHA_384",
  "RSASSA_PSS_SHA_512",
  "RSASSA_PKCS1_V1_5_SHA_256",
  "RSASSA_PKCS1_V1_5_SHA_384",
  "RSASSA_PKCS1_V1_5_SHA_512",
  "ECDSA_SHA_256",
  "ECDSA_SHA_384",
  "ECDSA_SHA_512",
  "SM2DSA",
  "ML_DSA_SHAKE_256",
  "ED25519_SHA_512",
  "ED25519_PH_SHA_512",
] as const;
export type AnySigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];
export const MESSAGE_TYPES = ["RAW", "DIGEST", "EXTERNAL_MU"] as const;

export interface SignInput {
  readonly keyId: string;
  readonly message: Uint8Array;
  readonly messageType?: (typeof MESSAGE_TYPES)[number] | undefined;
  readonly algorithm: AnySigningAlgorithm;
  readonly grantTokens?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

function digestBytes(algorithm: AnySigningAlgorithm): number | undefined {
  const bits = /_SHA_(256|384|512)$/.exec(algorithm)?.[1];
  return bits === undefined || algorithm.startsWith("ED25519") ? undefined : Number(bits) / 8;
}

/** The platform's ciphers sign messages and not digests: a digest is refused by name rather than signed as a message. */
function checkMessage({ algorithm, message, messageType = "RAW" }: SignInput): void {
  if (messageType === "RAW") return;
  const bytes = digestBytes(algorithm);
  if (messageType === "DIGEST" && bytes !== undefined && message.length !== bytes)
    fail("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
}
function refuseDigest({ messageType = "RAW" }: SignInput): void {
  if (messageType !== "RAW")
    fail("UnsupportedOperationException", `MessageType ${messageType} is not supported by this service.`);
}

function supported(algorithm: AnySigningAlgorithm): SigningAlgorithm {
  if (algorithm === "SM2DSA" || algorithm === "ML_DSA_SHAKE_256" || algorithm === "ED25519_PH_SHA_512")
    return fail("UnsupportedOperationException", `${algorithm} is not supported by this service.`);
  return algorithm;
}

async function enterSign(
  k: Kernel,
  requester: Requester,
  operation: "Sign" | "Verify",
  input: SignInput,
): Promise<{ readonly entered: Entered; readonly algorithm: SigningAlgorithm }> {
  checkMessage(input);
  const entered = await enter(k, requester, operation, input.keyId, {
    grantTokens: input.grantTokens,
    more: { "kms:signingalgorithm": input.algorithm, "kms:messagetype": input.messageType ?? "RAW" },
  });
  requireUsage(entered, "SIGN_VERIFY", operation);
  requireAlgorithm(entered, input.algorithm);
  const algorithm = supported(input.algorithm);
  refuseDigest(input);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall(operation);
  return { entered, algorithm };
}

async function privateKeyOf(k: Kernel, key: KeyRecord): Promise<SecretKey<"data">> {
  const version = currentMaterial(key);
  assert(version !== undefined, "an asymmetric key has material");
  return k.materials.secret(key, version);
}
function publicKeyOf(key: KeyRecord): Uint8Array {
  assert(key.publicKey !== undefined, "an asymmetric key has a public key");
  return key.publicKey;
}

export async function signBy(
  k: Kernel,
  requester: Requester,
  input: SignInput,
): Promise<{ readonly arn: KeyArn; readonly signature: Uint8Array }> {
  const { entered, algorithm } = await enterSign(k, requester, "Sign", input);
  const privateKey = await privateKeyOf(k, entered.key);
  const signature = signMessage(privateKey, algorithm, input.message);
  noteUse(k, requester, entered, "Sign");
  return { arn: entered.arn, signature };
}

/** Throws KMSInvalidSignatureException: there is no answer that says false. */
export async function verifyBy(
  k: Kernel,
  requester: Requester,
  input: SignInput & { readonly signature: Uint8Array },
): Promise<KeyArn> {
  const { entered, algorithm } = await enterSign(k, requester, "Verify", input);
  const valid = verifyMessage(publicKeyOf(entered.key), algorithm, input.message, input.signature);
  if (!valid) fail("KMSInvalidSignatureException");
  noteUse(k, requester, entered, "Verify");
  return entered.arn;
}

export async function getPublicKey(
  k: Kernel,
  requester: Requester,
  keyId: string,
  grantTokens?: readonly string[],
): Promise<{ readonly arn: KeyArn; readonly key: KeyRecord; readonly publicKey: Uint8Array }> {
  const { key, arn } = await enter(k, requester, "GetPublicKey", keyId, { grantTokens });
  if (SPECS[key.spec].kind !== "asymmetric") fail("UnsupportedOperationException");
  k.hooks.kmsCall("GetPublicKey");
  return { arn, key, publicKey: publicKeyOf(key) };
}

export async function deriveSharedSecret(
  k: Kernel,
  requester: Requester,
  input: {
    readonly keyId: string;
    readonly algorithm: "ECDH";
    readonly publicKey: Uint8Array;
    readonly grantTokens?: readonly string[] | undefined;
    readonly dryRun?: boolean | undefined;
  },
): Promise<{ readonly arn: KeyArn; readonly secret: Uint8Array; readonly origin: string }> {
  const entered = await enter(k, requester, "DeriveSharedSecret", input.keyId, {
    grantTokens: input.grantTokens,
    more: { "kms:keyagreementalgorithm": input.algorithm },
  });
  requireUsage(entered, "KEY_AGREEMENT", "DeriveSharedSecret");
  requireAlgorithm(entered, input.algorithm);
  stopIfDryRun(input.dryRun);
  k.hooks.kmsCall("DeriveSharedSecret");
  const privateKey = await privateKeyOf(k, entered.key);
  try {
    const secret = deriveSecret(privateKey, input.publicKey);
    noteUse(k, requester, entered, "DeriveSharedSecret");
    return { arn: entered.arn, secret, origin: entered.key.origin };
  } catch (cause) {
    if (cause instanceof CryptoError) return fail("ValidationException", { message: "", cause });
    throw cause;
  }
}
