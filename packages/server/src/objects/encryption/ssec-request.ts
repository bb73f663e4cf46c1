/**
 * The SSE-C headers of one request as they came: the one door through which a customer's key enters. Building it never
 * fails; the resolvers validate it, because the answer depends on the operation and on the object (spec C.3, C.4).
 * The key's bytes leave the header string here, into a SecretKey, and are wiped when the request ends.
 */
import { SecretKey } from "@strongroom/crypto";
import { checksumOf } from "../checksum/algorithms.ts";

export interface SsecRequest {
  /** None of the three headers was sent. */
  readonly absent: boolean;
  readonly algorithm?: string;
  /** Absent unless the header held 32 bytes, not all zero. */
  readonly key?: SecretKey<"customer">;
  readonly keySent: boolean;
  /** Decoded size; 0 if the header is not base64. */
  readonly keyBytes: number;
  /** The MD5 header as sent. */
  readonly keyMd5Sent?: string;
  /** base64 of the MD5 of the decoded key: what responses echo. */
  readonly keyMd5: string | undefined;
}

export const NO_SSEC: SsecRequest = { absent: true, keySent: false, keyBytes: 0, keyMd5: undefined };

/** A header cannot hold more than this in earnest: 32 bytes, or their base64 encoded once more. */
const KEY_HEADER_CHARS_MAX = 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** From the three header values as sent. The caller disposes of `key` when the request ends. */
export function parseSsecHeaders(
  algorithm: string | undefined,
  key: string | undefined,
  md5: string | undefined,
): SsecRequest {
  if (algorithm === undefined && key === undefined && md5 === undefined) return NO_SSEC;
  const sent = {
    absent: false,
    keySent: key !== undefined,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(md5 === undefined ? {} : { keyMd5Sent: md5 }),
  };
  if (key === undefined || key.length > KEY_HEADER_CHARS_MAX || !BASE64.test(key)) {
    return { ...sent, keyBytes: 0, keyMd5: undefined };
  }
  // `alloc`, not `from`: from decodes into a pool that every small buffer of the process shares.
  const bytes = Buffer.alloc(Buffer.byteLength(key, "base64"));
  bytes.write(key, "base64");
  try {
    const keyMd5 = checksumOf("MD5", bytes);
    return {
      ...sent,
      keyBytes: bytes.length,
      keyMd5: Buffer.from(keyMd5).toString("base64"),
      // An all-zero key is a program that forgot to make one: refused like a key of the wrong length.
      ...(bytes.length === 32 && bytes.some((b) => b !== 0)
        ? { key: SecretKey.fromBytes("customer", bytes) }
        : {}),
    };
  } finally {
    bytes.fill(0);
  }
}
