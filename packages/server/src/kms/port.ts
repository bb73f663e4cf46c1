/**
 * What the objects layer asks of a key service. The embedded service implements it in-process; an outside one can take
 * its place. Every call acts as the requester: a store that decrypts with its own right has no role separation.
 */
import type { SecretKey } from "@strongroom/crypto";
import type { Caller } from "../base/caller.ts";
import type { KeyArn } from "../base/ids.ts";
import type { Soon } from "../base/soon.ts";

/** Sorted canonically by the encoder; values are not secret and show up in audit records. */
export type EncryptionContext = ReadonlyMap<string, string>;

export interface DataKey {
  readonly keyArn: KeyArn;
  /** Owned by the caller of this port, who disposes of it. */
  readonly plaintext: SecretKey<"kek">;
  /** The encrypted data key, stored beside what it wraps. */
  readonly blob: Uint8Array;
}

/**
 * Answers at once where it can. Errors are ServiceErrors with KMS codes (NotFoundException, DisabledException,
 * AccessDeniedException …); the objects layer turns them into their S3 form.
 */
export interface KeyService {
  /**
   * `keyId` in any of the four forms (id, ARN, alias, alias ARN), or `undefined` for the account's `aws/s3`, which is
   * made on first use. Resolved in the requester's account.
   */
  generateDataKey(caller: Caller, keyId: string | undefined, context: EncryptionContext): Soon<DataKey>;
  decrypt(
    caller: Caller,
    keyArn: KeyArn,
    blob: Uint8Array,
    context: EncryptionContext,
  ): Soon<SecretKey<"kek">>;
  /**
   * Resolution, authorisation and key state of a use, without the cryptography: what each use of a cached bucket key
   * goes through. Returns the resolved key ARN. `blob`: what the cached key was opened from, for the audit record.
   */
  authoriseUse(
    caller: Caller,
    keyId: string | undefined,
    action: "GenerateDataKey" | "Decrypt" | "Encrypt" | "ReEncryptFrom" | "ReEncryptTo",
    context: EncryptionContext,
    blob?: Uint8Array,
  ): Soon<KeyArn>;
}
