/**
 * The SSE-C headers of one request as they came: the one door through which a customer's key enters. Building it never
 * fails; the resolvers validate it, because the answer depends on the operation and on the object (spec C.3, C.4).
 * The key's bytes leave the header string here, into a SecretKey, and are wiped when the request ends.
 */
import type { SecretKey } from "@strongroom/crypto";

export interface SsecRequest {
  /** None of the three headers was sent. */
  readonly absent: boolean;
  readonly algorithm?: string;
  /** Decoded key of whatever length; absent if the header is absent or not base64. */
  readonly key?: SecretKey;
  readonly keySent: boolean;
  readonly keyBytes: number;
  /** The MD5 header as sent. */
  readonly keyMd5Sent?: string;
  /** base64 of the MD5 of the decoded key: what responses echo. */
  readonly keyMd5: string | undefined;
}

export const NO_SSEC: SsecRequest = { absent: true, keySent: false, keyBytes: 0, keyMd5: undefined };
