/** Thin typed steps over WebCrypto that the web cipher is made of. No node: import may be reachable from here. */

const subtle = globalThis.crypto.subtle;

export type AesMode = "AES-GCM" | "AES-CTR" | "AES-CBC";
type WebKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;

/** WebCrypto takes views of ArrayBuffer only, not of SharedArrayBuffer; ours never are, but the type can't know. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}

export async function importAes(key: Uint8Array, mode: AesMode): Promise<WebKey> {
  return subtle.importKey("raw", plain(key), mode, false, ["encrypt", "decrypt"]);
}

export async function ctrOnce(key: WebKey, counter: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  // GCM increments the low 32 bits only (SP 800-38D 6.2).
  const algorithm = { name: "AES-CTR", counter: plain(counter), length: 32 };
  return new Uint8Array(await subtle.encrypt(algorithm, key, plain(data)));
}

/** AES-CTR fed in pieces of any size: a piece that starts inside a block is shifted to its place in it. */
export class WebCtr {
  readonly #key: WebKey;
  readonly #initial: Uint8Array;
  #offset = 0;

  constructor(key: WebKey, counterBlock: Uint8Array) {
    this.#key = key;
    this.#initial = new Uint8Array(counterBlock);
  }

  async update(input: Uint8Array): Promise<Uint8Array> {
    if (input.length === 0) return new Uint8Array(0);
    const skip = this.#offset % 16;
    const counter = new Uint8Array(this.#initial);
    const view = new DataView(counter.buffer);
    view.setUint32(12, view.getUint32(12) + (this.#offset - skip) / 16);
    this.#offset += input.length;
    if (skip === 0) return ctrOnce(this.#key, counter, input);
    const shifted = new Uint8Array(skip + input.length);
    shifted.set(input, skip);
    return (await ctrOnce(this.#key, counter, shifted)).subarray(skip);
  }
}

/**
 * AES-CBC decryption without WebCrypto's padding check: the ciphertext is extended by one block that decrypts to a whole
 * block of padding, made by encrypting nothing with the last ciphertext block as the vector.
 */
export class WebCbc {
  readonly #key: WebKey;
  #vector: Uint8Array;

  constructor(key: WebKey, iv: Uint8Array) {
    this.#key = key;
    this.#vector = new Uint8Array(iv);
  }

  async update(blocks: Uint8Array): Promise<Uint8Array> {
    if (blocks.length === 0) return new Uint8Array(0);
    if (blocks.length % 16 !== 0) throw new RangeError("CBC takes whole blocks");
    const last = new Uint8Array(blocks.subarray(blocks.length - 16));
    const padding = await subtle.encrypt({ name: "AES-CBC", iv: plain(last) }, this.#key, new Uint8Array(0));
    const extended = new Uint8Array(blocks.length + 16);
    extended.set(blocks);
    extended.set(new Uint8Array(padding), blocks.length);
    const iv = plain(this.#vector);
    this.#vector = last;
    return new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, this.#key, extended));
  }
}
