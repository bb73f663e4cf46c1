/**
 * AES-256-GCM by direct calls. One context to seal and one to open, used again for every message: all calls of a message
 * are made in one go, and afterwards the context is keyed with zeros, so that no expanded key outlives its message.
 */
import {
  Arena,
  type EvpFunctions,
  type Library,
  must,
  notNull,
  ON_HEAP_BYTES_MAX,
  type Pointer,
} from "./library.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Up to this a copy costs less than an address. */
const COPIED_BYTES_MAX = 512;
const AAD_BYTES_MAX = 2048;
/** OpenSSL counts in ints. */
const MESSAGE_BYTES_MAX = 2 ** 31 - 1;
const GET_TAG = 0x10n;
const SET_TAG = 0x11n;
const TAG_LENGTH = BigInt(TAG_BYTES);
const NULL = 0n;

export class DirectGcm {
  readonly #library: Library;
  readonly #evp: EvpFunctions;
  readonly #sealing: Pointer;
  readonly #opening: Pointer;
  readonly #memory: Uint8Array;
  readonly #key;
  readonly #nonce;
  readonly #aad;
  readonly #message;
  readonly #tag;
  readonly #zeros: Pointer;
  /** Where OpenSSL says how much it wrote: always as much as it was given. */
  readonly #length: Pointer;

  constructor(library: Library) {
    const { evp } = library;
    const arena = new Arena(library, 8192);
    const name = arena.text("AES-256-GCM");
    this.#library = library;
    this.#evp = evp;
    this.#memory = arena.bytes;
    this.#key = arena.take(KEY_BYTES);
    this.#nonce = arena.take(NONCE_BYTES);
    this.#aad = arena.take(AAD_BYTES_MAX);
    this.#message = arena.take(COPIED_BYTES_MAX);
    this.#tag = arena.take(TAG_BYTES);
    this.#zeros = arena.take(KEY_BYTES).address;
    this.#length = arena.take(4).address;
    const cipher = notNull(evp.EVP_CIPHER_fetch(NULL, name, NULL), "AES-256-GCM");
    this.#sealing = notNull(evp.EVP_CIPHER_CTX_new(), "memory");
    this.#opening = notNull(evp.EVP_CIPHER_CTX_new(), "memory");
    must(evp.EVP_EncryptInit_ex(this.#sealing, cipher, NULL, this.#zeros, this.#zeros));
    must(evp.EVP_DecryptInit_ex(this.#opening, cipher, NULL, this.#zeros, this.#zeros));
  }

  /** Whether {@link sealInto} and {@link openInto} take it: longer AAD is rare, and none of it is hot. */
  takes(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array | undefined): boolean {
    return (
      key.length === KEY_BYTES &&
      nonce.length === NONCE_BYTES &&
      (aad === undefined || aad.length <= AAD_BYTES_MAX)
    );
  }

  /** ciphertext || tag into `out` at `at`. `plaintext` lies there, or nowhere near. */
  sealInto(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array | undefined,
    out: Uint8Array,
    at: number,
  ): void {
    const evp = this.#evp;
    const memory = this.#memory;
    const context = this.#sealing;
    const size = plaintext.length;
    const length = BigInt(size);
    const fits = at >= 0 && size <= MESSAGE_BYTES_MAX && out.length - at >= size + TAG_BYTES;
    if (!fits || !this.takes(key, nonce, aad)) throw new RangeError("INVARIANT: a sealed message fits");
    memory.set(key, this.#key.at);
    memory.set(nonce, this.#nonce.at);
    const copied = size <= COPIED_BYTES_MAX;
    if (copied) memory.set(plaintext, this.#message.at);
    let sealed = false;
    try {
      must(evp.EVP_EncryptInit_ex(context, NULL, NULL, this.#key.address, this.#nonce.address));
      if (aad !== undefined) {
        memory.set(aad, this.#aad.at);
        must(evp.EVP_EncryptUpdate(context, NULL, this.#length, this.#aad.address, BigInt(aad.length)));
      }
      const from = copied ? this.#message.address : this.#library.addressOf(plaintext);
      if (out.length > ON_HEAP_BYTES_MAX) {
        const to = this.#library.addressOf(out) + BigInt(at);
        if (size > 0) must(evp.EVP_EncryptUpdate(context, to, this.#length, from, length));
        must(evp.EVP_EncryptFinal_ex(context, this.#tag.address, this.#length));
        must(evp.EVP_CIPHER_CTX_ctrl(context, GET_TAG, TAG_LENGTH, to + length));
      } else {
        // Then it is short, and was copied.
        if (size > 0) must(evp.EVP_EncryptUpdate(context, from, this.#length, from, length));
        must(evp.EVP_EncryptFinal_ex(context, this.#tag.address, this.#length));
        must(evp.EVP_CIPHER_CTX_ctrl(context, GET_TAG, TAG_LENGTH, this.#tag.address));
        move(memory, this.#message.at, out, at, size);
        move(memory, this.#tag.at, out, at + size, TAG_BYTES);
      }
      sealed = true;
    } finally {
      if (!sealed) evp.ERR_clear_error();
      evp.EVP_EncryptInit_ex(context, NULL, NULL, this.#zeros, this.#zeros);
      this.#wipe(copied ? size : 0);
    }
  }

  /**
   * The plaintext of ciphertext || tag into `out` at `at`. False where the tag differs: then nothing of it is left there.
   * `sealed` lies there, or nowhere near.
   */
  openInto(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array | undefined,
    out: Uint8Array,
    at: number,
  ): boolean {
    const evp = this.#evp;
    const memory = this.#memory;
    const context = this.#opening;
    const size = sealed.length - TAG_BYTES;
    const fits = size >= 0 && size <= MESSAGE_BYTES_MAX && at >= 0 && out.length - at >= size;
    if (!fits || !this.takes(key, nonce, aad)) throw new RangeError("INVARIANT: an opened message fits");
    const length = BigInt(size);
    memory.set(key, this.#key.at);
    memory.set(nonce, this.#nonce.at);
    const short = sealed.length <= ON_HEAP_BYTES_MAX || out.length <= ON_HEAP_BYTES_MAX;
    // A short `out` means a short message, so it fits.
    if (short) memory.set(sealed, this.#message.at);
    let verified = false;
    try {
      must(evp.EVP_DecryptInit_ex(context, NULL, NULL, this.#key.address, this.#nonce.address));
      if (aad !== undefined) {
        memory.set(aad, this.#aad.at);
        must(evp.EVP_DecryptUpdate(context, NULL, this.#length, this.#aad.address, BigInt(aad.length)));
      }
      const from = short ? this.#message.address : this.#library.addressOf(sealed);
      const to = short ? from : this.#library.addressOf(out) + BigInt(at);
      must(evp.EVP_CIPHER_CTX_ctrl(context, SET_TAG, TAG_LENGTH, from + length));
      if (size > 0) must(evp.EVP_DecryptUpdate(context, to, this.#length, from, length));
      verified = evp.EVP_DecryptFinal_ex(context, this.#tag.address, this.#length) === 1;
      if (verified && short) move(memory, this.#message.at, out, at, size);
    } finally {
      if (!verified) {
        out.fill(0, at, at + size);
        // What lies in the thread's queue would be taken for the failure of somebody's TLS connection.
        evp.ERR_clear_error();
      }
      evp.EVP_DecryptInit_ex(context, NULL, NULL, this.#zeros, this.#zeros);
      this.#wipe(short ? sealed.length : 0);
    }
    return verified;
  }

  #wipe(messageBytes: number): void {
    const memory = this.#memory;
    memory.fill(0, this.#key.at, this.#key.at + KEY_BYTES);
    if (messageBytes > 0) memory.fill(0, this.#message.at, this.#message.at + messageBytes);
  }
}

/** By index: of so few bytes a view costs more than what it moves. */
function move(from: Uint8Array, start: number, to: Uint8Array, at: number, size: number): void {
  for (let i = 0; i < size; i++) to[at + i] = from[start + i] ?? 0;
}
