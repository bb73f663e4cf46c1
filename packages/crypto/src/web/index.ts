/**
 * Entry `@strongroom/crypto/web`: the content ciphers of client-side encryption on WebCrypto, for browsers.
 * INVARIANT: no node: import is reachable from here; the client's bundle test checks it.
 */
import type { ContentCipher } from "../content/port.ts";
import { gcmDecryptor, gcmEncryptor, openGcm, sealGcm } from "./gcm.ts";
import { importRsaPrivate, importRsaPublic } from "./rsa.ts";
import { importAes, plain, WebCbc, WebCtr } from "./subtle.ts";

export * from "../content/common.ts";
export { Ghash } from "./ghash.ts";

async function hkdfSha512(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", plain(key), "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-512", salt: plain(salt), info: plain(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, imported, length * 8));
}

/** ECB out of CBC: each block is decrypted by itself with a zero vector. */
async function decryptBlocks(key: Uint8Array, blocks: Uint8Array): Promise<Uint8Array> {
  const imported = await importAes(key, "AES-CBC");
  const zero = new Uint8Array(16);
  const out = new Uint8Array(blocks.length);
  for (let at = 0; at < blocks.length; at += 16)
    out.set(await new WebCbc(imported, zero).update(blocks.subarray(at, at + 16)), at);
  return out;
}

export const webCipher: ContentCipher = {
  name: "web",
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  digest: async (hash, data) => new Uint8Array(await crypto.subtle.digest(hash, plain(data))),
  hkdfSha512,
  sealGcm,
  openGcm,
  gcmEncryptor,
  gcmDecryptor,
  ctr: async (key, counterBlock) => new WebCtr(await importAes(key, "AES-CTR"), counterBlock),
  cbcDecryptor: async (key, iv) => new WebCbc(await importAes(key, "AES-CBC"), iv),
  decryptBlocks,
  importRsaPrivate,
  importRsaPublic,
};
