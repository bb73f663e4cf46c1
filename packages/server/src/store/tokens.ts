/** Opaque tokens that clients hold for the store (where a list goes on), under a key of the keyring's own. */
import { CryptoError, openToken, sealToken, type SecretKey } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";

export interface Tokens {
  seal(purpose: string, text: string): string;
  /** Throws InvalidArgument for anything that this store did not issue for `purpose`. */
  open(purpose: string, token: string): string;
  /** As `open`, `undefined` instead of the error. */
  tryOpen(purpose: string, token: string): string | undefined;
}

/** Token keys by term: new tokens under the current one, tokens of earlier terms still open. */
export interface TokenKeys {
  current(): { readonly term: number; readonly key: SecretKey<"token"> };
  all(): ReadonlyMap<number, SecretKey<"token">>;
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function tokensUnder(keys: TokenKeys): Tokens {
  function tryOpen(purpose: string, token: string): string | undefined {
    if (!BASE64URL.test(token)) return undefined;
    const bytes = Buffer.from(token, "base64url");
    // One token, one text: what decodes to the same bytes but is written otherwise was not issued here.
    if (bytes.toString("base64url") !== token) return undefined;
    try {
      return decoder.decode(openToken(keys.all(), purpose, bytes));
    } catch (error) {
      if (error instanceof CryptoError) return undefined;
      throw error;
    }
  }
  return {
    seal(purpose, text) {
      const { term, key } = keys.current();
      return Buffer.from(sealToken(key, term, purpose, encoder.encode(text))).toString("base64url");
    },
    open: (purpose, token) =>
      tryOpen(purpose, token) ?? fail("InvalidArgument", "The continuation token provided is incorrect"),
    tryOpen,
  };
}
