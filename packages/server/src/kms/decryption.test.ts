import assert from "node:assert/strict";
import { before, test } from "node:test";
import { canonicalContext } from "@strongroom/crypto";
import fc from "fast-check";
import { ServiceError } from "../base/errors.ts";
import { parseEncryptionContext } from "./context.ts";
import { createKey } from "./creation.ts";
import { decrypt } from "./decryption.ts";
import { encrypt } from "./encryption.ts";
import type { Kernel } from "./kernel.ts";
import { directRequester, OTHER_ACCOUNT, testKms } from "./test/kernel.ts";

const me = directRequester();
let kms: Kernel;
let keyId: string;
before(async () => {
  ({ kms } = await testKms());
  keyId = String((await createKey(kms, me, {})).KeyId);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const contextOf = (pairs: Record<string, string>) => parseEncryptionContext(new Map(Object.entries(pairs)));
const seal = async (
  pairs: Record<string, string> = {},
  plaintext = bytes("attack at dawn"),
): Promise<Uint8Array> => (await encrypt(kms, me, { keyId, plaintext, context: contextOf(pairs) })).blob;

/** Nothing of why: the code, and no text. */
const invalid = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === "InvalidCiphertextException" && error.message === "";

test("every flipped bit of a blob is InvalidCiphertextException without a text", async () => {
  const blob = await seal({ a: "b" });
  const context = contextOf({ a: "b" });
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const bent = new Uint8Array(blob);
    bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const names = bit >> 3 >= 5 && bit >> 3 < 21;
    // A bent key name is another key: with a KeyId it is the wrong one, without it is none that one may use.
    const given = decrypt(kms, me, { blob: bent, context, keyId });
    if (names) await assert.rejects(given, { code: "IncorrectKeyException" });
    else await assert.rejects(given, invalid, `bit ${bit}`);
    const bare = decrypt(kms, me, { blob: bent, context });
    if (names)
      await assert.rejects(bare, { code: "AccessDeniedException", message: /^The ciphertext refers to/ });
    else await assert.rejects(bare, invalid, `bit ${bit}`);
  }
});

test("cut, lengthened, empty and foreign blobs are refused alike", async () => {
  const blob = await seal();
  const context = contextOf({});
  for (const bad of [
    ...[1, 16, 17, 70].map((n) => blob.subarray(0, blob.length - n)),
    new Uint8Array([...blob, 0]),
    new Uint8Array(1),
    new Uint8Array(6144),
    bytes("not a blob at all".repeat(9)),
  ])
    await assert.rejects(decrypt(kms, me, { blob: bad, context, keyId }), invalid);
});

test("the context must be the same set of pairs", async () => {
  const blob = await seal({ one: "1", two: "2" });
  const open = (pairs: Record<string, string>) => decrypt(kms, me, { blob, context: contextOf(pairs) });
  assert.equal(Buffer.from((await open({ two: "2", one: "1" })).plaintext).toString(), "attack at dawn");
  for (const pairs of [
    {},
    { one: "1" },
    { One: "1", two: "2" },
    { one: "1", two: "2", three: "" },
    { one: "2", two: "1" },
  ])
    await assert.rejects(open(pairs as Record<string, string>), invalid, JSON.stringify(pairs));
});

test("pairs that run together to the same text are different contexts", async () => {
  const blob = await seal({ a: "bc" });
  await assert.rejects(decrypt(kms, me, { blob, context: contextOf({ ab: "c" }) }), invalid);
});

/** Spec kms 5.7. */
const VECTORS: readonly (readonly [Record<string, string>, string])[] = [
  [{}, "00000000"],
  [{ a: "bc" }, "000000010000000161000000026263"],
  [{ ab: "c" }, "000000010000000261620000000163"],
  [
    { "aws:s3:arn": "arn:aws:s3:::b1/k1" },
    "000000010000000a6177733a73333a61726e0000001261726e3a6177733a73333a3a3a62312f6b31",
  ],
  [{ "\u{1F511}": "2", "\uFF21": "1" }, "0000000200000003efbca1000000013100000004f09f94910000000132"],
];
for (const [pairs, hex] of VECTORS)
  test(`context vector ${JSON.stringify(pairs)}`, () =>
    assert.equal(Buffer.from(canonicalContext(contextOf(pairs))).toString("hex"), hex));

test("a context outside the rules is a ValidationException", () => {
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`k${i}`, "v"]));
  for (const pairs of [{ "": "x" }, { a: "\uD800" }, { "\uDC00": "a" }, many, { a: "x".repeat(8192) }])
    assert.throws(() => contextOf(pairs as Record<string, string>), { code: "ValidationException" });
  assert.equal(contextOf({ a: "", b: "x".repeat(8190) }).size, 2);
});

test("what is encrypted comes back, zeros too, and never twice the same blob", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 4096 }),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 20 }), { maxKeys: 5 }),
      async (plaintext, pairs) => {
        const once = await seal(pairs, plaintext);
        const twice = await seal(pairs, plaintext);
        assert.notDeepEqual(once, twice);
        assert.equal(once.length, plaintext.length + 85);
        const opened = await decrypt(kms, me, { blob: once, context: contextOf(pairs) });
        assert.deepEqual(new Uint8Array(opened.plaintext), plaintext);
      },
    ),
    { numRuns: 30 },
  );
  const zeros = await seal({}, new Uint8Array(64));
  assert.deepEqual(
    new Uint8Array((await decrypt(kms, me, { blob: zeros, context: contextOf({}) })).plaintext),
    new Uint8Array(64),
  );
});

test("another account learns nothing from a blob, and another key does not open it", async () => {
  const blob = await seal();
  const context = contextOf({});
  const stranger = directRequester(OTHER_ACCOUNT);
  await assert.rejects(decrypt(kms, stranger, { blob, context }), {
    code: "AccessDeniedException",
    message:
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  });
  const other = String((await createKey(kms, me, {})).KeyId);
  await assert.rejects(decrypt(kms, me, { blob, context, keyId: other }), {
    code: "IncorrectKeyException",
    message: "The key ID in the request does not identify a CMK that can perform this operation.",
  });
});
