/** Sign, Verify, GetPublicKey, DeriveSharedSecret (spec kms 12). */
import {
  CryptoError,
  deriveSecret,
  type RsaSigningAlgorithm,
  type SecretKey,
  type SigningAlgorithm,
  signMessage,
  signRsaDigest,
  verifyMessage,
  verifyRsaDigest,
} from "@strongroom/crypto";
import { assert, fail } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import { type Entered, enter, requireUsage } from "./enter.ts";
import type { Kernel, Requester } from "./kernel.ts";
import { currentMaterial, type KeyRecord } from "./model.ts";
import { SPECS } from "./specs.ts";
import { byPlatform, noteUse, requireAlgorithm, stopIfDryRun } from "./use.ts";

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

/** Bytes of the digest that MessageType DIGEST brings; absent for algorithms that take none. */
function digestBytes(algorithm: AnySigningAlgorithm): number | undefined {
  if (algorithm === "ED25519_PH_SHA_512") return 64;
  const bits = /^(?:RSASSA|ECDSA)\w*_SHA_(256|384|512)$/.exec(algorithm)?.[1];
  return bits === undefined ? undefined : Number(bits) / 8;
}
/** FIPS 204: the message representative mu. */
const MU_BYTES = 64;

/** What the message must be by its type, before any key is looked at. */
function checkMessage({ algorithm, message, messageType = "RAW" }: SignInput): void {
  if (messageType === "RAW" && algorithm !== "ED25519_PH_SHA_512") return;
  const bytes =
    messageType === "DIGEST"
      ? digestBytes(algorithm)
      : messageType === "EXTERNAL_MU" && algorithm === "ML_DSA_SHAKE_256"
        ? MU_BYTES
        : undefined;
  if (bytes === undefined)
    fail("ValidationException", `MessageType ${messageType} is not compatible with ${algorithm}.`);
  if (message.length !== bytes)
    fail("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
}

const isRsa = (algorithm: AnySigningAlgorithm): algorithm is RsaSigningAlgorithm =>
  algorithm.startsWith("RSASSA");

/**
 * The platform's ECDSA hashes for itself and its ML-DSA makes mu itself; a signer of ours would do arithmetic on private
 * keys in a time that depends on them. Refused by name rather than signed as a message.
 */
function supported({ algorithm, messageType = "RAW" }: SignInput): SigningAlgorithm {
  if (algorithm === "SM2DSA" || algorithm === "ED25519_PH_SHA_512")
    return fail("UnsupportedOperationException", `${algorithm} is not supported by this service.`);
  if (messageType !== "RAW" && !isRsa(algorithm))
    fail(
      "UnsupportedOperationException",
      `MessageType ${messageType} with ${algorithm} is not supported by this service.`,
    );
  return algorithm;
}

const isDigest = (input: SignInput): boolean => input.messageType === "DIGEST";

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
  const algorithm = supported(input);
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
  const signature = byPlatform(() =>
    isDigest(input) && isRsa(algorithm)
      ? signRsaDigest(privateKey, algorithm, input.message)
      : signMessage(privateKey, algorithm, input.message),
  );
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
  const publicKey = publicKeyOf(entered.key);
  const valid = byPlatform(() =>
    isDigest(input) && isRsa(algorithm)
      ? verifyRsaDigest(publicKey, algorithm, input.message, input.signature)
      : verifyMessage(publicKey, algorithm, input.message, input.signature),
  );
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
