/** The specification's test list, 43 to 53: sizes, release modes, failures on the way, multipart uploads. */
import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, afterEach, before, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { S3EncryptionClient, SendOptions } from "../src/index.ts";
import { FakeS3 } from "./fake-s3.ts";
import { client, failsWith, get, kms, put, V2, webPlatform } from "./support.ts";

let fake: FakeS3;
before(async () => {
  fake = await new FakeS3().listen();
});
after(() => fake.close());
afterEach(() => {
  fake.fault = undefined;
  fake.spoil = undefined;
});

const pattern = (size: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const MIB = 1 << 20;

test("43: sizes around every edge, as bytes, text, Node stream, web stream and blob, buffered and delayed", async () => {
  for (const size of [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 5 * MIB]) {
    const body = pattern(size);
    const bodies = [
      body,
      Readable.from(size === 0 ? [] : [Buffer.from(body)]),
      new Blob([body]).stream(),
      new Blob([body]),
    ];
    for (const [i, Body] of (size > MIB ? bodies.slice(0, 2) : bodies).entries()) {
      await put(client(fake, i % 2 === 0 ? {} : V2), `k${i}`, Body, {}, { ContentLength: size });
      assert.equal(fake.get(`k${i}`).body.length, size + 16);
      for (const mode of [{}, { enableDelayedAuthentication: true }]) {
        const s3 = client(fake, { commitmentPolicy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT", ...mode });
        assert.ok((await get(s3, `k${i}`)).equals(body), `${size} ${i}`);
      }
    }
  }
  await put(client(fake), "text", "häß");
  assert.equal((await get(client(fake), "text")).toString(), "häß");
});

test("43: the buffer limit counts stored bytes, on both platforms", async () => {
  await put(client(fake), "k", pattern(100));
  for (const platform of [{}, { platform: webPlatform }]) {
    assert.equal((await get(client(fake, { bufferSize: 116, ...platform }), "k")).length, 100);
    await failsWith("TooLargeToBuffer", get(client(fake, { bufferSize: 115, ...platform }), "k"));
    assert.equal(
      (await get(client(fake, { enableDelayedAuthentication: true, ...platform }), "k")).length,
      100,
    );
  }
});

test("44: buffered mode releases nothing on a bad tag: send itself fails", async () => {
  await put(client(fake), "k", pattern(1000));
  fake.spoil = (body) => Buffer.concat([body.subarray(0, -1), Buffer.of((body.at(-1) ?? 0) ^ 1)]);
  const command = new GetObjectCommand({ Bucket: "b", Key: "k" });
  await failsWith("ContentTampered", client(fake).send(command));
});

test("45: delayed mode streams, and errors at the end instead of ending", async () => {
  await put(client(fake), "k", pattern(1000));
  fake.spoil = (body) => Buffer.concat([body.subarray(0, -1), Buffer.of((body.at(-1) ?? 0) ^ 1)]);
  for (const platform of [{}, { platform: webPlatform }]) {
    const s3 = client(fake, { enableDelayedAuthentication: true, ...platform });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
    const reader = Body?.transformToWebStream().getReader();
    let seen = 0;
    await failsWith("ContentTampered", async () => {
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
        seen += next.value.length;
    });
    assert.equal(seen, 1000);
  }
});

test("46: truncated and extended bodies fail in every mode", async () => {
  await put(client(fake), "k", pattern(100));
  for (const spoil of [
    (body: Buffer) => body.subarray(1),
    (body: Buffer) => body.subarray(0, -1),
    (body: Buffer) => body.subarray(0, 16),
    (body: Buffer) => body.subarray(0, 3),
    (body: Buffer) => body.subarray(0, 0),
    (body: Buffer) => Buffer.concat([body, Buffer.of(0)]),
  ])
    for (const platform of [{}, { platform: webPlatform }])
      for (const mode of [{}, { enableDelayedAuthentication: true }]) {
        fake.spoil = spoil;
        await failsWith("ContentTampered", get(client(fake, { ...mode, ...platform }), "k"));
      }
});

test("47: a body that is longer, shorter or broken leaves no object and does not hang", async () => {
  const s3 = client(fake);
  async function* broken() {
    yield Buffer.alloc(70_000);
    throw new Error("disk gone");
  }
  const cases: [Readable | Uint8Array, number][] = [
    [Readable.from([Buffer.alloc(99)]), 100],
    [Readable.from([Buffer.alloc(101)]), 100],
    [Readable.from([Buffer.alloc(100_000), Buffer.alloc(1)]), 100_000],
    [new Uint8Array(5), 6],
  ];
  for (const [Body, ContentLength] of cases) {
    await failsWith("LengthMismatch", put(s3, "none", Body, {}, { ContentLength }));
    assert.ok(!fake.objects.has("b/none"));
  }
  await assert.rejects(put(s3, "none", Readable.from(broken()), {}, { ContentLength: 200_000 }), /disk gone/);
  assert.ok(!fake.objects.has("b/none"));
  await failsWith("UnknownLength", put(s3, "none", Readable.from([Buffer.alloc(1)])));
});

test("48: bytes are retried with the same ciphertext; a stream is not retried", async () => {
  let calls = 0;
  fake.fault = (request, response) => {
    if (request.method !== "PUT") return false;
    calls += 1;
    if (calls > 1) return false;
    response.writeHead(503).end();
    return true;
  };
  const s3 = client(fake, { client: fake.s3({ maxAttempts: 3 }) });
  await put(s3, "k", pattern(1000));
  assert.equal(calls, 2);
  assert.ok((await get(s3, "k")).equals(pattern(1000)));
  calls = 0;
  await assert.rejects(put(s3, "k", Readable.from([Buffer.alloc(9)]), {}, { ContentLength: 9 }));
  assert.equal(calls, 1);
});

test("49: backpressure, and an early abort frees the socket and the caller's stream", async () => {
  await put(client(fake), "k", pattern(5 * MIB));
  const agent = fake.s3();
  const s3 = client(fake, { client: agent, enableDelayedAuthentication: true });
  for (const start of [true, false]) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
    assert.ok(Body instanceof Readable);
    if (start) for await (const _ of Body) break;
    Body.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const source = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536);
    })(),
  );
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  const sending = put(s3, "k2", source, { abortSignal: abort.signal }, { ContentLength: 1 << 30 });
  await assert.rejects(sending, { name: "AbortError" });
  assert.ok(source.destroyed);
  agent.destroy();
});

interface UploadDone {
  readonly parts: { PartNumber: number; ETag: string | undefined }[];
}
async function multipart(
  s3: S3EncryptionClient,
  Key: string,
  parts: readonly (readonly [number, Uint8Array, SendOptions?])[],
  together = false,
): Promise<UploadDone> {
  const at = { Bucket: "b", Key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
  const done: UploadDone["parts"] = [];
  const one = async ([PartNumber, Body, options]: (typeof parts)[0]): Promise<void> => {
    const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }), options);
    done.push({ PartNumber, ETag });
  };
  if (together) await Promise.all(parts.map(one));
  else for (const part of parts) await one(part);
  done.sort((a, b) => a.PartNumber - b.PartNumber);
  await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: done } }));
  return { parts: done };
}
const marked = (isLastPart: boolean): SendOptions => ({ isLastPart });

test("50: a multipart object equals a single PUT, with odd part sizes, in order or sent together", async () => {
  for (const platform of [{}, { platform: webPlatform }])
    for (const together of [false, true]) {
      const s3 = client(fake, platform);
      const whole = pattern(1_000_003);
      const cuts = [0, 1, 77_777, 77_778, 500_001, whole.length];
      const parts = cuts.slice(1).map((end, i) => {
        const body = whole.subarray(cuts[i] ?? 0, end);
        return [i + 1, body, marked(i === cuts.length - 2)] as const;
      });
      await multipart(s3, "k", together ? parts.toReversed() : parts, together);
      assert.equal(fake.get("k").body.length, whole.length + 16);
      assert.ok((await get(s3, "k")).equals(whole));
    }
});

test("50: unmarked parts: a small one is the last, else Complete sends the last again with its tag", async () => {
  const s3 = client(fake);
  const big = pattern(5 * MIB);
  await multipart(s3, "k", [
    [1, big],
    [2, pattern(3)],
  ]);
  assert.equal((await get(s3, "k")).length, 5 * MIB + 3);
  await multipart(s3, "k", [
    [1, big],
    [2, big],
  ]);
  assert.ok((await get(s3, "k")).subarray(5 * MIB).equals(big));
  assert.equal(fake.get("k").body.length, 10 * MIB + 16);
});

test("51: out of order, missing last, double last, a gap; a last part that is the tag alone", async () => {
  const s3 = client(fake, { partWaitMs: 20 });
  const p = pattern(100);
  const no = marked(false);
  await failsWith(
    "PartOrder",
    multipart(s3, "none", [
      [2, p, no],
      [1, p, no],
    ]),
  );
  await failsWith(
    "PartOrder",
    multipart(s3, "none", [
      [1, p, no],
      [2, p, no],
    ]),
  );
  await failsWith(
    "PartOrder",
    multipart(s3, "none", [
      [1, p, marked(true)],
      [2, p, marked(true)],
    ]),
  );
  await failsWith(
    "PartOrder",
    multipart(s3, "none", [
      [1, p, marked(true)],
      [2, p, no],
    ]),
  );
  await failsWith(
    "PartOrder",
    multipart(s3, "none", [
      [1, p, no],
      [3, p, marked(true)],
    ]),
  );
  await failsWith("PartOrder", multipart(s3, "none", []));
  assert.ok(!fake.objects.has("b/none"));
  await multipart(s3, "k", [
    [1, p, no],
    [2, new Uint8Array(0), marked(true)],
  ]);
  assert.ok((await get(s3, "k")).equals(p));
  const command = new UploadPartCommand({ Bucket: "b", Key: "k", UploadId: "other", PartNumber: 1, Body: p });
  await failsWith("UnknownUpload", s3.send(command));
});

test("52: a Complete that failed may be repeated, whether the last part or the Complete itself had failed", async () => {
  const body = pattern(6 * MIB);
  const at = { Bucket: "b", Key: "again" };
  const failOn = (method: string): void => {
    fake.fault = ({ method: asked }, response) => {
      if (asked !== method) return false;
      response.writeHead(500).end();
      return true;
    };
  };
  const whole = async (s3: S3EncryptionClient): Promise<void> => {
    assert.equal(fake.get("again").body.length, body.length + 16);
    assert.ok((await get(s3, "again")).equals(body));
    fake.objects.delete("b/again");
  };
  for (const failing of ["PUT", "POST"]) {
    const s3 = client(fake);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
    const part = new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: body });
    const { ETag } = await s3.send(part);
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload });
    for (let tries = 0; tries < 2; tries++) {
      failOn(failing);
      await assert.rejects(s3.send(complete));
      fake.fault = undefined;
    }
    await s3.send(complete);
    await whole(s3);
  }
  // The caller may also send the last part again itself, and list what it was answered.
  const s3 = client(fake);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
  const part = { ...at, UploadId, PartNumber: 1, Body: body };
  const complete = async (ETag: string | undefined): Promise<unknown> =>
    s3.send(
      new CompleteMultipartUploadCommand({
        ...at,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
  const first = await s3.send(new UploadPartCommand(part));
  failOn("PUT");
  await assert.rejects(complete(first.ETag));
  fake.fault = undefined;
  const second = await s3.send(new UploadPartCommand(part));
  const puts = fake.log.filter(({ method }) => method === "PUT").length;
  await complete(second.ETag);
  assert.equal(fake.log.filter(({ method }) => method === "PUT").length, puts);
  await whole(s3);
});

test("52: a failed part is sent again with the same ciphertext, and only for the same plaintext", async () => {
  const s3 = client(fake);
  const at = { Bucket: "b", Key: "k" };
  const [one, two] = [pattern(33), pattern(50)];
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
  const send = (PartNumber: number, Body: Uint8Array, isLastPart: boolean) =>
    s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }), { isLastPart });
  const first = await send(1, one, false);
  fake.fault = (request, response) =>
    request.query.has("partNumber") && Boolean(response.writeHead(500).end());
  await assert.rejects(send(2, two, true));
  fake.fault = undefined;
  await failsWith("PartOrder", send(2, pattern(51).subarray(1), true));
  const second = await send(2, two, true);
  const Parts = [first, second].map(({ ETag }, i) => ({ PartNumber: i + 1, ETag }));
  const cut = new CompleteMultipartUploadCommand({
    ...at,
    UploadId,
    MultipartUpload: { Parts: Parts.slice(0, 1) },
  });
  await failsWith("PartOrder", s3.send(cut));
  const copy = new UploadPartCopyCommand({ ...at, UploadId, PartNumber: 3, CopySource: "b/x" });
  await failsWith("Unsupported", s3.send(copy));
  await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  assert.ok((await get(s3, "k")).equals(Buffer.concat([one, two])));
});

test("52: an aborted upload is forgotten, and its instruction file with it", async () => {
  const s3 = client(fake, { writeInstructionFiles: true });
  const at = { Bucket: "b", Key: "aborted" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
  assert.ok(fake.objects.has("b/aborted.instruction"));
  await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
  assert.ok(!fake.objects.has("b/aborted.instruction"));
  const part = new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "x" });
  await failsWith("UnknownUpload", s3.send(part));
});

test("an upload id that S3 gives out twice puts no upload's parts under the other's key", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  const [own, other] = ["own", "other"].map((tenant) => s3.with({ encryptionContext: { tenant } }));
  assert.ok(own !== undefined && other !== undefined);
  const at = { Bucket: "b", Key: "twice" };
  const { UploadId } = await own.send(new CreateMultipartUploadCommand(at));
  fake.fault = ({ query }, response) => {
    const answer = `<InitiateMultipartUploadResult><UploadId>${UploadId}</UploadId></InitiateMultipartUploadResult>`;
    return query.has("uploads") && Boolean(response.writeHead(200).end(answer));
  };
  try {
    const create = new CreateMultipartUploadCommand({ Bucket: "b", Key: "elsewhere" });
    await failsWith("UnknownUpload", other.send(create));
  } finally {
    fake.fault = undefined;
  }
  const part = await own.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "x" }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await own.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
  assert.equal((await get(own, "twice")).toString(), "x");
});

test("53: more than AES-GCM can take is refused before anything is sent", async () => {
  fake.log.length = 0;
  const body = Readable.from([Buffer.alloc(1)]);
  await failsWith("TooLong", put(client(fake), "k", body, {}, { ContentLength: 68_719_476_705 }));
  assert.equal(fake.log.length, 0);
});

test("Upload of lib-storage works for small and large bodies, streams of unknown length and a bound context", async () => {
  const s3 = client(fake, { keyring: kms(fake) });
  const bound = s3.with({ encryptionContext: { tenant: "a" } });
  for (const size of [0, 100, 5 * MIB, 10 * MIB, 12 * MIB + 5]) {
    const body = pattern(size);
    for (const Body of [body, Readable.from([Buffer.from(body)])]) {
      await new Upload({ client: bound, params: { Bucket: "b", Key: "up", Body } }).done();
      assert.equal(fake.get("up").body.length, size + 16);
      assert.ok((await get(s3, "up", { encryptionContext: { tenant: "a" } })).equals(body), String(size));
    }
  }
  await failsWith("ContextMismatch", get(s3, "up"));
  await new Upload({
    client: s3,
    queueSize: 1,
    params: { Bucket: "b", Key: "up", Body: pattern(12 * MIB) },
  }).done();
  assert.equal((await get(s3, "up")).length, 12 * MIB);
});

test("a file stream needs no ContentLength; presigning is refused with its reason; callbacks and middleware work", async () => {
  const dir = mkdtempSync(join(tmpdir(), "s3ec-"));
  const path = join(dir, "file");
  writeFileSync(path, pattern(100_000));
  const inner = fake.s3();
  const s3 = client(fake, { client: inner });
  try {
    await put(s3, "k", createReadStream(path));
    assert.ok((await get(s3, "k")).equals(pattern(100_000)));
    await put(s3, "k", createReadStream(path, { start: 10, end: 19 }));
    assert.ok((await get(s3, "k")).equals(pattern(20).subarray(10)));
  } finally {
    rmSync(dir, { recursive: true });
  }
  await failsWith("PresignRefused", getSignedUrl(s3, new GetObjectCommand({ Bucket: "b", Key: "k" })));
  await failsWith("PresignRefused", getSignedUrl(s3, new PutObjectCommand({ Bucket: "b", Key: "k" })));
  assert.match(await getSignedUrl(inner, new GetObjectCommand({ Bucket: "b", Key: "k" })), /X-Amz-Signature/);
  const command = new GetObjectCommand({ Bucket: "b", Key: "k" });
  let seen = "";
  command.middlewareStack.add(
    (next, context) => async (args) => {
      seen = context.commandName ?? "";
      return next(args);
    },
    { step: "initialize" },
  );
  const output = await new Promise<unknown>((resolve, reject) => {
    s3.send(command, (error, data) => (error === null ? resolve(data) : reject(error)));
  });
  assert.ok(output !== undefined);
  assert.equal(seen, "GetObjectCommand");
});
