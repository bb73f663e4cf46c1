/** Direct calls answer as node:crypto does, stay within the memory that they were given, and leave no key in it. */
import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { callNodeCrypto, callOpenSslDirectly, direct, type Direct } from "./index.ts";
import { openLibrary } from "./library.ts";
import { DirectDigest } from "./digest.ts";
import { DirectGcm } from "./gcm.ts";

const TAG_BYTES = 16;
let calls: Direct;
/** Every arena of `calls`: what it asks an address of while it is made. */
const arenas: Uint8Array[] = [];

before(() => {
  const library = openLibrary();
  const seen = {
    ...library,
    addressOf: (bytes: Uint8Array) => {
      arenas.push(bytes);
      return library.addressOf(bytes);
    },
  };
  calls = {
    gcm: new DirectGcm(seen),
    sha256: new DirectDigest(seen, "SHA2-256"),
    sha512: new DirectDigest(seen, "SHA2-512"),
  };
  arenas.splice(3);
  seen.addressOf = library.addressOf;
});

function bySuite(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  if (aad !== undefined) cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

const exactly = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const sizes = fc.oneof(
  fc.constantFrom(0, 1, 15, 16, 17, 47, 48, 49, 63, 64, 65, 511, 512, 513, 4096, 65_535, 65_536),
  fc.integer({ min: 0, max: 3000 }),
);
const message = sizes.chain((n) => exactly(n));
const aads = fc.option(fc.uint8Array({ maxLength: 2048 }), { nil: undefined });

describe("AES-256-GCM by direct calls", () => {
  test("seals and opens as node:crypto does, anywhere in a buffer", () => {
    fc.assert(
      fc.property(
        exactly(32),
        exactly(12),
        message,
        aads,
        fc.nat(100),
        fc.nat(100),
        (key, nonce, plaintext, aad, at, after) => {
          const expected = bySuite(key, nonce, plaintext, aad);
          const out = new Uint8Array(at + expected.length + after).fill(0xee);
          calls.gcm.sealInto(key, nonce, plaintext, aad, out, at);
          assert.equal(Buffer.compare(out.subarray(at, at + expected.length), expected), 0);
          assert.ok(out.subarray(0, at).every((b) => b === 0xee));
          assert.ok(out.subarray(at + expected.length).every((b) => b === 0xee));

          const opened = new Uint8Array(at + plaintext.length + after).fill(0xdd);
          const sealed = out.subarray(at, at + expected.length);
          assert.equal(calls.gcm.openInto(key, nonce, sealed, aad, opened, at), true);
          assert.equal(Buffer.compare(opened.subarray(at, at + plaintext.length), plaintext), 0);
          assert.ok(opened.subarray(0, at).every((b) => b === 0xdd));
          assert.ok(opened.subarray(at + plaintext.length).every((b) => b === 0xdd));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("in place", () => {
    for (const size of [0, 20, 64, 65, 600, 70_000]) {
      const key = new Uint8Array(32).fill(1);
      const nonce = new Uint8Array(12);
      const bytes = new Uint8Array(size + TAG_BYTES).fill(9);
      const plaintext = bytes.slice(0, size);
      calls.gcm.sealInto(key, nonce, bytes.subarray(0, size), undefined, bytes, 0);
      assert.equal(Buffer.compare(bytes, bySuite(key, nonce, plaintext)), 0);
      assert.equal(calls.gcm.openInto(key, nonce, bytes, undefined, bytes, 0), true);
      assert.equal(Buffer.compare(bytes.subarray(0, size), plaintext), 0);
    }
  });

  test("one changed byte anywhere: refused, nothing of the plaintext left, and the next message opens", () => {
    for (const size of [0, 5, 48, 49, 100, 600]) {
      const key = new Uint8Array(32).fill(2);
      const nonce = new Uint8Array(12).fill(3);
      const aad = new Uint8Array(9).fill(4);
      const plaintext = new Uint8Array(size).fill(7);
      const sealed = new Uint8Array(bySuite(key, nonce, plaintext, aad));
      const out = new Uint8Array(size);
      for (let at = 0; at < sealed.length; at++) {
        const bad = sealed.slice();
        bad[at] = (bad[at] ?? 0) ^ 0x40;
        out.fill(1);
        assert.equal(calls.gcm.openInto(key, nonce, bad, aad, out, 0), false);
        assert.ok(out.every((b) => b === 0));
      }
      for (const [k, n, a] of [
        [new Uint8Array(32).fill(5), nonce, aad],
        [key, new Uint8Array(12), aad],
        [key, nonce, new Uint8Array(9)],
        [key, nonce, undefined],
      ] as const)
        assert.equal(calls.gcm.openInto(k, n, sealed, a, out, 0), false);
      assert.equal(calls.gcm.openInto(key, nonce, sealed, aad, out, 0), true);
      assert.equal(Buffer.compare(out, plaintext), 0);
    }
  });

  test("keys, nonces and associated data of other lengths are refused here, too", () => {
    const out = new Uint8Array(100);
    const [key, nonce, sealed] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(48)];
    for (const [k, n, aad] of [
      [new Uint8Array(31), nonce, undefined],
      [new Uint8Array(33), nonce, undefined],
      [key, new Uint8Array(11), undefined],
      [key, new Uint8Array(13), undefined],
      [key, nonce, new Uint8Array(2049)],
    ] as const) {
      assert.throws(() => calls.gcm.sealInto(k, n, sealed, aad, out, 0), RangeError);
      assert.throws(() => calls.gcm.openInto(k, n, sealed, aad, out, 0), RangeError);
    }
  });

  test("nothing is written past the end of a buffer, nor before its beginning", () => {
    const key = new Uint8Array(32);
    const nonce = new Uint8Array(12);
    for (const size of [0, 30, 600]) {
      const plaintext = new Uint8Array(size);
      const short = new Uint8Array(size + TAG_BYTES - 1);
      const out = new Uint8Array(size + TAG_BYTES);
      assert.throws(() => calls.gcm.sealInto(key, nonce, plaintext, undefined, short, 0), RangeError);
      assert.throws(() => calls.gcm.sealInto(key, nonce, plaintext, undefined, out, 1), RangeError);
      assert.throws(() => calls.gcm.sealInto(key, nonce, plaintext, undefined, out, -1), RangeError);
      assert.throws(
        () => calls.gcm.openInto(key, nonce, out, undefined, new Uint8Array(size), 1),
        RangeError,
      );
      assert.throws(() => calls.gcm.openInto(key, nonce, new Uint8Array(15), undefined, out, 0), RangeError);
    }
    const gone = new Uint8Array(600);
    gone.buffer.transfer(0);
    assert.throws(() => calls.gcm.sealInto(key, nonce, new Uint8Array(600), undefined, gone, 0), RangeError);
  });

  test("keys, nonces and AAD of other sizes are node:crypto's", () => {
    const { gcm } = calls;
    const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)];
    assert.equal(gcm.takes(key, nonce, undefined), true);
    assert.equal(gcm.takes(key, nonce, new Uint8Array(2048)), true);
    assert.equal(gcm.takes(key, nonce, new Uint8Array(2049)), false);
    assert.equal(gcm.takes(new Uint8Array(16), nonce, undefined), false);
    assert.equal(gcm.takes(key, new Uint8Array(16), undefined), false);
  });
});

describe("digests and MACs by direct calls", () => {
  test("the same as node:crypto, one after another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), message, (key, bytes) => {
        for (const [name, digest] of [
          ["sha256", calls.sha256],
          ["sha512", calls.sha512],
        ] as const) {
          assert.equal(Buffer.compare(digest.hash(bytes), createHash(name).update(bytes).digest()), 0);
          if (!digest.takes(key, bytes)) continue;
          const mac = digest.mac(key, bytes);
          assert.equal(Buffer.compare(mac, createHmac(name, key).update(bytes).digest()), 0);
          assert.equal(mac.buffer.byteLength, mac.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("whatever was asked before: any sequence of calls on one instance", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
      fc.constantFrom("x".repeat(8192), "x".repeat(100)),
    );
    const call = fc.record({
      kind: fc.constantFrom("mac", "hash", "hashText", "macText", "refused"),
      key: fc.uint8Array({ maxLength: 64 }),
      text,
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 2, maxLength: 12 }), (sequence) => {
        for (const [name, digest] of [
          ["sha256", calls.sha256],
          ["sha512", calls.sha512],
        ] as const) {
          for (const { kind, key, text: asked } of sequence) {
            const bytes = Buffer.from(asked, "latin1");
            const hashed = createHash(name).update(bytes).digest("hex");
            const mac = createHmac(name, key).update(bytes).digest("hex");
            const pad = (byte: number): Uint8Array =>
              new Uint8Array(digest.blockBytes).map((_, i) => (key[i] ?? 0) ^ byte);
            if (kind === "mac") assert.equal(Buffer.from(digest.mac(key, bytes)).toString("hex"), mac);
            else if (kind === "hash") assert.equal(Buffer.from(digest.hash(bytes)).toString("hex"), hashed);
            else if (kind === "hashText") assert.equal(digest.hashText(asked), hashed);
            else if (kind === "macText") assert.equal(digest.macText(pad(0x36), pad(0x5c), asked), mac);
            else assert.throws(() => digest.mac(new Uint8Array(129), bytes), RangeError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("texts of one character per byte", () => {
    const latin1 = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
      maxLength: 500,
    });
    fc.assert(
      fc.property(exactly(32), fc.oneof(latin1, fc.constantFrom("x".repeat(8192), "")), (key, text) => {
        const pad = (byte: number): Uint8Array => new Uint8Array(64).map((_, i) => (key[i] ?? 0) ^ byte);
        const bytes = Buffer.from(text, "latin1");
        assert.equal(calls.sha256.hashText(text), createHash("sha256").update(bytes).digest("hex"));
        assert.equal(
          calls.sha256.macText(pad(0x36), pad(0x5c), text),
          createHmac("sha256", key).update(bytes).digest("hex"),
        );
      }),
    );
    assert.equal(calls.sha256.takesText("x".repeat(8193)), false);
    assert.throws(() => calls.sha256.hashText("x".repeat(8193)), RangeError);
    assert.throws(() => calls.sha256.mac(new Uint8Array(65), new Uint8Array(1)), RangeError);
    assert.throws(() => calls.sha256.mac(new Uint8Array(32), new Uint8Array(8193)), RangeError);
  });
});

test("no key, message or result stays in the memory of the calls", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 ^ i);
  const secret = new Uint8Array(300).fill(0xc3);
  const out = new Uint8Array(secret.length + TAG_BYTES);
  const small = new Uint8Array(40);
  calls.gcm.sealInto(key, new Uint8Array(12), secret, undefined, out, 0);
  assert.equal(calls.gcm.openInto(key, new Uint8Array(12), out, undefined, secret, 0), true);
  calls.gcm.sealInto(key, new Uint8Array(12), secret.subarray(0, 24), undefined, small, 0);
  assert.equal(calls.gcm.openInto(key, new Uint8Array(12), small, undefined, small, 0), true);
  const results = [calls.sha256.mac(key, secret), calls.sha512.mac(key, secret), key, secret.subarray(0, 24)];
  assert.equal(arenas.length, 3);
  for (const arena of arenas) {
    const text = Buffer.from(arena).toString("latin1");
    for (const bytes of results) {
      for (let at = 0; at + 8 <= bytes.length; at += 8)
        assert.ok(!text.includes(Buffer.from(bytes.subarray(at, at + 8)).toString("latin1")));
    }
  }
});

test("a process asks for direct calls, and can be without them", (t) => {
  t.mock.property(process, "platform", "linux");
  t.mock.property(process, "arch", "x64");
  assert.equal(direct, undefined);
  assert.equal(callOpenSslDirectly(), undefined);
  assert.notEqual(direct, undefined);
  callNodeCrypto();
  assert.equal(direct, undefined);
});

test("a runtime that was not tried keeps node:crypto", (t) => {
  for (const [member, value, reason] of [
    ["versions", { ...process.versions, node: "27.0.0" }, /Node 26/],
    ["versions", { ...process.versions, bun: "1.4.5" }, /Node 26/],
    ["versions", { ...process.versions, openssl: "4.0.0" }, /OpenSSL 3/],
    ["arch", "arm64", /linux-x64/],
    ["platform", "darwin", /linux-x64/],
  ] as const) {
    const kept = Object.getOwnPropertyDescriptor(process, member) ?? {};
    Object.defineProperty(process, member, { ...kept, value });
    try {
      assert.match(callOpenSslDirectly() ?? "", reason);
      assert.equal(direct, undefined);
    } finally {
      Object.defineProperty(process, member, kept);
    }
  }
  t.mock.method(process, "getBuiltinModule", () => undefined);
  assert.match(callOpenSslDirectly() ?? "", /no node:ffi/);
});
