import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { SecretKeyHmac } from "./secret-key-hmac.ts";

const hashes = [
  { name: "sha256", hmac: new SecretKeyHmac("sha256", 64, 32) },
  { name: "sha512", hmac: new SecretKeyHmac("sha512", 128, 64) },
] as const;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

// RFC 4231, sections 4.2 to 4.4, 4.7 and 4.8.
const VECTORS = [
  {
    key: new Uint8Array(20).fill(0x0b),
    message: ascii("Hi There"),
    sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    sha512:
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
  },
  {
    key: ascii("Jefe"),
    message: ascii("what do ya want for nothing?"),
    sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    sha512:
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
  },
  {
    key: new Uint8Array(20).fill(0xaa),
    message: new Uint8Array(50).fill(0xdd),
    sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    sha512:
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
  },
  {
    key: new Uint8Array(131).fill(0xaa),
    message: ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
    sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    sha512:
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
  },
] as const;

test("RFC 4231's vectors", () => {
  for (const vector of VECTORS) {
    for (const { name, hmac } of hashes)
      assert.equal(hex(hmac.mac(vector.key, vector.message)), vector[name]);
  }
});

test("the same as node:crypto for keys and messages of any length, one after another", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 4000, maxLength: 4200 })),
      (key, message) => {
        for (const { name, hmac } of hashes) {
          const mac = hmac.mac(key, message);
          assert.equal(hex(mac), createHmac(name, key).update(message).digest("hex"));
          assert.equal(mac.constructor, Uint8Array);
        }
      },
    ),
  );
});

test("a MAC has a buffer of its own", () => {
  for (const { hmac } of hashes) {
    const first = hmac.mac(new Uint8Array(32).fill(1), ascii("one"));
    const kept = hex(first);
    hmac.mac(new Uint8Array(32).fill(2), ascii("another"));
    assert.equal(hex(first), kept);
    assert.equal(first.buffer.byteLength, first.length);
  }
});
