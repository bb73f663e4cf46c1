/** RSA wraps made by hand for the tests, under the key pair of the vectors. */
import { constants, createPrivateKey, createPublicKey, publicEncrypt } from "node:crypto";
import { RSA_KEY } from "./support.ts";

const publicKey = createPublicKey(
  createPrivateKey({ key: Buffer.from(RSA_KEY), format: "der", type: "pkcs8" }),
);

export function rsaPublicPem(): string {
  return publicKey.export({ format: "pem", type: "spki" }).toString();
}

export function wrapRsa(
  form: "oaep-sha1" | "oaep-sha256" | "pkcs1" | "raw",
  plaintext: Uint8Array,
): Uint8Array {
  if (form === "pkcs1")
    return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, plaintext);
  if (form === "raw") return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, plaintext);
  const oaepHash = form === "oaep-sha1" ? "sha1" : "sha256";
  return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, plaintext);
}
