/**
 * What becomes of imported keys that are not symmetric encryption keys (spec kms 11): an HMAC key is used as it came, a
 * private key as the platform writes it. Both must fit the spec of the key that they are for.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { hmac256 } from "./derive.ts";
import { CryptoError } from "./errors.ts";
import { CURVES, type KeyPair, type KeyPairSpec } from "./key-pairs.ts";
import { materialId } from "./kms-blob.ts";
import { LABELS } from "./labels.ts";
import { SecretKey } from "./secret-key.ts";

/** FIPS 186-5 section 5.1: public exponents of RSA lie above 2^16. */
const RSA_EXPONENT_MIN = 65_537n;
const TRIAL = new TextEncoder().encode("strongroom");

const unfit = (what: string, cause?: unknown): CryptoError => new CryptoError("BadKey", what, cause);

/**
 * A private key in PKCS #8 (RFC 5958), DER, as a pair of this spec. Throws BadKey for what is no such key: another type,
 * size or curve, curve parameters in place of a name, or halves that do not belong together.
 */
export function importedKeyPair(spec: KeyPairSpec, pkcs8: Uint8Array): KeyPair {
  const key = parse(pkcs8);
  if (!isOf(key, spec)) throw unfit(`an imported private key that is not ${spec}`);
  const publicKey = spkiOf(key);
  // Nothing has compared the halves yet: the encoding may hold a public key that is not the private one's.
  if (!isWhole(key, publicKey)) throw unfit("an imported private key whose parts do not fit");
  const der = key.export({ format: "der", type: "pkcs8" });
  try {
    return { privateKey: SecretKey.fromBytes("data", der), publicKey };
  } finally {
    der.fill(0);
  }
}

function parse(pkcs8: Uint8Array): KeyObject {
  const copy = Buffer.from(pkcs8);
  try {
    return createPrivateKey({ key: copy, format: "der", type: "pkcs8" });
  } catch (cause) {
    throw unfit("imported bytes that are no PKCS #8", cause);
  } finally {
    copy.fill(0);
  }
}

function isOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, spec: KeyPairSpec): boolean {
  const { modulusLength, publicExponent, namedCurve } = asymmetricKeyDetails ?? {};
  switch (spec) {
    case "RSA_2048":
    case "RSA_3072":
    case "RSA_4096":
      return (
        asymmetricKeyType === "rsa" &&
        modulusLength === Number(spec.slice(4)) &&
        publicExponent !== undefined &&
        publicExponent >= RSA_EXPONENT_MIN
      );
    case "ECC_NIST_P256":
    case "ECC_NIST_P384":
    case "ECC_NIST_P521":
    case "ECC_SECG_P256K1":
      return asymmetricKeyType === "ec" && namedCurve === CURVES[spec];
    case "ECC_NIST_EDWARDS25519":
      return asymmetricKeyType === "ed25519";
    case "ML_DSA_44":
    case "ML_DSA_65":
    case "ML_DSA_87":
      return false;
  }
}

/** By way of its numbers: an encoding may compress the point, and equal keys have to have equal public keys. */
function spkiOf(key: KeyObject): Uint8Array {
  const jwk = createPublicKey(key).export({ format: "jwk" });
  return createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
}

function isWhole(key: KeyObject, spki: Uint8Array): boolean {
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  try {
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return verify(hash, TRIAL, publicKey, sign(hash, TRIAL, key));
  } catch {
    return false;
  }
}

/**
 * The id of imported material of these kinds, made as ids of symmetric material are. `identity` is what tells one material
 * from another: the bytes of an HMAC key, the public key of a pair.
 */
export function importedId(identity: Uint8Array, keyArn: string): Uint8Array {
  const bytes = hmac256(LABELS.import, identity);
  using material = SecretKey.fromBytes("material", bytes);
  bytes.fill(0);
  return materialId(material, keyArn);
}
