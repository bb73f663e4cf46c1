import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { applyEdits, chunked, collect, hex, pattern } from "../test/fixtures.ts";
import {
  CryptoError,
  dsseStoredSize,
  openDsse,
  openDsseRange,
  openRange,
  openSmall,
  openStream,
  type ReadStored,
  SecretKey,
  sealDsse,
  sealSmall,
  sealStream,
  StreamOpener,
  StreamSealer,
  storedSize,
} from "./index.ts";

const dek = SecretKey.generate("dek");
const outerDek = SecretKey.generate("dek");
const code = (expected: string) => (error: unknown) =>
  error instanceof CryptoError && error.code === expected;
const EDGES = [0, 1, 2, 65_535, 65_536, 65_537, 131_072, 131_073, 200_000];
const sizes = fc.oneof(fc.constantFrom(...EDGES), fc.integer({ min: 0, max: 300_000 }));
const chunkSizes = fc.oneof(
  fc.constantFrom(1000, 65_536, 65_552, 1_000_000),
  fc.integer({ min: 500, max: 150_000 }),
);

async function seal(plaintext: Uint8Array, chunk = 65_536, size?: number) {
  const sealer = new StreamSealer(dek, 0);
  const stored = await collect(sealStream(chunked(plaintext, chunk), sealer, size));
  return {
    stored,
    spec: { dek, layer: 0, commitment: sealer.commitment, plaintextSize: plaintext.length } as const,
  };
}
/** Each chunk is copied before the next one is asked for. */
async function copied(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk));
  return Buffer.concat(chunks);
}
const reader =
  (stored: Uint8Array, chunk: number): ReadStored =>
  (from, to) =>
    chunked(stored.subarray(from, to), chunk);

describe("sealed stream", () => {
  test("opens what it sealed, for any split on either side", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, chunkSizes, chunkSizes, fc.boolean(), async (n, inChunk, outChunk, known) => {
        const plaintext = pattern(n);
        const { stored, spec } = await seal(plaintext, inChunk, known ? n : undefined);
        assert.equal(stored.length, storedSize(n));
        assert.equal(
          Buffer.compare(await collect(openStream(chunked(stored, outChunk), spec)), plaintext),
          0,
        );
      }),
      { numRuns: 60 },
    );
  });

  test("chunks whose memory serves again hold the same bytes until the next is asked for", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, chunkSizes, chunkSizes, async (n, inChunk, outChunk) => {
        const plaintext = pattern(n);
        const sealer = new StreamSealer(dek, 0);
        const stored = await copied(sealStream(chunked(plaintext, inChunk), sealer, n, true));
        const spec = { dek, layer: 0, commitment: sealer.commitment, plaintextSize: n } as const;
        assert.equal(stored.length, storedSize(n));
        assert.equal(
          Buffer.compare(await copied(openStream(chunked(stored, outChunk), spec, true)), plaintext),
          0,
        );
        const [inner, outer] = [new StreamSealer(dek, 0), new StreamSealer(outerDek, 1)];
        const twice = await copied(sealDsse(chunked(plaintext, inChunk), inner, outer, n, true));
        const both = {
          deks: [dek, outerDek],
          commitments: [inner.commitment, outer.commitment],
          plaintextSize: n,
        } as const;
        assert.equal(
          Buffer.compare(await copied(openDsse(chunked(twice, outChunk), both, true)), plaintext),
          0,
        );
        if (n === 0) return;
        const range = openDsseRange(reader(twice, outChunk), twice.length, both, n >> 1, n, true);
        assert.equal(Buffer.compare(await copied(range), plaintext.subarray(n >> 1)), 0);
      }),
      { numRuns: 60 },
    );
  });

  test("a range is a slice", async () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(sizes, unit, unit, chunkSizes, async (n, a, b, chunk) => {
        fc.pre(n > 0);
        const from = Math.min(n - 1, Math.floor(Math.min(a, b) * n));
        const to = Math.max(from + 1, Math.floor(Math.max(a, b) * n));
        const plaintext = pattern(n);
        const { stored, spec } = await seal(plaintext);
        const got = await collect(openRange(reader(stored, chunk), stored.length, spec, from, to));
        assert.equal(Buffer.compare(got, plaintext.subarray(from, to)), 0);
      }),
      { numRuns: 60 },
    );
  });

  test("any altered, dropped, doubled, appended or cut byte fails", async () => {
    const plaintext = pattern(66_000);
    const { stored, spec } = await seal(plaintext);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: stored.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("xor", "drop", "cut", "append"),
        async (at, mask, how) => {
          const bad = applyEdits(stored, [
            how === "xor"
              ? { op: "xor", at, with: mask }
              : how === "drop"
                ? { op: "remove", from: at, to: at + 1 }
                : how === "cut"
                  ? { op: "cut", to: at }
                  : { op: "append", hex: hex(new Uint8Array([mask])) },
          ]);
          const got: Uint8Array[] = [];
          await assert.rejects(async () => {
            for await (const chunk of openStream(chunked(bad, 10_000), spec)) got.push(chunk);
          }, CryptoError);
          // What was released before the failure is true, and never the whole.
          const released = Buffer.concat(got);
          assert.equal(Buffer.compare(released, plaintext.subarray(0, released.length)), 0);
          assert.ok(released.length < plaintext.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("every single byte of a small stream is authenticated", () => {
    const { stored, commitment } = sealSmall(pattern(40), dek, 0);
    for (let at = 0; at < stored.length; at++) {
      for (const mask of [1, 0x80]) {
        const bad = applyEdits(stored, [{ op: "xor", at, with: mask }]);
        assert.throws(() => openSmall(bad, dek, 0, commitment, 40), CryptoError);
      }
    }
  });

  test("nothing of a segment comes out before its tag has verified", async () => {
    const { stored, spec } = await seal(pattern(150_000));
    const bad = applyEdits(stored, [{ op: "xor", at: 72 + 65_552 + 65_552 - 1, with: 1 }]);
    let released = 0;
    await assert.rejects(async () => {
      for await (const chunk of openStream(chunked(bad, 100), spec)) released += chunk.length;
    }, code("TagMismatch"));
    assert.equal(released, 65_536);
  });

  test("two attempts at one body share neither salt nor ciphertext", () => {
    const a = sealSmall(pattern(1000), dek, 0);
    const b = sealSmall(pattern(1000), dek, 0);
    assert.notEqual(hex(a.stored.subarray(8, 40)), hex(b.stored.subarray(8, 40)));
    assert.notEqual(hex(a.stored.subarray(72)), hex(b.stored.subarray(72)));
    assert.throws(() => openSmall(b.stored, dek, 0, a.commitment, 1000), code("CommitmentMismatch"));
  });

  test("a sealer seals one stream once", async () => {
    const sealer = new StreamSealer(dek, 0);
    await collect(sealStream([pattern(10)], sealer));
    await assert.rejects(collect(sealStream([pattern(10)], sealer)), code("Finished"));
    const manual = new StreamSealer(dek, 0);
    assert.throws(() => manual.sealSegment(pattern(10), false), code("SizeMismatch"));
    assert.throws(() => manual.sealSegment(pattern(65_537), true), code("SizeMismatch"));
    const first = manual.sealSegment(pattern(65_536), false);
    assert.throws(() => manual.sealSegment(pattern(0), true), code("SizeMismatch"));
    const last = manual.sealSegment(pattern(5), true);
    assert.throws(() => manual.sealSegment(pattern(5), true), code("Finished"));
    const spec = { dek, layer: 0, commitment: manual.commitment, plaintextSize: 65_541 } as const;
    using opener = new StreamOpener(manual.header, spec);
    assert.deepEqual(opener.openSegment(1, last), pattern(5));
    assert.deepEqual(opener.openSegment(0, first), pattern(65_536));
    assert.throws(() => opener.openSegment(2, last), code("BadRange"));
    assert.throws(() => opener.openSegment(1, last.subarray(1)), code("Truncated"));
    assert.throws(() => opener.openSegment(1, first), code("TrailingBytes"));
  });

  test("a body of another size than announced fails, and its source is closed", async () => {
    for (const [announced, real] of [
      [9, 10],
      [11, 10],
      [65_536, 65_537],
      [0, 1],
      [1, 0],
      [65_537, 65_536],
    ] as const) {
      let closed = false;
      const source = async function* () {
        try {
          yield* chunked(pattern(real), 7000);
          yield new Uint8Array(0);
        } finally {
          closed = true;
        }
      };
      const sealing = sealStream(source(), new StreamSealer(dek, 0), announced);
      await assert.rejects(collect(sealing), code("SizeMismatch"));
      assert.ok(closed);
    }
  });

  test("giving up early closes the stored source", async () => {
    const { stored, spec } = await seal(pattern(200_000));
    let closed = false;
    const source = async function* () {
      try {
        yield* chunked(stored, 70_000);
      } finally {
        closed = true;
      }
    };
    for await (const chunk of openStream(source(), spec)) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.ok(closed);
  });

  test("a range reads the header and its own segments only", async () => {
    const plaintext = pattern(400_000);
    const { stored, spec } = await seal(plaintext);
    const reads: [number, number][] = [];
    const read: ReadStored = (from, to) => {
      reads.push([from, to]);
      return chunked(stored.subarray(from, to), 50_000);
    };
    await collect(openRange(read, stored.length, spec, 140_000, 140_001));
    assert.deepEqual(reads, [
      [0, 72],
      [72 + 2 * 65_552, 72 + 3 * 65_552],
    ]);
    reads.length = 0;
    await collect(openRange(read, stored.length, spec, 10, 20));
    assert.deepEqual(reads, [[0, 72 + 65_552]]);
  });

  test("a stored answer that is short or long fails in a range too", async () => {
    const { stored, spec } = await seal(pattern(200_000));
    const short: ReadStored = (from, to) => chunked(stored.subarray(from, to - 1), 50_000);
    const long: ReadStored = (from, to) => chunked(stored.subarray(from, to + 1), 50_000);
    for (const from of [0, 70_000]) {
      const range = (read: ReadStored) => collect(openRange(read, stored.length, spec, from, from + 10));
      await assert.rejects(range(short), code("Truncated"));
      await assert.rejects(range(long), code("TrailingBytes"));
    }
  });
});

describe("DSSE", () => {
  const deks = [dek, outerDek] as const;
  async function sealBoth(plaintext: Uint8Array, chunk: number, size?: number) {
    const inner = new StreamSealer(dek, 0);
    const outer = new StreamSealer(outerDek, 1);
    const stored = await collect(sealDsse(chunked(plaintext, chunk), inner, outer, size));
    const commitments = [inner.commitment, outer.commitment] as const;
    return { stored, spec: { deks, commitments, plaintextSize: plaintext.length } };
  }

  test("opens what it sealed, whole and in ranges", async () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(sizes, chunkSizes, unit, unit, fc.boolean(), async (n, chunk, a, b, known) => {
        const plaintext = pattern(n);
        const { stored, spec } = await sealBoth(plaintext, chunk, known ? n : undefined);
        assert.equal(stored.length, dsseStoredSize(n));
        assert.equal(Buffer.compare(await collect(openDsse(chunked(stored, chunk), spec)), plaintext), 0);
        if (n === 0) return;
        const from = Math.min(n - 1, Math.floor(Math.min(a, b) * n));
        const to = Math.max(from + 1, Math.floor(Math.max(a, b) * n));
        const got = await collect(openDsseRange(reader(stored, chunk), stored.length, spec, from, to));
        assert.equal(Buffer.compare(got, plaintext.subarray(from, to)), 0);
      }),
      { numRuns: 40 },
    );
  });

  test("neither key alone opens it", async () => {
    const { stored, spec } = await sealBoth(pattern(1000), 1000);
    const other = SecretKey.generate("dek");
    for (const wrong of [[other, outerDek] as const, [dek, other] as const, [outerDek, dek] as const]) {
      await assert.rejects(collect(openDsse([stored], { ...spec, deks: wrong })), code("CommitmentMismatch"));
    }
  });
});
