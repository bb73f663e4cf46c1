import assert from "node:assert/strict";
import { generateKeyPairSync, privateEncrypt, publicEncrypt, constants, createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeOaep, decodePkcs1, nodeCipher } from "../content/index.ts";
import { concatBytes, decodeBase64, encodeBase64, unwrapRfc3394, webCipher } from "./index.ts";

const VECTORS = new URL("../../../../testdata/s3-encryption-client/", import.meta.url);
const load = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const same = (a: Uint8Array, b: Uint8Array) =>
  assert.equal(Buffer.from(a).toString("hex"), Buffer.from(b).toString("hex"));
const ciphers = [nodeCipher, webCipher];

for (const cipher of ciphers) {
  test(`${cipher.name}: the six published AES-GCM answers, whole and byte by byte`, async () => {
    for (const kat of load("aes-gcm-kat.json")) {
      const [key, iv, aad, pt] = [hex(kat.key), hex(kat.iv), hex(kat.aad), hex(kat.pt)];
      const sealed = await cipher.sealGcm(key, iv, aad, pt);
      same(sealed, hex(kat.ct + kat.tag));
      same((await cipher.openGcm(key, iv, aad, sealed)) ?? new Uint8Array(1), pt);
      const encryptor = await cipher.gcmEncryptor(key, iv, aad);
      const parts: Uint8Array[] = [];
      for (const byte of pt) parts.push(await encryptor.update(Uint8Array.of(byte)));
      same(concatBytes(parts), hex(kat.ct));
      same(await encryptor.final(), hex(kat.tag));
    }
  });

  test(`${cipher.name}: both published answers of the committing derivation`, async () => {
    for (const kat of load("hkdf-commit-kat.json").cases) {
      const info = (label: string) => concatBytes([Uint8Array.of(0, 0x73), new TextEncoder().encode(label)]);
      const [dk, mid] = [hex(kat.dataKey), hex(kat.messageId)];
      same(await cipher.hkdfSha512(dk, mid, info("DERIVEKEY"), 32), hex(kat.derivedEncryptionKey));
      same(await cipher.hkdfSha512(dk, mid, info("COMMITKEY"), 28), hex(kat.keyCommitment));
    }
  });

  test(`${cipher.name}: RFC 3394 section 4 answers for every key length`, async () => {
    const data = "00112233445566778899aabbccddeeff";
    const cases = [
      ["000102030405060708090a0b0c0d0e0f", data, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"],
      [
        "000102030405060708090a0b0c0d0e0f1011121314151617",
        data,
        "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d",
      ],
      [
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        `${data}000102030405060708090a0b0c0d0e0f`,
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
      ],
    ];
    for (const [kek = "", key = "", wrapped = ""] of cases) {
      same((await unwrapRfc3394(cipher, hex(kek), hex(wrapped))) ?? new Uint8Array(0), hex(key));
      const bad = hex(wrapped);
      bad[3] = (bad[3] ?? 0) ^ 1;
      assert.equal(await unwrapRfc3394(cipher, hex(kek), bad), undefined);
    }
    assert.equal(await unwrapRfc3394(cipher, new Uint8Array(32), new Uint8Array(13)), undefined);
  });

  test(`${cipher.name}: a wrong tag, AAD, nonce or key never opens`, async () => {
    const [key, iv] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2)];
    const aad = Uint8Array.of(0, 0x73);
    const sealed = await cipher.sealGcm(key, iv, aad, new Uint8Array(40));
    for (let i = 0; i < sealed.length; i++) {
      const bad = sealed.slice();
      bad[i] = (bad[i] ?? 0) ^ 0x10;
      assert.equal(await cipher.openGcm(key, iv, aad, bad), undefined);
      const decryptor = await cipher.gcmDecryptor(key, iv, aad);
      await decryptor.update(bad.subarray(0, 40));
      assert.equal(await decryptor.final(bad.subarray(40)), false);
    }
    assert.equal(await cipher.openGcm(key, iv, new Uint8Array(0), sealed), undefined);
    assert.equal(await cipher.openGcm(key, iv, aad, sealed.subarray(0, 15)), undefined);
  });
}

test("web and node agree on GCM streams, CTR and CBC for any split", async () => {
  const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
  const pieces = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 6 });
  const keys = fc.oneof(bytes(16), bytes(32));
  await fc.assert(
    fc.asyncProperty(
      keys,
      bytes(16),
      fc.uint8Array({ maxLength: 40 }),
      pieces,
      async (key, iv, aad, parts) => {
        const out: string[] = [];
        for (const cipher of ciphers) {
          const encryptor = await cipher.gcmEncryptor(key, iv.subarray(0, 12), aad);
          const ctr = await cipher.ctr(key, concatBytes([iv.subarray(0, 12), Uint8Array.of(0, 0, 0, 9)]));
          const cbc = await cipher.cbcDecryptor(key, iv);
          const done: Uint8Array[] = [];
          for (const part of parts) done.push((await encryptor.update(part)).slice());
          done.push(await encryptor.final());
          for (const part of parts) done.push((await ctr.update(part)).slice());
          for (const part of parts)
            done.push((await cbc.update(part.subarray(0, part.length & ~15))).slice());
          out.push(Buffer.concat(done).toString("hex"));
        }
        assert.equal(out[0], out[1]);
      },
    ),
    { numRuns: 60 },
  );
});

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const spki = publicKey.export({ format: "pem", type: "spki" }).toString();

test("RSA: web opens what node wrapped and the other way round; raw operations agree", async () => {
  const secret = new Uint8Array(36).fill(7);
  for (const [a, b] of [
    [nodeCipher, webCipher],
    [webCipher, nodeCipher],
  ] as const) {
    const wrapped = await (await a.importRsaPublic(spki)).encryptOaepSha1(secret);
    const key = await b.importRsaPrivate(pkcs8);
    same((await key.decryptOaepSha1(wrapped)) ?? new Uint8Array(0), secret);
    wrapped[20] = (wrapped[20] ?? 0) ^ 1;
    assert.equal(await key.decryptOaepSha1(wrapped), undefined);
    assert.equal(await key.decryptRaw(new Uint8Array(256).fill(255)), undefined);
  }
  const block = new Uint8Array(256).fill(3);
  block[0] = 0;
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
  for (const cipher of ciphers) {
    for (const form of [
      pkcs8,
      privateKey.export({ format: "der", type: "pkcs8" }),
      privateKey.export({ format: "jwk" }),
    ])
      same(
        (await (await cipher.importRsaPrivate(form as string)).decryptRaw(wrapped)) ?? new Uint8Array(0),
        block,
      );
  }
  await assert.rejects(webCipher.importRsaPrivate("nothing"), TypeError);
  await assert.rejects(nodeCipher.importRsaPrivate("nothing"), TypeError);
});

test("OAEP decoding by hand opens the platform's OAEP and refuses every changed byte", async () => {
  const secret = new Uint8Array(32).fill(9);
  const wrapped = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
    secret,
  );
  const key = await nodeCipher.importRsaPrivate(pkcs8);
  const block = (await key.decryptRaw(wrapped)) ?? new Uint8Array(0);
  for (const cipher of ciphers) {
    same((await decodeOaep(cipher, "SHA-256", "SHA-256", block)) ?? new Uint8Array(0), secret);
    assert.equal(await decodeOaep(cipher, "SHA-256", "SHA-1", block), undefined);
  }
  for (let i = 0; i < block.length; i += 17) {
    const bad = block.slice();
    bad[i] = (bad[i] ?? 0) ^ 0x80;
    assert.equal(await decodeOaep(nodeCipher, "SHA-256", "SHA-256", bad), undefined, `byte ${i}`);
  }
});

test("PKCS#1 decoding gives the payload, or the fallback for every kind of bad padding", async () => {
  const secret = new Uint8Array(32).fill(9);
  const fallback = new Uint8Array(32).fill(1);
  const block = new Uint8Array(256).fill(0x55);
  block.set([0, 2]);
  block[223] = 0;
  block.set(secret, 224);
  same(decodePkcs1(block, fallback), secret);
  const spoil: [number, number][] = [
    [0, 1],
    [1, 1],
    [2, 0],
    [9, 0],
    [222, 0],
    [223, 5],
  ];
  for (const [at, value] of spoil) {
    const bad = block.slice();
    bad[at] = value;
    same(decodePkcs1(bad, fallback), fallback);
  }
  same(decodePkcs1(new Uint8Array(40), fallback), fallback);
  const type1 = privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, secret);
  assert.equal(type1.length, 256);
});

test("base64 is strict: no line breaks, no missing padding, no loose bits", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), Uint8Array.from(bytes));
    }),
  );
  for (const bad of ["A", "AA", "AAA", "AA=", "AB==", "AAB=", "A A=", "AAAA\n", "AA-_", "====", "AA==AA=="])
    assert.equal(decodeBase64(bad), undefined, bad);
  const big = new Uint8Array(100_000).fill(0xff);
  assert.equal(encodeBase64(big), Buffer.from(big).toString("base64"));
});

test("ECB blocks agree between web and node", async () => {
  const key = new Uint8Array(32).fill(4);
  const ecb = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  const blocks = ecb.update(new Uint8Array(64).fill(8));
  for (const cipher of ciphers) same(await cipher.decryptBlocks(key, blocks), new Uint8Array(64).fill(8));
});
