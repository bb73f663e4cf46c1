/**
 * From a parsed envelope to the content key. The order is the specification's (12, 13.2): everything that needs no secret
 * comes first, so that a refused object costs no KMS call and gives no oracle.
 */
import { equalBytesConstantTime } from "@strongroom/crypto/common";
import { committingKey, type ContentKey, deriveCommitment, plainGcmKey } from "../content/keys.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { sameMap, type StringMap } from "../envelope/json-map.ts";
import { fail } from "../errors.ts";
import { CONTENT, RESERVED_CONTEXT_KEY, readBindings, wrapRow } from "../suites.ts";
import type { Context } from "./context.ts";

export type OpenedContent =
  | { readonly content: "GCM" | "COMMIT"; readonly key: ContentKey }
  | { readonly content: "CBC"; readonly key: Uint8Array; readonly iv: Uint8Array };

/** Options and policy: may this client read such an object at all? */
export function checkPolicy({ options, keyring }: Context, envelope: Envelope): void {
  // The policy before the legacy option: no option makes a non-committing object readable under REQUIRE_DECRYPT.
  if (envelope.content !== "COMMIT" && options.commitmentPolicy === "REQUIRE_ENCRYPT_REQUIRE_DECRYPT")
    fail("CommitmentMissing", `format ${envelope.format}`);
  if (envelope.content === "CBC" && !options.legacyContent) fail("LegacyContentDisabled");
  if (wrapRow(envelope.wrap).legacy && !options.legacyWraps) fail("LegacyWrapDisabled", envelope.wrap);
  if (!keyring.unwraps.includes(envelope.wrap)) fail("WrongKeyType", envelope.wrap);
}

/** The encryption context that the caller expects against the stored one (spec section 6): exact, not a subset. */
export function checkContext(envelope: Envelope, expected: StringMap | undefined): void {
  if (envelope.wrap !== "kms+context") {
    // Accepting it unchecked would let a relabelled object pass as bound to it.
    if ((expected?.size ?? 0) > 0) fail("ContextNotVerifiable", envelope.wrap);
    return;
  }
  const own = new Map(envelope.description);
  const suite = own.get(RESERVED_CONTEXT_KEY);
  own.delete(RESERVED_CONTEXT_KEY);
  own.delete("kms_cmk_id");
  if (!sameMap(own, expected ?? new Map())) fail("ContextMismatch");
  if (suite === undefined || !readBindings(envelope.content, envelope.inInstructionFile).includes(suite))
    fail("MalformedMetadata", "the encryption context names another content suite");
}

export async function unwrapDataKey({ keyring, platform }: Context, envelope: Envelope): Promise<Uint8Array> {
  const row = CONTENT[envelope.content];
  const dataKey = await keyring.unwrapDataKey({
    algorithm: envelope.wrap,
    wrapped: envelope.wrapped,
    bindings: readBindings(envelope.content, envelope.inInstructionFile),
    description: envelope.description,
    cipher: platform.cipher,
  });
  try {
    if (!row.dataKeyBytes.includes(dataKey.length)) fail("WrongKey", "data key length");
    if (envelope.format === "V3") {
      const commitment = await deriveCommitment(platform.cipher, dataKey, envelope.messageId);
      if (!equalBytesConstantTime(commitment, envelope.commitment)) fail("CommitmentMismatch");
    }
    return dataKey;
  } catch (error) {
    dataKey.fill(0);
    throw error;
  }
}

export async function openEnvelope(
  context: Context,
  envelope: Envelope,
  expected: StringMap | undefined,
): Promise<OpenedContent> {
  checkPolicy(context, envelope);
  checkContext(envelope, expected);
  const dataKey = await unwrapDataKey(context, envelope);
  if (envelope.content === "CBC") return { content: "CBC", key: dataKey, iv: envelope.iv };
  if (envelope.format === "V2") return { content: "GCM", key: plainGcmKey(dataKey, envelope.iv) };
  try {
    const key = await committingKey(context.platform.cipher, dataKey, envelope.messageId);
    return { content: "COMMIT", key };
  } finally {
    dataKey.fill(0);
  }
}
