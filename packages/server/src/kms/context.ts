/**
 * The encryption context's rules (spec kms section 5), and its two other forms: canonical bytes and JSON, worked out once
 * for each, since the context of a stored version comes with every read. INVARIANT: nobody changes one once it is made.
 */
import { canonicalContext, decodeContext } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import { CONTEXT_BYTES_MAX, CONTEXT_PAIRS_MAX } from "../base/limits.ts";
import type { EncryptionContext } from "./port.ts";
import { jsonString } from "../base/json-text.ts";

export const EMPTY_CONTEXT: EncryptionContext = new Map();

/** Throws ValidationException. Never normalises: what is bound is what was sent. */
export function parseEncryptionContext(pairs: ReadonlyMap<string, string> | undefined): EncryptionContext {
  if (pairs === undefined || pairs.size === 0) return EMPTY_CONTEXT;
  // Only one that keeps these rules has a canonical form.
  if (forms.has(pairs)) return pairs;
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

interface Forms {
  readonly canonical: Uint8Array;
  json: string | undefined;
}
const forms = new WeakMap<EncryptionContext, Forms>();

function formsOf(context: EncryptionContext, canonical?: Uint8Array): Forms {
  let found = forms.get(context);
  if (found === undefined) {
    found = { canonical: canonical ?? canonicalContext(context), json: undefined };
    forms.set(context, found);
  }
  return found;
}

/** The context that stands beside a stored key. Throws CryptoError for bytes that no context has. */
export function storedContext(canonical: Uint8Array): EncryptionContext {
  const context = decodeContext(canonical);
  formsOf(context, canonical);
  return context;
}

/** The AAD of blobs, part of kek references. Throws CryptoError for pairs that have no canonical encoding. */
export const canonicalOf = (context: EncryptionContext): Uint8Array => formsOf(context).canonical;

/** As records of the trail show it. */
export function contextJson(context: EncryptionContext): string {
  const known = forms.get(context);
  if (known?.json !== undefined) return known.json;
  let pairs = "";
  for (const [name, value] of context)
    pairs += `${pairs === "" ? "" : ","}${jsonString(name)}:${jsonString(value)}`;
  const json = `{${pairs}}`;
  if (known !== undefined) known.json = json;
  return json;
}
