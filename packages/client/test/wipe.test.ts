/** Data keys are overwritten when a read ends, however it ends. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { CreateMultipartUploadCommand, GetObjectCommand } from "@aws-sdk/client-s3";
import type { Keyring, S3EncryptionClient, S3EncryptionClientOptions } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import { aes, base64, client, derived, failsWith, get, PERMISSIVE, put, V2, webPlatform } from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());

/** Hands out data keys and remembers them. V2 and CBC use them as they are, so what is left of them shows. */
function watched(change = (key: Uint8Array): Uint8Array => key): { keyring: Keyring; given: Uint8Array[] } {
  const inner = aes();
  const given: Uint8Array[] = [];
  const keyring: Keyring = {
    unwraps: inner.unwraps,
    usesEncryptionContext: false,
    async unwrapDataKey(request) {
      const key = change(await inner.unwrapDataKey(request));
      given.push(key);
      return key;
    },
  };
  return { keyring, given };
}

function wiped(given: readonly Uint8Array[], label: string): void {
  assert.equal(given.length, 1, label);
  assert.ok(
    given[0]?.every((byte) => byte === 0),
    label,
  );
}

const MODES: readonly (readonly [string, Partial<S3EncryptionClientOptions>, object])[] = [
  ["buffered", {}, {}],
  ["buffered on the web", { platform: webPlatform }, {}],
  ["delayed", { enableDelayedAuthentication: true }, {}],
  ["delayed on the web", { enableDelayedAuthentication: true, platform: webPlatform }, {}],
  ["a range", {}, { Range: "bytes=2-5" }],
];
const LARGE = "x".repeat(200_000);

for (const [name, options, more] of MODES) {
  test(`${name}: wiped at the end, after damage, and when the body is given up`, async () => {
    await put(client(fake, V2), "k", LARGE);
    const whole = watched();
    await get(client(fake, { ...PERMISSIVE, ...options, keyring: whole.keyring }), "k", {}, more);
    wiped(whole.given, "read");

    const left = watched();
    const { Body } = await client(fake, { ...PERMISSIVE, ...options, keyring: left.keyring }).send(
      new GetObjectCommand({ Bucket: "b", Key: "k", ...more }),
    );
    if (Body instanceof Readable) {
      const closed = new Promise((resolve) => Body.once("close", resolve));
      Body.destroy();
      await closed;
    } else await Body?.transformToWebStream().cancel();
    wiped(left.given, "given up");

    if (name === "a range") return;
    const stored = fake.get("k").body;
    stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
    const damaged = watched();
    const s3 = client(fake, { ...PERMISSIVE, ...options, keyring: damaged.keyring });
    await failsWith("ContentTampered", get(s3, "k"));
    wiped(damaged.given, "damaged");
  });
}

test("AES-CBC: whole, and a range", async () => {
  const v1 = derived.objects.find((v: { id: string }) => v.id === "v1-aes-ecb-cbc");
  fake.put("v1", base64(v1.ciphertextBase64), v1.objectMetadata);
  for (const more of [{}, { Range: "bytes=1-3" }]) {
    const { keyring, given } = watched();
    await get(client(fake, { ...PERMISSIVE, keyring }), "v1", {}, more);
    wiped(given, JSON.stringify(more));
  }
});

test("a data key that fails a check, or whose object cannot be answered", async () => {
  await put(client(fake), "v3", "text");
  const short = watched((key) => key.slice(0, 31));
  await failsWith("WrongKey", get(client(fake, { keyring: short.keyring }), "v3"));
  wiped(short.given, "length");
  const other = watched((key) => key.map((byte) => byte ^ 1));
  await failsWith("CommitmentMismatch", get(client(fake, { keyring: other.keyring }), "v3"));
  wiped(other.given, "commitment");
  await put(client(fake, V2), "k", "0123456789");
  const past = watched();
  const s3 = client(fake, { ...PERMISSIVE, keyring: past.keyring });
  await failsWith("RangeNotSatisfiable", get(s3, "k", {}, { Range: "bytes=12-13" }));
  wiped(past.given, "past the end");
});

test("the data key of a write that fails before its body is sent", async () => {
  const inner = aes();
  const given: Uint8Array[] = [];
  const keyring: Keyring = {
    unwraps: inner.unwraps,
    usesEncryptionContext: false,
    unwrapDataKey: (request) => inner.unwrapDataKey(request),
    async wrapDataKey(request) {
      const made = await inner.wrapDataKey(request);
      given.push(made.dataKey);
      return made;
    },
  };
  const writes = [
    (s3: S3EncryptionClient, more: object) => put(s3, "w", "text", {}, more),
    (s3: S3EncryptionClient, more: object) =>
      s3.send(new CreateMultipartUploadCommand({ Bucket: "b", Key: "w", ...more })),
  ];
  for (const write of writes) {
    const s3 = client(fake, { ...V2, keyring });
    await failsWith("MetadataTooLarge", write(s3, { Metadata: { large: "x".repeat(2048) } }));
    wiped(given.splice(0), "metadata");
    fake.fault = ({ path, method }, response) =>
      method === "PUT" && path.endsWith(".instruction") && Boolean(response.writeHead(500).end());
    try {
      await assert.rejects(write(client(fake, { ...V2, keyring, writeInstructionFiles: true }), {}));
    } finally {
      fake.fault = undefined;
    }
    wiped(given.splice(0), "instruction file");
  }
});
