/** The 16 bytes by which a ciphertext blob names its key. */
import { randomBytes } from "@strongroom/crypto";
import { isIssuedKeyId } from "./key-id.ts";

/** An issued id is 16 bytes in hex. An id that an operator chose has no such form: random bytes, recorded with the key. */
export function blobNameOf(keyId: string): Uint8Array {
  if (!isIssuedKeyId(keyId)) return randomBytes(16);
  return new Uint8Array(Buffer.from(keyId.replace(/^mrk-/, "").replaceAll("-", ""), "hex"));
}
