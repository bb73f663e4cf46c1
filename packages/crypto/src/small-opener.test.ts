import assert from "node:assert/strict";
import { test } from "node:test";
import { release } from "./bytes.ts";
import { CryptoError } from "./errors.ts";
import { SecretKey } from "./secret-key.ts";
import { SmallOpener } from "./stream-opener.ts";
import { sealSmall } from "./stream-sealer.ts";

const code = (wanted: string) => (error: unknown) => error instanceof CryptoError && error.code === wanted;
const plaintext = new Uint8Array(4096).map((_, i) => i % 251);

test("what was opened once opens again, and every changed byte is refused as at first", () => {
  const dek = SecretKey.generate("dek");
  const { stored, commitment } = sealSmall(plaintext, dek, 0);
  for (const opensFirst of [false, true]) {
    for (const at of [0, 4, 5, 7, 8, 39, 40, 71, 72, stored.length - 1]) {
      const opener = new SmallOpener(dek, commitment, plaintext.length);
      if (opensFirst) assert.deepEqual(opener.open(stored), plaintext);
      const bad = stored.slice();
      bad[at] = (bad[at] ?? 0) ^ 1;
      assert.throws(() => opener.open(bad), CryptoError, `byte ${at}`);
      assert.deepEqual(opener.open(stored), plaintext);
    }
  }
});

test("another stream under the same dek does not open in this one's place", () => {
  const dek = SecretKey.generate("dek");
  const { stored, commitment } = sealSmall(plaintext, dek, 0);
  const other = sealSmall(plaintext, dek, 0);
  const opener = new SmallOpener(dek, commitment, plaintext.length);
  assert.deepEqual(opener.open(stored), plaintext);
  assert.throws(() => opener.open(other.stored), code("CommitmentMismatch"));
  // Its segment behind the header that is known.
  const spliced = stored.slice();
  spliced.set(other.stored.subarray(72), 72);
  assert.throws(() => opener.open(spliced), code("TagMismatch"));
  assert.throws(() => opener.open(stored.subarray(0, -1)), code("SizeMismatch"));
});

test("only a large buffer that is all the view's own is given back", () => {
  const own = new Uint8Array(64 * 1024).fill(7);
  release(own);
  assert.equal(own.length, 0);
  // Twice is no error.
  release(own);
  const shared = new Uint8Array(new ArrayBuffer(64 * 1024), 8);
  release(shared);
  assert.equal(shared.length, 64 * 1024 - 8);
  const small = new Uint8Array(1024);
  release(small);
  assert.equal(small.length, 1024);
});
