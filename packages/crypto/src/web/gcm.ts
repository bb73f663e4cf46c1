/** AES-GCM for WebCrypto: whole messages by the platform, streams by AES-CTR and our GHASH (SP 800-38D 7.1, 7.2). */
import { equalBytesConstantTime } from "../content/bytes.ts";
import type { GcmDecryptor, GcmEncryptor } from "../content/port.ts";
import { Ghash } from "./ghash.ts";
import { ctrOnce, importAes, plain, WebCtr } from "./subtle.ts";

const TAG_BYTES = 16;

export async function sealGcm(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const algorithm = { name: "AES-GCM", iv: plain(nonce), additionalData: plain(aad), tagLength: 128 };
  const sealed = await crypto.subtle.encrypt(algorithm, await importAes(key, "AES-GCM"), plain(plaintext));
  return new Uint8Array(sealed);
}

export async function openGcm(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length < TAG_BYTES) return undefined;
  const imported = await importAes(key, "AES-GCM");
  const algorithm = { name: "AES-GCM", iv: plain(nonce), additionalData: plain(aad), tagLength: 128 };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, imported, plain(sealed)));
  } catch {
    return undefined; // WebCrypto has one error for all, and so have we.
  }
}

/** What both directions share: the counter stream from block 2, the hash, and the tag at the end. */
class GcmStream {
  readonly #ctr: WebCtr;
  readonly #ghash: Ghash;
  readonly #tagMask: Uint8Array;
  readonly #aadBytes: number;
  #textBytes = 0;

  constructor(ctr: WebCtr, ghash: Ghash, tagMask: Uint8Array, aad: Uint8Array) {
    this.#ctr = ctr;
    this.#ghash = ghash;
    this.#tagMask = tagMask;
    this.#aadBytes = aad.length;
    ghash.update(aad);
    ghash.pad();
  }

  hash(ciphertext: Uint8Array): void {
    this.#ghash.update(ciphertext);
    this.#textBytes += ciphertext.length;
  }

  async crypt(data: Uint8Array): Promise<Uint8Array> {
    return this.#ctr.update(data);
  }

  tag(): Uint8Array {
    const tag = this.#ghash.digest(this.#aadBytes, this.#textBytes);
    for (let i = 0; i < TAG_BYTES; i++) tag[i] = (tag[i] ?? 0) ^ (this.#tagMask[i] ?? 0);
    return tag;
  }
}

async function openStream(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): Promise<GcmStream> {
  if (nonce.length !== 12) throw new RangeError("the nonce has 12 bytes");
  const imported = await importAes(key, "AES-CTR");
  // One CTR call over a zero block is one AES block: the hash subkey from the zero block, the tag mask from J0.
  const zero = new Uint8Array(16);
  const h = await ctrOnce(imported, zero, zero);
  const counter = new Uint8Array(16);
  counter.set(nonce);
  counter[15] = 1;
  const tagMask = await ctrOnce(imported, counter, zero);
  counter[15] = 2;
  return new GcmStream(new WebCtr(imported, counter), new Ghash(h), tagMask, aad);
}

export async function gcmEncryptor(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
): Promise<GcmEncryptor> {
  const stream = await openStream(key, nonce, aad);
  return {
    async update(plaintext) {
      const ciphertext = await stream.crypt(plaintext);
      stream.hash(ciphertext);
      return ciphertext;
    },
    final: () => stream.tag(),
  };
}

export async function gcmDecryptor(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
): Promise<GcmDecryptor> {
  const stream = await openStream(key, nonce, aad);
  return {
    async update(ciphertext) {
      stream.hash(ciphertext);
      return stream.crypt(ciphertext);
    },
    final: (tag) => equalBytesConstantTime(stream.tag(), tag),
  };
}
