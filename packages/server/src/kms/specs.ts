/** Key specs as data (spec kms 3.2): what each may be used for and with which algorithms. Null prototype: names come from clients. */

export const KEY_USAGES = ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** Every spec of the API model, in the model's order: the enum text of validation errors lists them all. */
export const KEY_SPECS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
  "SYMMETRIC_DEFAULT",
  "HMAC_224",
  "HMAC_256",
  "HMAC_384",
  "HMAC_512",
  "SM2",
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
  "ECC_NIST_EDWARDS25519",
] as const;
export type KeySpec = (typeof KEY_SPECS)[number];

export type KeyKind = "symmetric" | "hmac" | "asymmetric";

export interface SpecRow {
  readonly kind: KeyKind;
  readonly usages: readonly KeyUsage[];
  /** Material of this kind can be made by this release. */
  readonly supported: boolean;
  /** Material of this kind can be brought along. */
  readonly importable: boolean;
  /** Bytes of the raw material; 0 for key pairs. */
  readonly materialBytes: number;
  readonly algorithms: Partial<Readonly<Record<KeyUsage, readonly string[]>>>;
}

const RSA: SpecRow = {
  kind: "asymmetric",
  usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
  supported: true,
  importable: true,
  materialBytes: 0,
  algorithms: {
    ENCRYPT_DECRYPT: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
    SIGN_VERIFY: [
      "RSASSA_PSS_SHA_256",
      "RSASSA_PSS_SHA_384",
      "RSASSA_PSS_SHA_512",
      "RSASSA_PKCS1_V1_5_SHA_256",
      "RSASSA_PKCS1_V1_5_SHA_384",
      "RSASSA_PKCS1_V1_5_SHA_512",
    ],
  },
};
const ecc = (usages: readonly KeyUsage[], signing: readonly string[]): SpecRow => ({
  kind: "asymmetric",
  usages,
  supported: true,
  importable: true,
  materialBytes: 0,
  algorithms: { SIGN_VERIFY: signing, KEY_AGREEMENT: ["ECDH"] },
});
/** RFC 9881 has three encodings of a private key, and the expanded ones are larger than what a key record holds. */
const ML_DSA: SpecRow = { ...ecc(["SIGN_VERIFY"], ["ML_DSA_SHAKE_256"]), importable: false };
const hmac = (bits: number): SpecRow => ({
  kind: "hmac",
  usages: ["GENERATE_VERIFY_MAC"],
  supported: true,
  importable: true,
  materialBytes: bits / 8,
  algorithms: { GENERATE_VERIFY_MAC: [`HMAC_SHA_${bits}`] },
});

export const SPECS: Readonly<Record<KeySpec, SpecRow>> = Object.assign(
  Object.create(null) as Record<KeySpec, SpecRow>,
  {
    SYMMETRIC_DEFAULT: {
      kind: "symmetric",
      usages: ["ENCRYPT_DECRYPT"],
      supported: true,
      importable: true,
      materialBytes: 32,
      algorithms: { ENCRYPT_DECRYPT: ["SYMMETRIC_DEFAULT"] },
    },
    HMAC_224: hmac(224),
    HMAC_256: hmac(256),
    HMAC_384: hmac(384),
    HMAC_512: hmac(512),
    RSA_2048: RSA,
    RSA_3072: RSA,
    RSA_4096: RSA,
    ECC_NIST_P256: ecc(["SIGN_VERIFY", "KEY_AGREEMENT"], ["ECDSA_SHA_256"]),
    ECC_NIST_P384: ecc(["SIGN_VERIFY", "KEY_AGREEMENT"], ["ECDSA_SHA_384"]),
    ECC_NIST_P521: ecc(["SIGN_VERIFY", "KEY_AGREEMENT"], ["ECDSA_SHA_512"]),
    ECC_SECG_P256K1: ecc(["SIGN_VERIFY"], ["ECDSA_SHA_256"]),
    ECC_NIST_EDWARDS25519: ecc(["SIGN_VERIFY"], ["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
    ML_DSA_44: ML_DSA,
    ML_DSA_65: ML_DSA,
    ML_DSA_87: ML_DSA,
    SM2: { ...ecc(["SIGN_VERIFY", "KEY_AGREEMENT"], ["SM2DSA"]), supported: false },
  } satisfies Record<KeySpec, SpecRow>,
);

/** The algorithms that a key of this spec and usage offers, as KeyMetadata lists them. */
export function algorithmsOf(spec: KeySpec, usage: KeyUsage): readonly string[] {
  return SPECS[spec].algorithms[usage] ?? [];
}
