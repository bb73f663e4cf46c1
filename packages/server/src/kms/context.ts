/** The encryption context's rules (spec kms section 5). Its canonical bytes are the crypto package's. */
import { fail } from "../base/errors.ts";
import { CONTEXT_BYTES_MAX, CONTEXT_PAIRS_MAX } from "../base/limits.ts";
import type { EncryptionContext } from "./port.ts";

export const EMPTY_CONTEXT: EncryptionContext = new Map();

/** Throws ValidationException. Never normalises: what is bound is what was sent. */
export function parseEncryptionContext(pairs: ReadonlyMap<string, string> | undefined): EncryptionContext {
  if (pairs === undefined || pairs.size === 0) return EMPTY_CONTEXT;
  if (pairs.size > CONTEXT_PAIRS_MAX)
    fail("ValidationException", `EncryptionContext must have at most ${CONTEXT_PAIRS_MAX} pairs`);
  let bytes = 0;
  for (const [key, value] of pairs) {
    if (key === "") fail("ValidationException", "EncryptionContext keys must not be empty");
    if (!key.isWellFormed() || !value.isWellFormed())
      fail("ValidationException", "EncryptionContext must be well-formed Unicode");
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > CONTEXT_BYTES_MAX)
    fail("ValidationException", `EncryptionContext must be at most ${CONTEXT_BYTES_MAX} bytes of UTF-8`);
  return pairs;
}
