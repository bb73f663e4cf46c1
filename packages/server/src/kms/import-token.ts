/** Import tokens: what an import needs to know, and the private half of its wrapping key, sealed for this store alone. */
import type { WrappingAlgorithm } from "@strongroom/crypto";
import { fail, IntegrityError } from "../base/errors.ts";
import type { KeyArn } from "../base/ids.ts";
import type { Kernel } from "./kernel.ts";

const PURPOSE = "kms/import-token";

export const WRAPPING_ALGORITHMS = [
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "RSA_AES_KEY_WRAP_SHA_1",
  "RSA_AES_KEY_WRAP_SHA_256",
] as const satisfies readonly WrappingAlgorithm[];

export interface ImportToken {
  readonly bornArn: KeyArn;
  readonly algorithm: WrappingAlgorithm;
  readonly validToMs: number;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

/** The private key passes through a string here, which cannot be wiped: it opens one import, for a day. */
export function sealImportToken(k: Kernel, token: ImportToken): Uint8Array {
  const { bornArn, algorithm, validToMs, privateKey } = token;
  const text = [bornArn, algorithm, String(validToMs), Buffer.from(privateKey).toString("base64")].join(" ");
  return new TextEncoder().encode(k.tokens.seal(PURPOSE, text));
}

/** Throws InvalidImportTokenException for another key's or a foreign token, ExpiredImportTokenException. */
export function openImportToken(k: Kernel, bornArn: KeyArn, token: Uint8Array): ImportToken {
  const text = k.tokens.tryOpen(PURPOSE, Buffer.from(token).toString("latin1"));
  if (text === undefined) return fail("InvalidImportTokenException");
  const [arn, named, validTo = "", key = ""] = text.split(" ");
  const algorithm = WRAPPING_ALGORITHMS.find((a) => a === named);
  if (algorithm === undefined) throw new IntegrityError("an import token of ours that we did not write");
  if (arn !== bornArn) return fail("InvalidImportTokenException");
  const validToMs = Number(validTo);
  if (validToMs <= k.clock.now()) return fail("ExpiredImportTokenException");
  const privateKey = Buffer.alloc((key.length / 4) * 3);
  const size = privateKey.write(key, "base64");
  return { bornArn, algorithm, validToMs, privateKey: privateKey.subarray(0, size) };
}
