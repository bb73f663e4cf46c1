import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { test } from "node:test";
import { newWrappingPair, unwrapImported, unwrapPadded } from "./import-wrapping.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** RFC 5649 section 6. */
const KEK = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
const VECTORS = [
  [
    "c37b7e6492584340bed12207808941155068f738",
    "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
  ],
  ["466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"],
] as const;

for (const [plain, wrapped] of VECTORS)
  test(`RFC 5649: ${plain.length / 2} bytes`, () => {
    assert.equal(Buffer.from(unwrapPadded(KEK, hex(wrapped))).toString("hex"), plain);
    for (let bit = 0; bit < wrapped.length * 4; bit++) {
      const bent = hex(wrapped);
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => unwrapPadded(KEK, bent), { code: "TagMismatch" });
    }
  });

test("wrapped bytes of impossible sizes are refused", () => {
  for (const size of [0, 8, 15, 17, 23])
    assert.throws(() => unwrapPadded(KEK, new Uint8Array(size)), { code: "TagMismatch" });
});

test("RSAES-OAEP with either hash opens what it wrapped, and nothing else", async () => {
  const { publicKey, privateKey } = await newWrappingPair(2048);
  const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  const material = new Uint8Array(32).fill(7);
  for (const [algorithm, oaepHash] of [
    ["RSAES_OAEP_SHA_1", "sha1"],
    ["RSAES_OAEP_SHA_256", "sha256"],
  ] as const) {
    const wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, material);
    assert.deepEqual(new Uint8Array(unwrapImported(privateKey, algorithm, wrapped)), material);
    const other = algorithm === "RSAES_OAEP_SHA_1" ? "RSAES_OAEP_SHA_256" : "RSAES_OAEP_SHA_1";
    assert.throws(() => unwrapImported(privateKey, other, wrapped), { code: "TagMismatch" });
    assert.throws(() => unwrapImported(privateKey, "RSA_AES_KEY_WRAP_SHA_256", wrapped), {
      code: "TagMismatch",
    });
  }
});
