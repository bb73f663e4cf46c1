/** What the cryptographic operations share: their facts for conditions, their dry run, the algorithm's check. */
import { fail } from "../base/errors.ts";
import type { RequestFacts } from "./conditions.ts";
import type { Entered } from "./enter.ts";
import type { EncryptionContext } from "./port.ts";

export const SYMMETRIC = "SYMMETRIC_DEFAULT";

export function stopIfDryRun(dryRun: boolean | undefined): void {
  if (dryRun === true) fail("DryRunOperationException");
}

export function useFacts(context: EncryptionContext, more?: RequestFacts["more"]): RequestFacts {
  return { context, algorithm: SYMMETRIC, more };
}

export function requireAlgorithm({ key }: Entered, algorithm: string | undefined): void {
  if (algorithm !== undefined && algorithm !== SYMMETRIC)
    fail("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Names are public: no constant time needed. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
