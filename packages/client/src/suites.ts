/** Content suites, wrapping algorithms and commitment policies as data (spec sections 4, 5, 11). */

/**
 * Official names of the content suites. Only the two GCM ones can be written.
 *
 * @example
 * ```ts
 * const encryptionAlgorithm: EncryptionAlgorithm = "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY";
 * console.log(new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }), encryptionAlgorithm }) === s3);
 * ```
 */
export type EncryptionAlgorithm =
  | "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY"
  | "ALG_AES_256_GCM_IV12_TAG16_NO_KDF"
  | "ALG_AES_256_CBC_IV16_NO_KDF"
  | "ALG_AES_256_CTR_IV16_TAG16_NO_KDF"
  | "ALG_AES_256_CTR_HKDF_SHA512_COMMIT_KEY";

/**
 * @example
 * ```ts
 * const commitmentPolicy: CommitmentPolicy = "FORBID_ENCRYPT_ALLOW_DECRYPT"; // writes V2, for readers that know no V3
 * const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key }), commitmentPolicy });
 * await s3.send(new PutObjectCommand({ Bucket: "b", Key: "v2", Body: "secret" }));
 * ```
 */
export type CommitmentPolicy =
  | "FORBID_ENCRYPT_ALLOW_DECRYPT"
  | "REQUIRE_ENCRYPT_ALLOW_DECRYPT"
  | "REQUIRE_ENCRYPT_REQUIRE_DECRYPT";

export const COMMITMENT_POLICIES: readonly CommitmentPolicy[] = [
  "FORBID_ENCRYPT_ALLOW_DECRYPT",
  "REQUIRE_ENCRYPT_ALLOW_DECRYPT",
  "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
];

/**
 * How the content of one object is encrypted: `COMMIT` is V3, `GCM` V2, `CBC` V1 or V2.
 *
 * @example
 * ```ts
 * const committing: ContentKind = "COMMIT";
 * console.log(committing);
 * ```
 */
export type ContentKind = "COMMIT" | "GCM" | "CBC";
/**
 * @example
 * ```ts
 * const found = await s3.inspect({ Bucket: "b", Key: "k" });
 * const old: readonly EnvelopeFormat[] = ["V1", "V2"];
 * console.log(found.encrypted && old.includes(found.encryption.format));
 * ```
 */
export type EnvelopeFormat = "V1" | "V2" | "V3";

interface ContentRow {
  readonly algorithm: EncryptionAlgorithm;
  /** What the wrap binds: the AAD of AES/GCM, the tail of the RSA pseudo key, `aws:x-amz-cek-alg`. */
  readonly bindings: readonly string[];
  readonly dataKeyBytes: readonly number[];
}
export const CONTENT: Record<ContentKind, ContentRow> = {
  COMMIT: { algorithm: "ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY", bindings: ["115"], dataKeyBytes: [32] },
  GCM: {
    algorithm: "ALG_AES_256_GCM_IV12_TAG16_NO_KDF",
    bindings: ["AES/GCM/NoPadding"],
    dataKeyBytes: [16, 24, 32],
  },
  CBC: {
    algorithm: "ALG_AES_256_CBC_IV16_NO_KDF",
    // Java binds the GCM name when it re-encrypts a CBC object's instruction file, others the CBC name (spec 5.5).
    bindings: ["AES/GCM/NoPadding", "AES/CBC/PKCS5Padding"],
    dataKeyBytes: [16, 24, 32],
  },
};

/**
 * The bindings to accept when reading. The GCM name for CBC content only from an instruction file, where Java's
 * re-encryption puts it: on object metadata it would let a GCM object be relabelled as CBC and its key be used as a
 * padding oracle.
 */
export function readBindings(content: ContentKind, inInstructionFile: boolean): readonly string[] {
  const { bindings } = CONTENT[content];
  return content === "CBC" && !inInstructionFile ? bindings.slice(1) : bindings;
}

/**
 * Wrapping algorithms by their V2 names; `AES` and `RSA` are the unnamed ones of V1.
 *
 * @example
 * ```ts
 * const legacy: readonly WrappingAlgorithm[] = ["kms", "AESWrap", "AES", "RSA"];
 * const found = await s3.inspect({ Bucket: "b", Key: "k" });
 * console.log(found.encrypted && legacy.includes(found.encryption.wrappingAlgorithm));
 * ```
 */
export type WrappingAlgorithm =
  | "AES/GCM"
  | "RSA-OAEP-SHA1"
  | "kms+context"
  | "kms"
  | "AESWrap"
  | "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"
  | "AES"
  | "RSA";

interface WrapRow {
  readonly v3Code?: "02" | "12" | "22";
  readonly legacy: boolean;
  /** True when the stored map is a KMS encryption context and not a material description. */
  readonly usesContext: boolean;
}
const WRAP_ROWS: readonly (readonly [WrappingAlgorithm, WrapRow])[] = [
  ["AES/GCM", { v3Code: "02", legacy: false, usesContext: false }],
  ["kms+context", { v3Code: "12", legacy: false, usesContext: true }],
  ["RSA-OAEP-SHA1", { v3Code: "22", legacy: false, usesContext: false }],
  ["kms", { legacy: true, usesContext: true }],
  ["AESWrap", { legacy: true, usesContext: false }],
  ["RSA/ECB/OAEPWithSHA-256AndMGF1Padding", { legacy: true, usesContext: false }],
  ["AES", { legacy: true, usesContext: false }],
  ["RSA", { legacy: true, usesContext: false }],
];

export function wrapRow(name: WrappingAlgorithm): WrapRow {
  const row = WRAP_ROWS.find(([n]) => n === name);
  if (row === undefined) throw new TypeError("unknown wrapping algorithm");
  return row[1];
}

/** A name found in `x-amz-wrap-alg`. The unnamed V1 algorithms cannot be named there. */
export function wrapByName(name: string): WrappingAlgorithm | undefined {
  if (name === "AES" || name === "RSA") return undefined;
  return WRAP_ROWS.find(([n]) => n === name)?.[0];
}

export function wrapByCode(code: string): WrappingAlgorithm | undefined {
  return WRAP_ROWS.find(([, row]) => row.v3Code === code)?.[0];
}

/** Most plaintext bytes of one AES-GCM message: 2^39 - 256 bits (SP 800-38D 5.2.1.1). */
export const PLAINTEXT_BYTES_MAX = 68_719_476_704;
export const TAG_BYTES = 16;
export const RESERVED_CONTEXT_KEY = "aws:x-amz-cek-alg";
