/** The port through which auth asks for access keys. The identity layer fills it. */
import type { SigningSecret } from "./signing-key.ts";

/** `P` is whatever the identity layer says about who this is; auth never looks inside. */
export interface Credential<P> {
  readonly accessKeyId: string;
  readonly secret: SigningSecret;
  /** Changes whenever the secret under this id does. */
  readonly version: string;
  readonly active: boolean;
  readonly principal: P;
  /** Temporary credentials: the token that has to come along, and when it dies. */
  readonly session?: { readonly token: string; readonly expiresAtMs: number };
}

/**
 * Undefined: no such key, or a temporary id without its token. `"invalid-token"`: the token is not one of ours, or not
 * of this id. `sessionToken` is given so that sessions can be verified from the token alone.
 */
export type CredentialLookup<P> = (
  accessKeyId: string,
  sessionToken: string | undefined,
) => MaybePromise<Credential<P> | "invalid-token" | undefined>;
type MaybePromise<T> = T | Promise<T>;
