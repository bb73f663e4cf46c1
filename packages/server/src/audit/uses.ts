/**
 * What a request did with KMS keys on its way: the link from an S3 record to the key-service records that it caused.
 * Kept by the caller, which is one object a request; requests that use no KMS key cost nothing.
 */
import type { Caller } from "../base/caller.ts";

export interface KeyUses {
  readonly requestIds: string[];
  keyArn: string | undefined;
  materialId: string | undefined;
  /** `kms`: the key service opened or made a key. `bucketKeyCached`: it authorised the use of one held from before. */
  access: "kms" | "bucketKeyCached" | undefined;
}

const uses = new WeakMap<Caller, KeyUses>();

export const keyUsesOf = (caller: Caller): KeyUses | undefined => uses.get(caller);

export function startKeyUses(caller: Caller): KeyUses {
  let found = uses.get(caller);
  if (found === undefined) {
    found = { requestIds: [], keyArn: undefined, materialId: undefined, access: undefined };
    uses.set(caller, found);
  }
  return found;
}
