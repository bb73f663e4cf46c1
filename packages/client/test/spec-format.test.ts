/** The specification's test list, 1 to 34: format, metadata and crypto. The numbers are those of its section 19. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { concatBytes, encodeBase64 } from "@strongroom/crypto/common";
import { nodeCipher } from "@strongroom/crypto/content";
import { committingKey, deriveCommitment } from "../src/content/keys.ts";
import { writeEnvelope } from "../src/envelope/write.ts";
import { RawAesKeyring, RawRsaKeyring } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import {
  AES_KEY,
  aes,
  client,
  derived,
  every,
  failsWith,
  get,
  hex,
  kms,
  PERMISSIVE,
  put,
  RSA_KEY,
  V2,
} from "./support.ts";
import { rsaPublicPem, wrapRsa } from "./rsa-wraps.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());

const inputs = derived.inputs;
const vector = (id: string) => derived.objects.find((v: { id: string }) => v.id === id);
const rsa = (): RawRsaKeyring => new RawRsaKeyring({ privateKey: RSA_KEY, publicKey: rsaPublicPem() });
/** A derived object with some metadata changed; `undefined` removes a name. */
function storeChanged(id: string, changes: Record<string, string | undefined>, body?: Uint8Array): void {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...vector(id).objectMetadata, ...changes }))
    if (value !== undefined) metadata[name] = String(value);
  fake.put("k", body ?? Buffer.from(vector(id).ciphertextBase64, "base64"), metadata);
}
const PLAIN = derived.plaintexts.plaintext;

test("1: a writer with fixed random values gives the derived V3 object to the byte", async () => {
  const [dataKey, messageId] = [hex(inputs.dataKeyHex), hex(inputs.messageIdHex)];
  const content = await committingKey(nodeCipher, dataKey, messageId);
  const commitment = await deriveCommitment(nodeCipher, dataKey, messageId);
  const draws = [hex(inputs.wrapIvHex)];
  const cipher = { ...nodeCipher, randomBytes: (n: number) => draws.pop() ?? nodeCipher.randomBytes(n) };
  const key = await aes().wrapDataKey({ binding: "115", encryptionContext: new Map(), dataKey, cipher });
  const sealed = await nodeCipher.sealGcm(content.key, content.nonce, content.aad, Buffer.from(PLAIN));
  assert.equal(encodeBase64(sealed), vector("v3-aes-gcm").ciphertextBase64);
  const envelope = {
    wrap: key.algorithm,
    wrapped: key.wrapped,
    description: new Map(),
    inInstructionFile: false,
  };
  const { object } = writeEnvelope({ ...envelope, format: "V3", content: "COMMIT", messageId, commitment });
  assert.deepEqual(Object.fromEntries(object), vector("v3-aes-gcm").objectMetadata);
});

test("2, 3, 4: round trips of V3 and V2 with every current wrap; the names that each may have", async () => {
  for (const keyring of [aes(), rsa(), kms(fake)])
    for (const options of [{}, V2]) {
      const s3 = client(fake, { keyring, ...options });
      await put(s3, "k", "hello");
      assert.equal((await get(s3, "k")).toString(), "hello");
      const names = Object.keys(fake.get("k").metadata).sort();
      if (options === V2) {
        const expected = [
          "x-amz-cek-alg",
          "x-amz-iv",
          "x-amz-key-v2",
          "x-amz-matdesc",
          "x-amz-tag-len",
          "x-amz-wrap-alg",
        ];
        assert.deepEqual(names, expected);
      } else {
        const extra = keyring.usesEncryptionContext ? ["x-amz-t"] : [];
        assert.deepEqual(names, ["x-amz-3", "x-amz-c", "x-amz-d", "x-amz-i", ...extra, "x-amz-w"]);
      }
    }
});

test("5, 6: V1 and V2 CBC objects are read (see also the vectors); CBC is never written", async () => {
  for (const encryptionAlgorithm of [
    "ALG_AES_256_CBC_IV16_NO_KDF",
    "ALG_AES_256_CTR_IV16_TAG16_NO_KDF",
  ] as const)
    await failsWith("InvalidOption", () => client(fake, { ...V2, encryptionAlgorithm }));
});

test("7: metadata names count in any case", async () => {
  const upper = Object.fromEntries(
    Object.entries(vector("v3-aes-gcm").objectMetadata).map(([k, v]) => [k.toUpperCase(), v]),
  );
  const { readEnvelope } = await import("../src/envelope/read.ts");
  const envelope = await readEnvelope(upper as Record<string, string>, async () => undefined);
  assert.equal(envelope.format, "V3");
});

test("8: empty x-amz-m and x-amz-t count as absent", async () => {
  storeChanged("v3-aes-gcm", { "x-amz-m": "", "x-amz-t": "" });
  assert.equal((await get(client(fake), "k")).toString(), PLAIN);
});

test("9: a missing material description is {} on V2 and an error on V1", async () => {
  storeChanged("v2-aes-gcm", { "x-amz-matdesc": undefined });
  assert.equal((await get(client(fake, PERMISSIVE), "k")).toString(), PLAIN);
  storeChanged("v1-aes-ecb-cbc", { "x-amz-matdesc": undefined });
  await failsWith("MalformedMetadata", get(client(fake, PERMISSIVE), "k"));
});

test("10: tag length 96 is refused, absent is fine, 0 is for CBC only, a number is for files only", async () => {
  for (const [value, ok] of [
    ["96", false],
    ["", true],
    [undefined, true],
    ["0", false],
  ] as const) {
    storeChanged("v2-aes-gcm", { "x-amz-tag-len": value });
    if (ok) assert.equal((await get(client(fake, PERMISSIVE), "k")).toString(), PLAIN);
    else await failsWith("MalformedMetadata", get(client(fake, PERMISSIVE), "k"));
  }
});

test("11, 14: JSON dialects are read; duplicates, nesting and non-strings are not", async () => {
  for (const good of ['{"a": "b"}', '{ "a" : "b" , "c" : "\\u00e5" }', '{"__proto__":"x"}', '{"a":"\\/"}']) {
    storeChanged("v3-aes-gcm", { "x-amz-m": good });
    assert.equal((await get(client(fake), "k")).toString(), PLAIN);
  }
  for (const bad of ['{"a":"b","a":"c"}', '{"a":{"b":"c"}}', '{"a":1}', "[]", '"x"', "{", "null"]) {
    storeChanged("v3-aes-gcm", { "x-amz-m": bad });
    await failsWith("MalformedMetadata", get(client(fake), "k"), bad);
  }
});

test("12, 13: a description mangled by S3, or sent as raw UTF-8 bytes, still chooses its key", async () => {
  const other = new Uint8Array(32).fill(5);
  const writer = client(fake, {
    keyring: new RawAesKeyring({ key: other, materialDescription: { k: "åß" } }),
  });
  await put(writer, "k", "x");
  const reader = new RawAesKeyring({
    key: AES_KEY,
    decryptionKeys: [{ materialDescription: { k: "åß" }, key: other }],
  });
  const raw = Buffer.from('{"k":"åß"}').toString("latin1");
  for (const value of ['=?UTF-8?Q?{"k":"=C3=83=C2=A5=C3=83=C2=9F"}?=', raw]) {
    fake.get("k").metadata["x-amz-m"] = value;
    assert.equal((await get(client(fake, { keyring: reader }), "k")).toString(), "x");
  }
});

test("15, 16: two wrapped keys, and every part of c, d, i and w missing", async () => {
  storeChanged("v2-aes-gcm", { "x-amz-key": "AAAA" });
  await failsWith("ConflictingFormats", get(client(fake, PERMISSIVE), "k"));
  for (const name of ["x-amz-c", "x-amz-d", "x-amz-i", "x-amz-w"]) {
    storeChanged("v3-aes-gcm", { [name]: undefined });
    await failsWith("MalformedMetadata", get(client(fake), "k"), name);
  }
  for (const name of ["x-amz-c", "x-amz-d", "x-amz-i"]) {
    storeChanged("v3-instruction-file", { [name]: undefined });
    await failsWith("MalformedMetadata", get(client(fake), "k"), name);
  }
});

test("17: a plain object is never handed back", async () => {
  fake.put("k", Buffer.from("plain"), { mine: "1" });
  await failsWith("NotEncrypted", get(client(fake, PERMISSIVE), "k"));
});

test("18, 19: user metadata is kept, reserved names and too much of it are refused", async () => {
  const s3 = client(fake);
  await put(s3, "k", "x", {}, { Metadata: { Mine: "value" } });
  assert.equal(fake.get("k").metadata.mine, "value");
  await failsWith("ReservedMetadata", put(s3, "k", "x", {}, { Metadata: { "X-Amz-Key-V2": "a" } }));
  await failsWith("MetadataTooLarge", put(s3, "k", "x", {}, { Metadata: { big: "x".repeat(2000) } }));
  await failsWith("ChecksumGiven", put(s3, "k", "x", {}, { ContentMD5: "a" }));
  await failsWith("ChecksumGiven", put(s3, "k", "x", {}, { ChecksumCRC32: "a" }));
});

test("20: everything written is ASCII, whatever the context holds", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  const encryptionContext = { abteilung: "Größe 日本 😀" };
  await put(s3, "k", "x", { encryptionContext });
  for (const value of Object.values(fake.get("k").metadata)) assert.match(value, /^[\x20-\x7e]*$/);
  assert.equal((await get(s3, "k", { encryptionContext })).toString(), "x");
});

test("21, 22, 31: derivation, AES-GCM and AES key wrap answers stand in the crypto package's tests", () => {
  assert.equal(inputs.keyCommitmentHex.length, 56);
});

test("23, 24: a commitment or message id that is changed, short or long", async () => {
  for (const name of ["x-amz-d", "x-amz-i"]) {
    const value = Buffer.from(vector("v3-aes-gcm").objectMetadata[name], "base64");
    for (let i = 0; i < value.length; i++) {
      const bad = Buffer.from(value);
      bad[i] = (bad[i] ?? 0) ^ (1 << (i % 8));
      storeChanged("v3-aes-gcm", { [name]: bad.toString("base64") });
      await failsWith("CommitmentMismatch", get(client(fake), "k"));
    }
    for (const bad of [value.subarray(0, 12), Buffer.concat([value, Buffer.alloc(4)]), Buffer.alloc(0)]) {
      storeChanged("v3-aes-gcm", { [name]: bad.toString("base64") });
      await failsWith("MalformedMetadata", get(client(fake), "k"));
    }
  }
});

test("25, 26, 27: zero nonce, missing AAD and the other format's wrap binding are among the negative vectors", () => {
  const ids = derived.negative.map((v: { id: string }) => v.id);
  for (const id of ["v3-zero-iv", "v3-aad-missing", "v3-wrap-aad-v2"]) assert.ok(ids.includes(id));
});

test("28: an RSA pseudo key with length 31, surplus bytes, another binding or none is the wrong key", async () => {
  const dataKey = hex(inputs.dataKeyHex);
  const text = (s: string) => new TextEncoder().encode(s);
  const good = concatBytes([Uint8Array.of(32), dataKey, text("115")]);
  const bad = [
    concatBytes([Uint8Array.of(31), dataKey, text("115")]),
    concatBytes([good, text("0")]),
    concatBytes([Uint8Array.of(32), dataKey, text("AES/GCM/NoPadding")]),
    concatBytes([Uint8Array.of(32), dataKey]),
    concatBytes([Uint8Array.of(16), dataKey.subarray(0, 16), text("115")]),
    concatBytes([Uint8Array.of(255), dataKey, text("115")]),
    new Uint8Array(0),
  ];
  const s3 = client(fake, { keyring: rsa() });
  storeChanged("v3-rsa-oaep-sha1", { "x-amz-3": encodeBase64(wrapRsa("oaep-sha1", good)) });
  assert.equal((await get(s3, "k")).toString(), PLAIN);
  for (const pseudoKey of bad) {
    storeChanged("v3-rsa-oaep-sha1", { "x-amz-3": encodeBase64(wrapRsa("oaep-sha1", pseudoKey)) });
    await failsWith("WrongKey", get(s3, "k"));
  }
});

test("29: OAEP-SHA256 is read with MGF1-SHA1 (vector) and with MGF1-SHA256", async () => {
  const wrapped = encodeBase64(wrapRsa("oaep-sha256", hex(inputs.dataKeyHex)));
  storeChanged("v2-legacy-rsa-oaep256-mgf1sha1-gcm", { "x-amz-key-v2": wrapped });
  assert.equal((await get(client(fake, { ...PERMISSIVE, keyring: rsa() }), "k")).toString(), PLAIN);
});

test("30: PKCS#1: good padding with another key, and bad padding, fail with one error; off, before any RSA", async () => {
  const { platform } = await import("../src/platform/node.ts");
  // The key that stands in for a bad one is fixed here: a random one has valid CBC padding once in 256 times.
  const cipher = { ...platform.cipher, randomBytes: (n: number) => new Uint8Array(n).fill(7) };
  const s3 = client(fake, { ...PERMISSIVE, keyring: rsa(), platform: { ...platform, cipher } });
  const off = client(fake, { ...PERMISSIVE, enableLegacyWrappingAlgorithms: false, keyring: rsa() });
  const messages = new Set<string>();
  for (const wrapped of [wrapRsa("pkcs1", new Uint8Array(32)), wrapRsa("raw", new Uint8Array(256).fill(1))]) {
    storeChanged("v1-rsa-pkcs1-cbc", { "x-amz-key": encodeBase64(wrapped) });
    await assert.rejects(get(s3, "k"), (error: Error) =>
      Boolean(messages.add(`${error.name} ${error.message}`)),
    );
    await failsWith("LegacyWrapDisabled", get(off, "k"));
  }
  assert.equal(messages.size, 1);
});

test("32: every CBC failure is the same error: length, padding, key, last block", async () => {
  const body = Buffer.from(vector("v1-aes-ecb-cbc").ciphertextBase64, "base64");
  const flipped = Buffer.from(body);
  flipped[body.length - 17] = (flipped[body.length - 17] ?? 0) ^ 0xff;
  const messages = new Set<string>();
  for (const bad of [body.subarray(0, body.length - 1), flipped, body.subarray(0, 0), body.subarray(0, 15)]) {
    storeChanged("v1-aes-ecb-cbc", {}, bad);
    await assert.rejects(get(client(fake, PERMISSIVE), "k"), (error: Error) =>
      Boolean(messages.add(error.message)),
    );
  }
  assert.equal(messages.size, 1);
});

test("33: a 128-bit data key is read in V2 and refused in V3", async () => {
  const dataKey = new Uint8Array(16).fill(3);
  const iv = new Uint8Array(12).fill(4);
  const wrap = async (binding: string) =>
    encodeBase64(
      (await aes().wrapDataKey({ binding, dataKey, encryptionContext: new Map(), cipher: nodeCipher }))
        .wrapped,
    );
  const body = await nodeCipher.sealGcm(dataKey, iv, new Uint8Array(0), Buffer.from("short key"));
  const v2 = { "x-amz-key-v2": await wrap("AES/GCM/NoPadding"), "x-amz-iv": encodeBase64(iv) };
  storeChanged("v2-aes-gcm", v2, body);
  assert.equal((await get(client(fake, PERMISSIVE), "k")).toString(), "short key");
  storeChanged("v3-aes-gcm", { "x-amz-3": await wrap("115") });
  await failsWith("MalformedMetadata", get(client(fake), "k"));
});

test("34: an all-zero message id or nonce is drawn again", async () => {
  const { platform } = await import("../src/platform/node.ts");
  let zeros = 0;
  const cipher = {
    ...platform.cipher,
    randomBytes: (n: number) =>
      (n === 28 || n === 12) && zeros++ % 2 === 0 ? new Uint8Array(n) : nodeCipher.randomBytes(n),
  };
  for (const options of [{}, V2]) {
    zeros = 0;
    const s3 = client(fake, { ...options, platform: { ...platform, cipher } });
    await put(s3, "k", "x");
    const value = fake.get("k").metadata[options === V2 ? "x-amz-iv" : "x-amz-i"] ?? "";
    assert.ok(Buffer.from(value, "base64").some((byte) => byte !== 0));
    assert.equal((await get(client(fake, PERMISSIVE), "k")).toString(), "x");
  }
});

test("a keyring of the wrong kind says so before any crypto, for all kinds", async () => {
  storeChanged("v3-aes-gcm", {});
  await failsWith("WrongKeyType", get(client(fake, { keyring: rsa() }), "k"));
  await failsWith("WrongKeyType", get(client(fake, { keyring: kms(fake) }), "k"));
  storeChanged("v3-rsa-oaep-sha1", {});
  await failsWith("WrongKeyType", get(client(fake), "k"));
  assert.equal((await get(client(fake, { keyring: every(fake) }), "k")).toString(), PLAIN);
  const wrong = new RawAesKeyring({ key: new Uint8Array(32) });
  storeChanged("v3-aes-gcm", {});
  await failsWith("WrongKey", get(client(fake, { keyring: wrong }), "k"));
});
