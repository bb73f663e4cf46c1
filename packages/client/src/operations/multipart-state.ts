/**
 * One multipart upload: one cipher stream across all parts, in part order, one at a time (spec section 9). Uploading the
 * encrypted parts may run in parallel. A part's ciphertext is kept until S3 confirmed it, because it can never be made
 * again from other bytes.
 */
import type { CompletedPart } from "@aws-sdk/client-s3";
import {
  type ContentCipher,
  concatBytes,
  equalBytesConstantTime,
  type GcmEncryptor,
} from "@strongroom/crypto/common";
import { checkPlaintextLength, encryptBytes, openEncryptor } from "../content/encrypt.ts";
import { type ContentKey, counterBlockAt } from "../content/keys.ts";
import { fail } from "../errors.ts";
import { ignore } from "../platform/web-streams.ts";
import type { Undo } from "./undo.ts";

/** S3 refuses a smaller part anywhere but at the end, so an unmarked one is the last. */
const PART_BYTES_MIN = 5 * 1024 * 1024;

interface KeptPart {
  readonly offset: number;
  readonly plainSize: number;
  readonly ciphertext: Uint8Array;
}

/** The last part, which the caller stored without the tag: to be stored again, or stored again already. */
export type LastPartAgain =
  | { readonly partNumber: number; readonly ciphertext: Uint8Array }
  | { readonly stored: CompletedPart };

export class MultipartEncryption {
  readonly #cipher: ContentCipher;
  readonly #content: ContentKey;
  readonly #encryptor: GcmEncryptor;
  readonly #waitMs: number;
  /** For the instruction file that was stored when the upload was created. */
  readonly undo: Undo | undefined;
  readonly #kept = new Map<number, KeptPart>();
  /** Numbers of parts that were sent and not yet encrypted. */
  readonly #arrived = new Set<number>();
  readonly #turns = new Map<number, () => void>();
  /** The next part number whose encryption may begin. */
  #next = 1;
  #offset = 0;
  #lock: Promise<void> = Promise.resolve();
  #state: "open" | "ended" | "broken" = "open";
  #isMarkedByCaller = false;
  #confirmedNewest = 0;
  /** Stays until the upload ends: a Complete that failed may come again, and lists the part without the tag. */
  #lastAgain: LastPartAgain | undefined;

  static async open(
    cipher: ContentCipher,
    content: ContentKey,
    waitMs: number,
    undo: Undo | undefined,
  ): Promise<MultipartEncryption> {
    return new MultipartEncryption(cipher, content, await openEncryptor(cipher, content), waitMs, undo);
  }

  private constructor(
    cipher: ContentCipher,
    content: ContentKey,
    encryptor: GcmEncryptor,
    waitMs: number,
    undo: Undo | undefined,
  ) {
    this.#cipher = cipher;
    this.#content = content;
    this.#encryptor = encryptor;
    this.#waitMs = waitMs;
    this.undo = undo;
  }

  get partCount(): number {
    return this.#next - 1;
  }

  /** Plaintext bytes encrypted so far. */
  get plainSize(): number {
    return this.#offset;
  }

  /** The part's ciphertext, with the tag behind it when it is the last. */
  async encryptPart(
    partNumber: number,
    readPlaintext: () => Promise<Uint8Array>,
    isLast: boolean | undefined,
  ): Promise<Uint8Array> {
    if (isLast !== undefined) this.#isMarkedByCaller = true;
    if (this.#arrived.has(partNumber)) fail("PartOrder", `part ${partNumber} is being sent already`);
    if (partNumber < this.#next) return this.#again(partNumber, await readPlaintext());
    this.#arrived.add(partNumber);
    try {
      const plaintext = await readPlaintext();
      await this.#turn(partNumber);
      this.#next += 1;
      const result = this.#lock.then(async () => this.#encrypt(partNumber, plaintext, isLast));
      this.#lock = result.then(ignore, ignore);
      this.#turns.get(this.#next)?.();
      return await result;
    } finally {
      this.#arrived.delete(partNumber);
      this.#turns.delete(partNumber);
    }
  }

  /** S3 has the part: its ciphertext may go, but for the newest, which may turn out to be the last. */
  confirm(partNumber: number, ciphertext: Uint8Array): void {
    // The caller itself stored the last one with the tag, so what the caller lists is right.
    if (this.#lastAgain !== undefined && this.#kept.get(this.partCount)?.ciphertext === ciphertext)
      this.#lastAgain = undefined;
    if (partNumber !== this.partCount || this.#state === "ended") this.#kept.delete(partNumber);
    else this.#confirmedNewest = partNumber;
  }

  /**
   * Ends the message. Gives the last part again, with its tag, when it was uploaded without: nobody had said that it is
   * the last.
   */
  async finish(): Promise<LastPartAgain | undefined> {
    await this.#lock;
    if (this.#state === "broken") fail("PartOrder", "a part could not be encrypted");
    if (this.partCount === 0) fail("PartOrder", "no part was sent");
    if (this.#state === "ended") return this.#lastAgain;
    if (this.#isMarkedByCaller) fail("PartOrder", "no part was marked as the last");
    const last = this.#kept.get(this.partCount) ?? fail("PartOrder", "the last part is no longer kept");
    const ciphertext = concatBytes([last.ciphertext, await this.#encryptor.final()]);
    this.#state = "ended";
    this.#kept.set(this.partCount, { ...last, ciphertext });
    this.#lastAgain = { partNumber: this.partCount, ciphertext };
    return this.#lastAgain;
  }

  /** S3 has the last part with its tag; every Complete from now on lists it like this. */
  lastStored(stored: CompletedPart): void {
    this.#lastAgain = { stored };
  }

  close(): void {
    this.#state = "broken";
    this.#content.key.fill(0);
    this.#kept.clear();
  }

  /** Waits until all earlier parts have begun. Those must at least have been sent within `waitMs`. */
  async #turn(partNumber: number): Promise<void> {
    while (partNumber > this.#next) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#turns.set(partNumber, resolve);
      const timer = setTimeout(resolve, this.#waitMs);
      await promise;
      clearTimeout(timer);
      if (this.#state === "broken") fail("PartOrder", "the upload was given up");
      for (let number = this.#next; number < partNumber; number++)
        if (!this.#arrived.has(number))
          fail("PartOrder", `part ${partNumber} was sent, but not part ${number}`);
    }
  }

  async #encrypt(
    partNumber: number,
    plaintext: Uint8Array,
    isLast: boolean | undefined,
  ): Promise<Uint8Array> {
    if (this.#state === "broken") fail("PartOrder", "an earlier part could not be encrypted");
    if (this.#state === "ended")
      fail("PartOrder", "a part behind the last; mark parts with isLastPart when some are under 5 MiB");
    const isEnd = isLast ?? (!this.#isMarkedByCaller && plaintext.length < PART_BYTES_MIN);
    try {
      checkPlaintextLength(this.#offset + plaintext.length);
      const ciphertext = await encryptBytes(this.#encryptor, plaintext, isEnd);
      this.#kept.set(partNumber, { offset: this.#offset, plainSize: plaintext.length, ciphertext });
      this.#offset += plaintext.length;
      // The part before was kept only because it was the newest.
      if (this.#confirmedNewest < partNumber) this.#kept.delete(this.#confirmedNewest);
      if (isEnd) this.#state = "ended";
      return ciphertext;
    } catch (error) {
      this.#state = "broken";
      throw error;
    }
  }

  /** A caller's retry of a part: the same ciphertext, provided that the plaintext is the same. */
  async #again(partNumber: number, plaintext: Uint8Array): Promise<Uint8Array> {
    await this.#lock;
    const kept = this.#kept.get(partNumber) ?? fail("PartOrder", `part ${partNumber} was already stored`);
    // Decrypting what is kept costs something only on a retry; keeping a hash would cost on every part.
    const skip = kept.offset % 16;
    const ctr = await this.#cipher.ctr(
      this.#content.key,
      counterBlockAt(this.#content.nonce, kept.offset - skip),
    );
    await ctr.update(new Uint8Array(skip));
    const before = await ctr.update(kept.ciphertext.subarray(0, kept.plainSize));
    if (!equalBytesConstantTime(before, plaintext))
      fail("PartOrder", `part ${partNumber} was sent with other bytes`);
    return kept.ciphertext;
  }
}
