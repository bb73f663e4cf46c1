/** The cipher port on node:crypto, for Node and Bun. Streaming and synchronous; the only async part is RSA's shape. */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import type { ContentCipher, RsaKeyInput, RsaPrivateKey, RsaPublicKey } from "./port.ts";

const TAG_BYTES = 16;
const GCM = { 16: "aes-128-gcm", 24: "aes-192-gcm", 32: "aes-256-gcm" } as const;

function gcmName(key: Uint8Array): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  if (key.length === 16 || key.length === 24 || key.length === 32) return GCM[key.length];
  throw new RangeError("an AES key has 16, 24 or 32 bytes");
}

function blockCipher(key: Uint8Array, mode: "ctr" | "cbc" | "ecb", iv: Uint8Array | null) {
  gcmName(key);
  const decipher = createDecipheriv(`aes-${key.length * 8}-${mode}`, key, iv);
  decipher.setAutoPadding(false);
  return decipher;
}

function toKeyObject(key: RsaKeyInput, half: "private" | "public"): KeyObject {
  const made = readKey(key, half);
  if (made.asymmetricKeyType !== "rsa") throw new TypeError(`not an RSA ${half} key`);
  return made;
}

function readKey(key: RsaKeyInput, half: "private" | "public"): KeyObject {
  if (key instanceof KeyObject)
    return half === "public" && key.type === "private" ? createPublicKey(key) : key;
  const isPrivate = half === "private";
  try {
    if (typeof key === "string") return isPrivate ? createPrivateKey(key) : createPublicKey(key);
    if (key instanceof Uint8Array) {
      const der = Buffer.from(key.buffer, key.byteOffset, key.length);
      return isPrivate
        ? createPrivateKey({ key: der, format: "der", type: "pkcs8" })
        : createPublicKey({ key: der, format: "der", type: "spki" });
    }
    if ("kty" in key) {
      const jwk = { key: { ...key }, format: "jwk" } as const;
      return isPrivate ? createPrivateKey(jwk) : createPublicKey(jwk);
    }
    if (key instanceof CryptoKey) return readKey(KeyObject.from(key), half);
  } catch (cause) {
    throw new TypeError(`not an RSA ${half} key`, { cause });
  }
  throw new TypeError(`not an RSA ${half} key`);
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}

async function importRsaPrivate(input: RsaKeyInput): Promise<RsaPrivateKey> {
  const key = toKeyObject(input, "private");
  if (key.type !== "private") throw new TypeError("not an RSA private key");
  const attempt = (padding: number, oaepHash: string | undefined, ciphertext: Uint8Array) => {
    try {
      return privateDecrypt(
        oaepHash === undefined ? { key, padding } : { key, padding, oaepHash },
        ciphertext,
      );
    } catch {
      return undefined; // The one answer for every failure: OpenSSL's reasons would be an oracle.
    }
  };
  return {
    modulusBytes: modulusBytes(key),
    decryptOaepSha1: async (ciphertext) => attempt(constants.RSA_PKCS1_OAEP_PADDING, "sha1", ciphertext),
    decryptRaw: async (ciphertext) => attempt(constants.RSA_NO_PADDING, undefined, ciphertext),
  };
}

async function importRsaPublic(input: RsaKeyInput): Promise<RsaPublicKey> {
  const key = toKeyObject(input, "public");
  return {
    modulusBytes: modulusBytes(key),
    encryptOaepSha1: async (plaintext) =>
      publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, plaintext),
  };
}

export const nodeCipher: ContentCipher = {
  name: "node",
  // Copied out of Buffer's pool, which small buffers share.
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  digest: (hash, data) =>
    createHash(hash === "SHA-1" ? "sha1" : "sha256")
      .update(data)
      .digest(),
  hkdfSha512: (key, salt, info, length) => new Uint8Array(hkdfSync("sha512", key, salt, info, length)),
  sealGcm(key, nonce, aad, plaintext) {
    const cipher = createCipheriv(gcmName(key), key, nonce);
    cipher.setAAD(aad);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  openGcm(key, nonce, aad, sealed) {
    if (sealed.length < TAG_BYTES) return undefined;
    const decryptor = nodeGcmDecryptor(key, nonce, aad);
    const plaintext = decryptor.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    return decryptor.final(sealed.subarray(sealed.length - TAG_BYTES)) ? plaintext : undefined;
  },
  gcmEncryptor(key, nonce, aad) {
    const cipher = createCipheriv(gcmName(key), key, nonce);
    cipher.setAAD(aad);
    return {
      update: (plaintext) => cipher.update(plaintext),
      final() {
        cipher.final();
        return cipher.getAuthTag();
      },
    };
  },
  gcmDecryptor: nodeGcmDecryptor,
  ctr: (key, counterBlock) => blockCipher(key, "ctr", counterBlock),
  cbcDecryptor: (key, iv) => blockCipher(key, "cbc", iv),
  decryptBlocks: (key, blocks) => blockCipher(key, "ecb", null).update(blocks),
  importRsaPrivate,
  importRsaPublic,
};

function nodeGcmDecryptor(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) {
  const decipher = createDecipheriv(gcmName(key), key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  return {
    update: (ciphertext: Uint8Array): Uint8Array => decipher.update(ciphertext),
    final(tag: Uint8Array): boolean {
      if (tag.length !== TAG_BYTES) return false;
      try {
        decipher.setAuthTag(tag);
        decipher.final();
        return true;
      } catch {
        return false; // OpenSSL's only reason here is the tag.
      }
    },
  };
}
