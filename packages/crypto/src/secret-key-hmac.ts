/**
 * HMAC, RFC 2104, by two one-shot hashes over padded keys in a buffer that is reused: two thirds of what `createHmac`
 * costs, whose object the collector has to finalise besides. The inner digest is asked for as text, which costs half of a
 * buffer but can't be wiped. INVARIANT: the key is secret. Without it the inner digest says nothing; under a public key,
 * such as a salt, it would be worth as much as the result.
 */
import { createHmac, hash } from "node:crypto";
import { plainBytes } from "./bytes.ts";

/** Longer messages are rare. */
const MESSAGE_BYTES_MAX = 4096;

export class SecretKeyHmac {
  readonly #name: "sha256" | "sha512";
  readonly #blockBytes: number;
  /** Padded key || message. All zero between calls: a MAC is computed in one go. */
  readonly #inner: Uint8Array;
  readonly #innerPad: Uint32Array;
  /** Padded key || inner digest, and the same memory as a Buffer, which writes text. All zero between calls. */
  readonly #outer: Uint8Array;
  readonly #outerPad: Uint32Array;
  readonly #outerText: Buffer;

  constructor(name: "sha256" | "sha512", blockBytes: number, digestBytes: number) {
    this.#name = name;
    this.#blockBytes = blockBytes;
    this.#inner = new Uint8Array(blockBytes + MESSAGE_BYTES_MAX);
    this.#innerPad = new Uint32Array(this.#inner.buffer, 0, blockBytes / 4);
    this.#outer = new Uint8Array(blockBytes + digestBytes);
    this.#outerPad = new Uint32Array(this.#outer.buffer, 0, blockBytes / 4);
    this.#outerText = Buffer.from(this.#outer.buffer);
  }

  /** In a buffer of its own, which the caller wipes if it is a key. */
  mac(key: Uint8Array, message: Uint8Array): Uint8Array {
    const block = this.#blockBytes;
    if (key.length > block || message.length > MESSAGE_BYTES_MAX) {
      return plainBytes(createHmac(this.#name, key).update(message).digest());
    }
    const end = block + message.length;
    const inner = this.#inner;
    try {
      inner.set(key);
      inner.set(message, block);
      this.#pad();
      this.#outerText.write(hash(this.#name, inner.subarray(0, end), "latin1"), block, "latin1");
      return plainBytes(hash(this.#name, this.#outer, "buffer"));
    } finally {
      inner.fill(0, 0, end);
      this.#outer.fill(0);
    }
  }

  /** The key, zeros behind it, stands in the inner pad. */
  #pad(): void {
    const inner = this.#innerPad;
    const outer = this.#outerPad;
    for (let i = 0; i < inner.length; i++) {
      const word = inner[i] ?? 0;
      inner[i] = word ^ 0x3636_3636;
      outer[i] = word ^ 0x5c5c_5c5c;
    }
  }
}
