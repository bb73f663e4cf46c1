/** SHA-256, and HMAC (RFC 2104) over SHA-256 and SHA-512, by direct calls. The inner digest never leaves the arena. */
import {
  Arena,
  type EvpFunctions,
  type Library,
  must,
  notNull,
  ON_HEAP_BYTES_MAX,
  type Pointer,
} from "./library.ts";

const NULL = 0n;
const MESSAGE_BYTES_MAX = 8192;

export class DirectDigest {
  readonly #library: Library;
  readonly #evp: EvpFunctions;
  readonly #digest: Pointer;
  readonly #context: Pointer;
  /** Of the hash: the length of both pads. */
  readonly blockBytes: number;
  readonly #digestBytes: number;
  readonly #memory: Uint8Array;
  readonly #words: Uint32Array;
  readonly #text: Buffer;
  /** Padded key || message. */
  readonly #inner;
  /** Padded key || inner digest. */
  readonly #outer;
  readonly #result;
  /** bytes of the outer message */
  readonly #outerLength: bigint;

  constructor(library: Library, name: "SHA2-256" | "SHA2-512") {
    const { evp } = library;
    const arena = new Arena(library, 2 * MESSAGE_BYTES_MAX);
    this.#library = library;
    this.#evp = evp;
    this.blockBytes = name === "SHA2-256" ? 64 : 128;
    this.#digestBytes = name === "SHA2-256" ? 32 : 64;
    this.#outerLength = BigInt(this.blockBytes + this.#digestBytes);
    this.#memory = arena.bytes;
    this.#words = new Uint32Array(arena.bytes.buffer);
    this.#text = Buffer.from(arena.bytes.buffer);
    this.#inner = arena.take(this.blockBytes + MESSAGE_BYTES_MAX);
    this.#outer = arena.take(this.blockBytes + this.#digestBytes);
    this.#result = arena.take(this.#digestBytes);
    this.#digest = notNull(evp.EVP_MD_fetch(NULL, arena.text(name), NULL), name);
    this.#context = notNull(evp.EVP_MD_CTX_new(), "memory");
    must(evp.EVP_DigestInit_ex(this.#context, this.#digest, NULL));
  }

  takes(key: Uint8Array, message: Uint8Array): boolean {
    return key.length <= this.blockBytes && message.length <= MESSAGE_BYTES_MAX;
  }

  /** In a buffer of its own, which the caller wipes if it is a key. */
  mac(key: Uint8Array, message: Uint8Array): Uint8Array {
    const block = this.blockBytes;
    const memory = this.#memory;
    const inner = this.#inner;
    const outer = this.#outer;
    if (!this.takes(key, message)) throw new RangeError("INVARIANT: a MAC's input fits");
    try {
      memory.set(key, inner.at);
      // INVARIANT: whatever was here before. A MAC under a key with something behind it opens nothing ever after.
      memory.fill(0, inner.at + key.length, inner.at + block);
      memory.set(message, inner.at + block);
      this.#pad();
      this.#hash(inner.address, BigInt(block + message.length), outer.address + BigInt(block));
      this.#hash(outer.address, this.#outerLength, this.#result.address);
      return this.#taken();
    } finally {
      this.#wipe(block + message.length);
    }
  }

  /** In a buffer of its own. */
  hash(bytes: Uint8Array): Uint8Array {
    const copied = bytes.length <= ON_HEAP_BYTES_MAX;
    if (copied) this.#memory.set(bytes, this.#inner.at);
    const from = copied ? this.#inner.address : this.#library.addressOf(bytes);
    try {
      this.#hash(from, BigInt(bytes.length), this.#result.address);
      return this.#taken();
    } finally {
      if (copied) this.#wipeInner(bytes.length);
    }
  }

  takesText(text: string): boolean {
    return text.length <= MESSAGE_BYTES_MAX;
  }

  /** Hex, of a text of one character per byte. */
  hashText(text: string): string {
    const { at, address } = this.#inner;
    if (!this.takesText(text)) throw new RangeError("INVARIANT: a text fits");
    try {
      this.#hash(address, BigInt(this.#text.write(text, at, "latin1")), this.#result.address);
      return this.#takenHex();
    } finally {
      this.#wipeInner(text.length);
    }
  }

  /** Hex MAC of a text of one character per byte, under the key that both pads were made of: a block each. */
  macText(innerPad: Uint8Array, outerPad: Uint8Array, text: string): string {
    const block = this.blockBytes;
    const memory = this.#memory;
    const inner = this.#inner;
    const outer = this.#outer;
    if (!this.takesText(text) || innerPad.length !== block || outerPad.length !== block)
      throw new RangeError("INVARIANT: a MAC's input fits");
    try {
      memory.set(innerPad, inner.at);
      memory.set(outerPad, outer.at);
      const length = block + this.#text.write(text, inner.at + block, "latin1");
      this.#hash(inner.address, BigInt(length), outer.address + BigInt(block));
      this.#hash(outer.address, this.#outerLength, this.#result.address);
      return this.#takenHex();
    } finally {
      this.#wipe(block + text.length);
    }
  }

  #wipeInner(bytes: number): void {
    this.#memory.fill(0, this.#inner.at, this.#inner.at + bytes);
  }

  /** Leaves nothing of a MAC: `innerBytes` of the inner message, the outer one, and the state, which ends as the result. */
  #wipe(innerBytes: number): void {
    const memory = this.#memory;
    this.#wipeInner(innerBytes);
    memory.fill(0, this.#outer.at, this.#outer.at + this.blockBytes + this.#digestBytes);
    memory.fill(0, this.#result.at, this.#result.at + this.#digestBytes);
    if (this.#evp.EVP_DigestInit_ex(this.#context, this.#digest, NULL) !== 1) this.#evp.ERR_clear_error();
  }

  #hash(from: Pointer, length: bigint, to: Pointer): void {
    const evp = this.#evp;
    must(evp.EVP_DigestInit_ex(this.#context, this.#digest, NULL));
    must(evp.EVP_DigestUpdate(this.#context, from, length));
    must(evp.EVP_DigestFinal_ex(this.#context, to, NULL));
  }

  #taken(): Uint8Array {
    const out = new Uint8Array(this.#digestBytes);
    const memory = this.#memory;
    const { at } = this.#result;
    for (let i = 0; i < out.length; i++) out[i] = memory[at + i] ?? 0;
    return out;
  }

  #takenHex(): string {
    const { at } = this.#result;
    return this.#text.toString("hex", at, at + this.#digestBytes);
  }

  /** The key, zeros behind it, stands in the inner pad. */
  #pad(): void {
    const words = this.#words;
    const inner = this.#inner.at / 4;
    const outer = this.#outer.at / 4;
    const count = this.blockBytes / 4;
    for (let i = 0; i < count; i++) {
      const word = words[inner + i] ?? 0;
      words[inner + i] = word ^ 0x3636_3636;
      words[outer + i] = word ^ 0x5c5c_5c5c;
    }
  }
}
