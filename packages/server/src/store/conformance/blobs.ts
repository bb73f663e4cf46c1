/** Blobs: exact bytes, checksums, ranges, failure leaves nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { IntegrityError } from "../../base/errors.ts";
import { newBlobId } from "../../base/ids.ts";
import { hexOf } from "../key-order.ts";
import { crc32cSlow } from "../memory/crc32c-slow.ts";
import { blobId, chunks, collect, type OpenHome, sharedHome, text } from "./home.ts";

const pattern = (size: number): Uint8Array => new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) & 0xff);

export function blobCases(openHome: OpenHome): void {
  describe("blobs", () => {
    const home = sharedHome(openHome);
    for (const size of [0, 1, 65_535, 65_536, 262_144, 262_145, 1_000_003]) {
      test(`keeps ${size} bytes and tells size and CRC-32C`, async () => {
        const id = newBlobId();
        const whole = pattern(size);
        const written = await home().store.blobs.put(id, chunks(whole), size);
        assert.deepEqual(written, { size, crc32c: crc32cSlow(whole) });
        assert.deepEqual(await collect(home().store.blobs.get(id, 0, size)), whole);
      });
    }
    test("computes the CRC-32C of RFC 3720", async () => {
      const { crc32c } = await home().store.blobs.put(newBlobId(), chunks(text("123456789")), undefined);
      assert.equal(crc32c, 0xe3069283);
    });
    test("takes chunks of any size, from a producer that reuses its buffer", async () => {
      const whole = pattern(700_001);
      async function* reused(): AsyncGenerator<Uint8Array> {
        const buffer = new Uint8Array(65_552);
        for (let at = 0; at < whole.length; at += buffer.length) {
          const piece = whole.subarray(at, at + buffer.length);
          buffer.set(piece);
          yield buffer.subarray(0, piece.length);
          await Promise.resolve();
          buffer.fill(0xee);
        }
      }
      const id = newBlobId();
      await home().store.blobs.put(id, reused(), whole.length);
      assert.deepEqual(await collect(home().store.blobs.get(id, 0, whole.length)), whole);
    });
    test("reads any range", async () => {
      const id = newBlobId();
      const whole = pattern(600_000);
      await home().store.blobs.put(id, chunks(whole), undefined);
      const offset = fc.integer({ min: 0, max: whole.length });
      await fc.assert(
        fc.asyncProperty(offset, offset, async (a, b) => {
          const [from, to] = a < b ? [a, b] : [b, a];
          assert.ok(
            Buffer.from(await collect(home().store.blobs.get(id, from, to))).equals(whole.subarray(from, to)),
          );
        }),
        { numRuns: 40 },
      );
    });
    test("leaves a chunk alone until the next is asked for, also with many readers", async () => {
      const id = newBlobId();
      const whole = pattern(900_000);
      await home().store.blobs.put(id, chunks(whole), undefined);
      const readSlowly = async (): Promise<void> => {
        let position = 0;
        for await (const chunk of home().store.blobs.get(id, 0, whole.length)) {
          await new Promise((done) => setTimeout(done, 2));
          assert.ok(Buffer.from(chunk).equals(whole.subarray(position, position + chunk.length)));
          position += chunk.length;
        }
        assert.equal(position, whole.length);
      };
      await Promise.all(Array.from({ length: 8 }, readSlowly));
    });
    test("a reader may stop early", async () => {
      const id = newBlobId();
      await home().store.blobs.put(id, chunks(pattern(900_000)), undefined);
      for await (const chunk of home().store.blobs.get(id, 0, 900_000)) {
        assert.ok(chunk.length > 0);
        break;
      }
      assert.equal((await collect(home().store.blobs.get(id, 0, 900_000))).length, 900_000);
    });
    test("a missing or short blob is an IntegrityError", async () => {
      const id = newBlobId();
      await assert.rejects(collect(home().store.blobs.get(id, 0, 1)), IntegrityError);
      await home().store.blobs.put(id, chunks(pattern(100)), 100);
      await assert.rejects(collect(home().store.blobs.get(id, 0, 101)), IntegrityError);
      await assert.rejects(collect(home().store.blobs.get(id, 50, 700_000)), IntegrityError);
    });
    test("a blob of another size than it should have is an IntegrityError, whatever is read of it", async () => {
      const id = newBlobId();
      await home().store.blobs.put(id, chunks(pattern(100_000)), 100_000);
      for (const [from, to] of [
        [0, 1],
        [10, 99_999],
        [0, 100_000],
      ] as const) {
        for (const size of [99_999, 100_001])
          await assert.rejects(collect(home().store.blobs.get(id, from, to, size)), IntegrityError);
        assert.equal((await collect(home().store.blobs.get(id, from, to, 100_000))).length, to - from);
      }
    });
    for (const [what, size] of [
      ["more", 9],
      ["fewer", 11],
    ] as const) {
      test(`${what} bytes than announced: nothing stays`, async () => {
        const id = newBlobId();
        await assert.rejects(home().store.blobs.put(id, chunks(pattern(10)), size));
        await assert.rejects(collect(home().store.blobs.get(id, 0, 1)), IntegrityError);
      });
    }
    test("an iterable that fails: its error passes, nothing stays", async () => {
      async function* cut(): AsyncGenerator<Uint8Array> {
        yield pattern(300_000);
        await Promise.resolve();
        throw new RangeError("cut");
      }
      const id = newBlobId();
      await assert.rejects(home().store.blobs.put(id, cut(), 400_000), RangeError);
      await assert.rejects(collect(home().store.blobs.get(id, 0, 1)), IntegrityError);
    });
    test("closes an iterable that it doesn't finish", async () => {
      let closed = false;
      async function* long(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            await Promise.resolve();
            yield pattern(10);
          }
        } finally {
          closed = true;
        }
      }
      await assert.rejects(home().store.blobs.put(newBlobId(), long(), 25));
      assert.ok(closed);
    });
    test("deletes, and deleting a missing blob is no error", async () => {
      const id = newBlobId();
      await home().store.blobs.put(id, chunks(pattern(10)), 10);
      await home().store.blobs.delete([id, newBlobId()]);
      await home().store.blobs.delete([id]);
      await assert.rejects(collect(home().store.blobs.get(id, 0, 10)), IntegrityError);
    });
    test("another handle reads it at once", async () => {
      const id = newBlobId();
      await home().store.blobs.put(id, chunks(pattern(1000)), 1000);
      const other = await home().another();
      assert.deepEqual(await collect(other.blobs.get(id, 0, 1000)), pattern(1000));
    });
    test("many at a time", async () => {
      const ids = Array.from({ length: 40 }, (_, i) => blobId(0x77, i));
      await Promise.all(ids.map((id, i) => home().store.blobs.put(id, chunks(pattern(i * 1000)), i * 1000)));
      for (const [i, id] of ids.entries()) {
        assert.equal((await collect(home().store.blobs.get(id, 0, i * 1000))).length, i * 1000);
      }
    });
  });

  describe("blob list", () => {
    const home = sharedHome(openHome);
    test("lists ids and sizes in order, page by page", async () => {
      const ids = [blobId(0xff, 1), blobId(0, 0), blobId(0, 9), blobId(0x10, 3), blobId(0xff, 0)];
      for (const [i, id] of ids.entries()) await home().store.blobs.put(id, chunks(pattern(i)), i);
      const listed: { id: string; size: number }[] = [];
      for (;;) {
        const last = listed.at(-1)?.id;
        const after = ids.find((id) => hexOf(id) === last);
        const page = await home().store.blobs.list(after, 2);
        if (page.length === 0) break;
        listed.push(...page.map(({ id, size }) => ({ id: hexOf(id), size })));
      }
      const wanted = ids
        .map((id, size) => ({ id: hexOf(id), size }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(listed, wanted);
    });
    test("a failed write isn't listed", async () => {
      const before = await home().store.blobs.list(undefined, 100);
      await assert.rejects(home().store.blobs.put(newBlobId(), chunks(pattern(10)), 11));
      assert.deepEqual(await home().store.blobs.list(undefined, 100), before);
    });
  });
}
