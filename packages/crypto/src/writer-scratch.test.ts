import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Writer } from "./bytes.ts";

/** A field of these bytes and its length before it. */
const framed = (bytes: Uint8Array): Uint8Array => new Writer(bytes.length + 4).lp(bytes).done();

test("messages in a shared slab, open at the same time and finished in any order, don't touch each other", () => {
  const message = fc.record({ fields: fc.array(fc.uint8Array(), { maxLength: 5 }), capacity: fc.nat(3000) });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), fc.nat(), (messages, seed) => {
      const writers = messages.map(({ capacity }) => Writer.scratch(capacity));
      for (let i = 0; i < 5; i++) {
        messages.forEach(({ fields }, m) => {
          const field = fields[i];
          if (field !== undefined) writers[m]?.lp(field);
        });
      }
      const done = new Map<number, Uint8Array>();
      for (let n = 0; n < messages.length; n++) {
        const m = (n + seed) % messages.length;
        done.set(m, writers[m]?.done() ?? new Uint8Array(0));
        // What was left of the slab is another's now.
        Writer.scratch(64).raw(new Uint8Array(64).fill(0xff)).done();
      }
      messages.forEach(({ fields }, m) => {
        assert.deepEqual(done.get(m), new Uint8Array(Buffer.concat(fields.map(framed))));
      });
    }),
  );
});

test("text that is longer than announced grows out of the slab, also beyond ASCII", () => {
  const text = "käse 日本 🔑 ".repeat(100);
  const encoded = new TextEncoder().encode(text);
  const before = Writer.scratch(8).raw(new Uint8Array(8).fill(1)).done();
  const written = Writer.scratch(8).lpText(text).done();
  assert.deepEqual(written, framed(encoded));
  assert.deepEqual(before, new Uint8Array(8).fill(1));
});

test("a wiped message is gone, its neighbours stay", () => {
  const neighbour = Writer.scratch(16).raw(new Uint8Array(16).fill(1));
  const message = Writer.scratch(16).raw(new Uint8Array(8).fill(2));
  const bytes = message.done();
  message.wipe();
  assert.deepEqual(bytes, new Uint8Array(8));
  assert.deepEqual(neighbour.done(), new Uint8Array(16).fill(1));
});
