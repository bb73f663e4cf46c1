/** What the cryptographic operations share: their facts for conditions, their dry run, the algorithm's check. */
import { CryptoError } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import type { RequestFacts } from "./conditions.ts";
import type { Entered } from "./enter.ts";
import { algorithmsOf, SPECS } from "./specs.ts";
import type { Kernel, Requester } from "./kernel.ts";
import type { EncryptionContext } from "./port.ts";

export const SYMMETRIC = "SYMMETRIC_DEFAULT";

export function stopIfDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true) fail("DryRunOperationException");
}

/** What every cryptographic request on a symmetric key may say. */
export interface Use {
  readonly context: EncryptionContext;
  readonly algorithm?: string | undefined;
  readonly grantTokens?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

export function useFacts(use: Use, more?: RequestFacts["more"]): RequestFacts {
  const { context, algorithm = SYMMETRIC, grantTokens } = use;
  return { context, algorithm, grantTokens, more };
}

/** A use that succeeded. */
export function noteUse(k: Kernel, requester: Requester, { held }: Entered, operation: string): void {
  requester.seen.uses.push(k.usage.note(held, operation, requester.caller.requestId));
}

/** Throws InvalidKeyUsageException for an algorithm that is not the key's. */
export function requireAlgorithm({ key }: Entered, algorithm: string = SYMMETRIC): void {
  if (!algorithmsOf(key.spec, key.usage).includes(algorithm))
    fail("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Names are public: no constant time needed. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** A context binds blobs of symmetric keys; nothing else has one (spec kms 5.1). */
export function refuseContext({ key }: Entered, { context }: Use): void {
  if (context.size > 0 && SPECS[key.spec].kind !== "symmetric")
    fail("ValidationException", "EncryptionContext is only valid for symmetric encryption keys.");
}

/** Runs ciphers that not every platform has (ML-DSA, secp256k1): what it lacks is refused by name. */
export function byPlatform<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    return refuseUnsupported(cause);
  }
}
export function refuseUnsupported(cause: unknown): never {
  if (cause instanceof CryptoError && cause.code === "Unsupported")
    fail("UnsupportedOperationException", {
      message: "The platform that this service runs on has no ciphers for keys of this spec.",
      cause,
    });
  throw cause;
}
