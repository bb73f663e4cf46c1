/** Grant tokens (spec kms 8.7): a sealed name of a grant. No secret of a bearer: the grantee is checked all the same. */
import { fail } from "../base/errors.ts";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import type { Kernel } from "./kernel.ts";
import type { GrantRecord } from "./model.ts";

const PURPOSE = "kms/grant-token";

export interface NamedGrant {
  readonly account: AccountId;
  readonly keyId: string;
  readonly id: string;
}

/** All tokens of a grant are interchangeable; each is sealed afresh. */
export const grantToken = (k: Kernel, { account, keyId, id }: GrantRecord): string =>
  k.tokens.seal(PURPOSE, `${account}/${keyId}/${id}`);

/** Throws InvalidGrantTokenException. */
export function openGrantToken(k: Kernel, token: string): NamedGrant {
  const text = k.tokens.tryOpen(PURPOSE, token);
  if (text === undefined) return fail("InvalidGrantTokenException");
  const [account = "", keyId = "", id = ""] = text.split("/");
  return { account: parseAccountId(account), keyId, id };
}

/** Grants take effect at once here, so that tokens are checked and otherwise tell nothing new. */
export function checkGrantTokens(k: Kernel, tokens: readonly string[] | undefined): void {
  for (const token of tokens ?? []) openGrantToken(k, token);
}
