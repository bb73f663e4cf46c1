/** What the cryptographic operations share: their facts for conditions, their dry run, the algorithm's check. */
import { fail } from "../base/errors.ts";
import type { RequestFacts } from "./conditions.ts";
import type { Entered } from "./enter.ts";
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

export function requireAlgorithm({ key }: Entered, algorithm: string | undefined): void {
  if (algorithm !== undefined && algorithm !== SYMMETRIC)
    fail("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Names are public: no constant time needed. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
