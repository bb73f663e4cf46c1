import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeHeaderText } from "../src/envelope/header-text.ts";
import { parseJsonMap, writeJsonMap } from "../src/envelope/json-map.ts";
import type { S3EncryptionErrorCode } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import {
  base64,
  client,
  derived,
  every,
  failsWith,
  get,
  hex,
  loadVectors,
  PERMISSIVE,
  webPlatform,
} from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
  const blob = new TextEncoder().encode(derived.inputs.kmsCiphertextBlobUtf8);
  fake.knowDataKey(blob, hex(derived.inputs.kmsPlaintextHex));
});
after(() => fake.close());

function store(vector: (typeof derived.objects)[0]): void {
  fake.put("k", base64(vector.ciphertextBase64), vector.objectMetadata);
  fake.objects.delete("b/k.instruction");
  if (vector.instructionFile !== undefined)
    fake.put("k.instruction", Buffer.from(JSON.stringify(vector.instructionFile)));
}

const LEGACY: Record<string, string> = {
  wrapping: "enableLegacyWrappingAlgorithms",
  content: "enableLegacyUnauthenticatedModes",
};

for (const vector of derived.objects) {
  test(`reads ${vector.id}: buffered, delayed, and with WebCrypto`, async () => {
    store(vector);
    const needed = Object.fromEntries((vector.legacy ?? []).map((option: string) => [LEGACY[option], true]));
    const policy = { commitmentPolicy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT" } as const;
    const keyring = every(fake);
    const context = vector.callerEncryptionContext;
    const send = context === undefined ? {} : { encryptionContext: context };
    const expected = derived.plaintexts[vector.plaintextRef];
    for (const platform of [{}, { platform: webPlatform }])
      for (const mode of [{}, { enableDelayedAuthentication: true }]) {
        const options = { keyring, ...policy, ...needed, ...platform, ...mode };
        assert.equal((await get(client(fake, options), "k", send)).toString(), expected);
      }
    // Each legacy option is needed: without any one of them the object is refused.
    for (const option of Object.keys(needed)) {
      const s3 = client(fake, { keyring, ...policy, ...needed, [option]: false });
      await failsWith(["LegacyWrapDisabled", "LegacyContentDisabled"], get(s3, "k", send));
    }
    const strict = client(fake, { keyring, enableLegacyWrappingAlgorithms: true });
    if (vector.id.startsWith("v3")) assert.equal((await get(strict, "k", send)).toString(), expected);
    else await failsWith("CommitmentMissing", get(strict, "k", send));
  });
}

/** The named error of each negative vector; without any legacy option first, then with all of them. */
const NEGATIVE: Record<string, readonly S3EncryptionErrorCode[]> = {
  "commitment-bit-flip": ["CommitmentMismatch"],
  "commitment-short": ["MalformedMetadata"],
  "commitment-long": ["MalformedMetadata"],
  "message-id-short": ["MalformedMetadata"],
  "substituted-data-key": ["CommitmentMismatch"],
  "v3-tag-bit-flip": ["ContentTampered"],
  "v3-truncated": ["ContentTampered"],
  "v3-shorter-than-tag": ["ContentTampered"],
  "v3-aad-missing": ["ContentTampered"],
  "v3-zero-iv": ["ContentTampered"],
  "v3-wrap-aad-v2": ["WrongKey"],
  "v3-unknown-c": ["UnknownAlgorithm"],
  "v3-unknown-w": ["UnknownAlgorithm"],
  "v3-missing-d": ["MalformedMetadata"],
  "v3-and-v2-keys": ["ConflictingFormats"],
  "v2-with-spoofed-v3-headers": ["ConflictingFormats"],
  "v2-cek-alg-removed": ["MalformedMetadata"],
  "v2-wrap-alg-removed": ["MalformedMetadata"],
  "v2-wrap-alg-aeswrap": ["LegacyWrapDisabled", "WrongKey"],
  "v2-tag-len-96": ["MalformedMetadata"],
  "v2-ctr-cek-alg": ["UnknownAlgorithm"],
  "v3-instruction-file-with-c-d-i": ["InstructionFileTampered"],
  "v3-c-d-i-only-in-instruction-file": ["InstructionFileTampered"],
  "v3-object-v2-instruction-file": ["ConflictingFormats"],
  "instruction-file-unrelated-json": ["MalformedInstructionFile"],
};

test("every negative vector has its named error, and no more are named than there are", () => {
  assert.deepEqual(derived.negative.map((v: { id: string }) => v.id).sort(), Object.keys(NEGATIVE).sort());
});

for (const vector of derived.negative) {
  test(`refuses ${vector.id} with its named error, in every mode and with every option on`, async () => {
    store(vector);
    const codes = NEGATIVE[vector.id] ?? [];
    const allow = { commitmentPolicy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT" } as const;
    const [first = "NotEncrypted"] = codes;
    const last = codes.at(-1) ?? "NotEncrypted";
    await failsWith(first, get(client(fake, allow), "k"), vector.id);
    for (const platform of [{}, { platform: webPlatform }])
      for (const mode of [{}, { enableDelayedAuthentication: true }])
        await failsWith(last, get(client(fake, { ...PERMISSIVE, ...platform, ...mode }), "k"), vector.id);
  });
}

for (const id of ["v3-aes-gcm", "v2-aes-gcm"]) {
  test(`ranges of ${id} come out as listed, on both platforms`, async () => {
    store(derived.objects.find((v: { id: string }) => v.id === id));
    for (const platform of [{}, { platform: webPlatform }]) {
      const s3 = client(fake, { ...PERMISSIVE, ...platform });
      for (const { first, last, plaintextUtf8 } of derived.ranges.cases)
        assert.equal((await get(s3, "k", {}, { Range: `bytes=${first}-${last}` })).toString(), plaintextUtf8);
    }
  });
}

test("all published metadata values are decoded from what S3 makes of them", () => {
  for (const { value, headerFromS3 } of loadVectors("../metadata/double-encoding.json").cases)
    assert.equal(decodeHeaderText(headerFromS3), value);
});

test("JSON maps: the dialects of the other writers, and what no reader may accept", () => {
  const read = (text: string, numbers?: boolean) => {
    const map = parseJsonMap(text, numbers);
    return map && Object.fromEntries(map);
  };
  assert.deepEqual(read('{"a":"AES\\/GCM\\/NoPadding"}'), { a: "AES/GCM/NoPadding" });
  assert.deepEqual(read('{"a": "1", "b": "2"}'), { a: "1", b: "2" });
  assert.deepEqual(read('{"a":"\\u003c\\u0026"}'), { a: "<&" });
  assert.deepEqual(read('{"a":null,"b":"x"}'), { b: "x" });
  assert.deepEqual(read('{"a":128}', true), { a: "128" });
  const proto = parseJsonMap('{"__proto__":"x"}');
  assert.deepEqual([...(proto ?? [])], [["__proto__", "x"]]);
  for (const bad of [
    "",
    "[]",
    "null",
    '"x"',
    "{",
    '{"a":1}',
    '{"a":{}}',
    '{"a":"1","a":"2"}',
    '{"a":"1",}',
    "{}x",
  ])
    assert.equal(parseJsonMap(bad), undefined, bad);
  const map = new Map([["ключ", "日本😀\n\u007f"]]);
  const text = writeJsonMap(map);
  assert.match(text, /^[\x20-\x7e]*$/);
  assert.deepEqual(parseJsonMap(text), map);
});
