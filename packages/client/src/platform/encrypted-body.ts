/**
 * A request body that encrypts as it is read. Driven by events: with an iterator or a generator in between, each chunk
 * costs a few turns of the microtask queue, which together cost as much as its encryption.
 */
import { finished, Readable } from "node:stream";
import type { GcmEncryptor } from "@strongroom/crypto/common";

export class EncryptedBody extends Readable {
  readonly #source: Readable;
  readonly #encryptor: GcmEncryptor;
  readonly #onFailure: (error: unknown) => void;
  /** Ciphertext that is still being made, where the cipher is asynchronous; the source is paused meanwhile. */
  #pending: Promise<void> | undefined;
  #state: "new" | "open" | "failed" = "new";

  /**
   * `onFailure` hears what went wrong, once. The stream then stands still until it is destroyed: the SDK hears no error
   * of a body, and an end would finish the request.
   */
  constructor(source: Readable, encryptor: GcmEncryptor, onFailure: (error: unknown) => void) {
    super();
    this.#source = source;
    this.#encryptor = encryptor;
    this.#onFailure = onFailure;
    finished(source, { writable: false }, (error) => {
      if (error) this.#fail(error);
      else void this.#end();
    });
  }

  override _read(): void {
    if (this.#state === "new") {
      this.#state = "open";
      this.#source.on("data", this.#onData);
    }
    if (this.#pending === undefined) this.#source.resume();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#state !== "open" || chunk.length === 0) return;
    try {
      const sealed = this.#encryptor.update(chunk);
      if (sealed instanceof Uint8Array) {
        if (!this.push(sealed)) this.#source.pause();
        return;
      }
      this.#source.pause();
      this.#pending = this.#pushLater(sealed);
    } catch (error) {
      this.#fail(error);
    }
  };

  async #pushLater(sealed: Promise<Uint8Array>): Promise<void> {
    try {
      const bytes = await sealed;
      this.#pending = undefined;
      if (this.push(bytes)) this.#source.resume();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #end(): Promise<void> {
    await this.#pending;
    if (this.#state === "failed" || this.destroyed) return;
    try {
      this.push(await this.#encryptor.final());
      this.push(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state === "failed" || this.destroyed) return;
    this.#state = "failed";
    this.#source.pause();
    this.#onFailure(error);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // A request that ended early leaves its body unread, and with it the caller's stream open.
    this.#source.destroy();
    callback(error);
  }
}
