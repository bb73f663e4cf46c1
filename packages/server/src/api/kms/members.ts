/** Members that many operations share, with the API model's bounds. */
import { DATA_KEY_PAIR_SPECS, type DataKeyPairSpec } from "@strongroom/crypto";
import { fail } from "../../base/errors.ts";
import { KEY_TAGS_MAX } from "../../base/limits.ts";
import type { Tag } from "../../kms/model.ts";
import { is, newProblems } from "./schema.ts";

export const keyId = is.required(is.text({ min: 1, max: 2048 }));
export const optionalKeyId = is.text({ min: 1, max: 2048 });
export const aliasName = is.required(is.text({ min: 1, max: 256, pattern: "^[a-zA-Z0-9:/_-]+$" }));
export const grantTokens = is.list(is.text({ min: 1, max: 8192 }), { min: 0, max: 10 });
export const dryRun = is.flag;
export const context = is.stringMap;
export const description = is.text({ min: 0, max: 8192 });
export const policy = is.text({ min: 1, max: 131_072, pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+" });
export const policyName = is.text({ min: 1, max: 128, pattern: "[\\w]+" });
export const encryptionAlgorithm = is.oneOf([
  "SYMMETRIC_DEFAULT",
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "SM2PKE",
]);
export const dryRunModifiers = is.list(is.oneOf(["IGNORE_CIPHERTEXT"]), { min: 0, max: 1 });
export const plaintext = is.blob({ min: 1, max: 4096 });
export const ciphertext = is.blob({ min: 1, max: 6144 });
/** Attestation documents belong to enclaves that this service has no part in; the member is read to be refused. */
export const recipient = is.structure({});

export const materialId = is.text({ min: 64, max: 64, pattern: "^[a-f0-9]+$" });
export const grantId = is.text({ min: 1, max: 128 });
export const principal = is.text({ min: 1, max: 256, pattern: "^[\\w+=,.@:/-]+$" });

const tag = is.structure({
  TagKey: is.required(is.text({ min: 1, max: 128 })),
  TagValue: is.required(is.text({ min: 0, max: 256 })),
});
/** The count is a rule of its own (TagException): one that is too many is all that it needs to see. */
export const tags = is.list(tag, { lookedAtMax: KEY_TAGS_MAX + 1 });
export const tagKeys = is.list(is.text({ min: 1, max: 128 }), { min: 0, max: KEY_TAGS_MAX });

export const paging = {
  Limit: is.integer(1, 1000),
  Marker: is.text({ min: 1, max: 1024, pattern: "[\\u0020-\\u00FF]*" }),
} as const;

export function tagsOf(
  given: readonly { readonly TagKey: string; readonly TagValue: string }[] | undefined,
): readonly Tag[] {
  return (given ?? []).map((t) => ({ key: t.TagKey, value: t.TagValue }));
}

export const dataKeyMembers = {
  KeyId: keyId,
  EncryptionContext: context,
  NumberOfBytes: is.integer(1, 1024),
  KeySpec: is.oneOf(["AES_256", "AES_128"]),
  GrantTokens: grantTokens,
  DryRun: dryRun,
} as const;

export const dataKeyPairMembers = {
  EncryptionContext: context,
  KeyId: keyId,
  KeyPairSpec: is.required(is.oneOf([...DATA_KEY_PAIR_SPECS, "SM2"])),
  GrantTokens: grantTokens,
  DryRun: dryRun,
} as const;

export function pairSpec(spec: DataKeyPairSpec | "SM2"): DataKeyPairSpec {
  return spec === "SM2" ? fail("UnsupportedOperationException", "KeyPairSpec SM2 is not supported.") : spec;
}

/** Exactly one of the two says how long the data key is. */
export function dataKeyBytes(spec: "AES_256" | "AES_128" | undefined, bytes: number | undefined): number {
  if ((spec === undefined) === (bytes === undefined))
    fail("ValidationException", "Please specify either number of bytes or key spec.");
  return bytes ?? (spec === "AES_128" ? 16 : 32);
}

export function refuseRecipient(given: unknown): void {
  if (given !== undefined)
    fail("UnsupportedOperationException", "Recipient (enclave attestation) is not supported.");
}

/** The blob; absent only in a dry run that ignores it, which then needs a key id. */
export function givenCiphertext(input: {
  readonly CiphertextBlob: Uint8Array | undefined;
  readonly DryRun: boolean | undefined;
  readonly DryRunModifiers: readonly string[] | undefined;
}): Uint8Array | undefined {
  const ignores = input.DryRunModifiers?.includes("IGNORE_CIPHERTEXT") === true;
  if (ignores && input.DryRun !== true)
    fail("ValidationException", "DryRunModifiers can only be used when DryRun is set.");
  if (ignores) return undefined;
  if (input.CiphertextBlob === undefined) {
    const problems = newProblems();
    problems.addNull("ciphertextBlob");
    problems.throwIfAny();
  }
  return input.CiphertextBlob;
}
