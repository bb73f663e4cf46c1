/** Imports as a client makes them, over the wire layer. */
import { constants, createCipheriv, createPublicKey, publicEncrypt } from "node:crypto";
import { ok } from "../../api/kms/test/wire.ts";
import type { Kernel } from "../kernel.ts";

/** What a client does between the two calls. */
export async function wrapped(
  kms: Kernel,
  KeyId: string,
  material: Uint8Array,
  WrappingAlgorithm = "RSAES_OAEP_SHA_256",
) {
  const { PublicKey, ImportToken } = await ok(kms, "GetParametersForImport", {
    KeyId,
    WrappingAlgorithm,
    WrappingKeySpec: "RSA_2048",
  });
  const key = createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
  const oaepHash = WrappingAlgorithm.endsWith("256") ? "sha256" : "sha1";
  const oaep = (data: Uint8Array) =>
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, data);
  if (WrappingAlgorithm.startsWith("RSAES"))
    return { KeyId, ImportToken, EncryptedKeyMaterial: oaep(material).toString("base64") };
  const kek = new Uint8Array(32).fill(9);
  const cipher = createCipheriv("id-aes256-wrap-pad", kek, Buffer.from("A65959A6", "hex"));
  const inner = Buffer.concat([cipher.update(material), cipher.final()]);
  return { KeyId, ImportToken, EncryptedKeyMaterial: Buffer.concat([oaep(kek), inner]).toString("base64") };
}
export const forever = { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
export async function bring(
  kms: Kernel,
  KeyId: string,
  material: Uint8Array,
  more: object = forever,
): Promise<string> {
  return (await ok(kms, "ImportKeyMaterial", { ...(await wrapped(kms, KeyId, material)), ...more }))
    .KeyMaterialId;
}
