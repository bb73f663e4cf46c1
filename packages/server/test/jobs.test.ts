/** The commands that look after a store, beside a server and without one. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { command, serve, type Served, startCommand, temporaryDirectory } from "./serve.ts";

const CUSTOMER_KEY = randomBytes(32);
const SSEC = {
  SSECustomerAlgorithm: "AES256",
  SSECustomerKey: CUSTOMER_KEY.toString("base64"),
  SSECustomerKeyMD5: createHash("md5").update(CUSTOMER_KEY).digest("base64"),
};
const SMALL = Buffer.from("small body");
const LARGE = randomBytes(200_000);

interface Filled {
  readonly keyId: string;
}

/** Two sizes in each mode, an overwritten version, an upload in the midst. */
async function fill(served: Served): Promise<Filled> {
  const s3 = served.s3();
  const { KeyMetadata } = await served.kms().send(new CreateKeyCommand({}));
  const keyId = KeyMetadata?.KeyId ?? "";
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: "demo", VersioningConfiguration: { Status: "Enabled" } }),
  );
  const modes = {
    s3: {},
    kms: { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyId },
    dsse: { ServerSideEncryption: "aws:kms:dsse", SSEKMSKeyId: keyId },
    ssec: SSEC,
  } as const;
  for (const [mode, headers] of Object.entries(modes)) {
    for (const [size, Body] of [
      ["small", SMALL],
      ["large", LARGE],
    ] as const)
      await s3.send(new PutObjectCommand({ Bucket: "demo", Key: `${mode}/${size}`, Body, ...headers }));
  }
  await s3.send(new PutObjectCommand({ Bucket: "demo", Key: "s3/small", Body: SMALL }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: "demo", Key: "parts" }));
  await s3.send(
    new UploadPartCommand({ Bucket: "demo", Key: "parts", UploadId, PartNumber: 1, Body: SMALL }),
  );
  return { keyId };
}

async function requireAll(s3: S3Client): Promise<void> {
  for (const mode of ["s3", "kms", "dsse", "ssec"]) {
    for (const [size, body] of [
      ["small", SMALL],
      ["large", LARGE],
    ] as const) {
      const headers = mode === "ssec" ? SSEC : {};
      const got = await s3.send(new GetObjectCommand({ Bucket: "demo", Key: `${mode}/${size}`, ...headers }));
      assert.deepEqual(Buffer.from((await got.Body?.transformToByteArray()) ?? []), body, `${mode}/${size}`);
    }
  }
}

async function json(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly report: unknown }> {
  const { code, out, err } = await command([...args, "--json"]);
  assert.equal(err, "");
  return { code, report: JSON.parse(out) };
}

test("verify, uploads, backup beside a server; rewrap and verify without one", async (t) => {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  let served = await serve({ data });
  t.after(() => served.killAll());
  await fill(served);
  const keyFile = join(directory, "customer.key");
  writeFileSync(keyFile, CUSTOMER_KEY, { mode: 0o600 });

  await t.test(
    "without keys: everything is checksummed, and the store's own envelopes are opened",
    async () => {
      const { code, report } = await json(["verify", "--data", data]);
      assert.equal(code, 0);
      const { versions, found } = report as { versions: Record<string, number>; found: number };
      assert.deepEqual(versions, { marker: 0, opened: 3, outer: 2, checksummed: 4, damaged: 0 });
      assert.equal(found, 0);
    },
  );

  await t.test("as a principal and with a customer's key: every segment", async () => {
    const args = ["verify", "--data", data, "--as", "test-root", "--ssec-key", keyFile, "--deep"];
    const { code, report } = await json(args);
    assert.equal(code, 0);
    const { versions } = report as { versions: Record<string, number> };
    assert.deepEqual(versions, { marker: 0, opened: 9, outer: 0, checksummed: 0, damaged: 0 });
    const nobody = await command(["verify", "--data", data, "--as", "nobody"]);
    assert.equal(nobody.code, 2);
    assert.match(nobody.err, /no active access key "nobody"/);
    chmodSync(keyFile, 0o644);
    const open = await command(["verify", "--data", data, "--ssec-key", keyFile]);
    assert.match(open.err, /readable by group or others/);
  });

  await t.test("uploads are listed and aborted", async () => {
    const listed = await command(["uploads", "list", "--data", data, "--bucket", "demo"]);
    assert.match(listed.out, /demo "parts" [0-9a-f]{32}\n1 uploads\./);
    const young = await command(["uploads", "abort", "--data", data, "--older-than", "1h"]);
    assert.match(young.out, /^0 uploads aborted/);
    const dry = await command(["uploads", "abort", "--data", data, "--older-than", "0m", "--dry-run"]);
    assert.match(dry.out, /1 uploads would be aborted/);
    const aborted = await command(["uploads", "abort", "--data", data, "--older-than", "0m"]);
    assert.match(aborted.out, /^1 uploads aborted/);
    const left = await served.s3().send(new ListMultipartUploadsCommand({ Bucket: "demo" }));
    assert.deepEqual(left.Uploads ?? [], []);
    assert.equal((await command(["uploads", "abort", "--data", data])).code, 2);
  });

  await t.test("a backup while a writer runs is a store of its own", async () => {
    const copy = join(directory, "copy");
    let writing = true;
    let written = 0;
    const writer = (async () => {
      const s3 = served.s3();
      for (; writing; written++)
        await s3.send(new PutObjectCommand({ Bucket: "demo", Key: `w/${written}`, Body: LARGE }));
    })();
    // Relative to where the command is typed, not to where the server runs.
    const done = await command(["backup", "copy", "--data", data], {}, directory);
    writing = false;
    await writer;
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /does not hold the root key/);
    assert.ok(!existsSync(join(copy, "root.key")));
    const without = await command([
      "serve",
      "--data",
      copy,
      "--listen",
      "127.0.0.1:0",
      "--admin-listen",
      "127.0.0.1:0",
    ]);
    assert.equal(without.code, 2);
    assert.match(without.err, /no root key/);
    const restored = await serve({ data: copy, args: ["--root-key", `file:${join(data, "root.key")}`] });
    t.after(() => restored.killAll());
    await requireAll(restored.s3());
    const checked = await json(["verify", "--data", copy, "--root-key", `file:${join(data, "root.key")}`]);
    const { findings } = checked.report as { findings: { kind: string }[] };
    // Blobs written after the rows were copied may be in the copy, too: superfluous, never missing.
    assert.deepEqual(
      findings.filter(({ kind }) => kind !== "unreferenced"),
      [],
    );
    await restored.stop();
    const trail = await command([
      "audit",
      "verify",
      "--data",
      copy,
      "--root-key",
      `file:${join(data, "root.key")}`,
    ]);
    assert.equal(trail.code, 0, trail.out);
    assert.ok(written > 0);
  });

  await t.test("a backup into what is no empty directory is refused, in one line", async () => {
    const other = join(directory, "other");
    mkdirSync(other);
    writeFileSync(join(other, "root.key"), "");
    for (const [target, why] of [
      [join(directory, "copy"), /copy is not empty; name a new or an empty directory/],
      [other, /other is not empty/],
      [keyFile, /customer\.key can't be used: ENOTDIR/],
    ] as const) {
      const { code, err } = await command(["backup", target, "--data", data]);
      assert.equal(code, 2);
      assert.match(err, why);
      assert.equal(err.trim().split("\n").length, 1, err);
    }
  });

  await t.test("rewrap without a server: new terms, a new epoch, no old terms", async () => {
    await served.stop();
    const first = await json(["rewrap", "--data", data, "--new-terms", "--remove-old-terms"]);
    const counts = first.report as Record<string, number>;
    assert.equal(first.code, 0);
    assert.ok((counts["records"] ?? 0) > 10 && counts["epochs"] === 1 && counts["materials"] === 1);
    // Tokens that clients hold keep their term.
    assert.equal(counts["removedTerms"], 3);
    const again = (await json(["rewrap", "--data", data])).report as Record<string, number>;
    assert.deepEqual([again["records"], again["epochs"], again["materials"]], [0, 0, 0]);
    const moved = await json(["rewrap", "--data", data, "--bucket", "demo", "--new-epoch"]);
    const { objects = 0 } = moved.report as Record<string, number>;
    assert.ok(objects >= 5);
    assert.equal((await json(["verify", "--data", data])).code, 0);
    served = await serve({ data });
    await requireAll(served.s3());
    const refused = await command(["rewrap", "--data", data, "--remove-old-terms"]);
    assert.match(refused.err, /needs the server stopped/);
  });
});

test("a command that nobody listens to any more ends without a word", async (t) => {
  const served = await serve({ data: temporaryDirectory() });
  t.after(() => served.stop());
  const unheard = async (): Promise<void> => {
    const started = startCommand(["verify", "--data", served.data]);
    started.child.stdout?.destroy();
    assert.equal((await started.ended).code, 1);
    assert.equal(started.err, "");
  };
  await unheard();
  await served.stop();
  await unheard();
});

test("verify and rewrap beside writers: no false alarm, and every version reads", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.stop());
  const s3 = served.s3();
  for (const Bucket of ["plain", "versioned"]) await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: "versioned", VersioningConfiguration: { Status: "Enabled" } }),
  );
  let writing = true;
  const writers = ["plain", "versioned"].map(async (Bucket) => {
    const client = served.s3();
    for (let i = 0; writing; i++) {
      const Key = `k${i % 7}`;
      await client.send(new PutObjectCommand({ Bucket, Key, Body: i % 2 === 0 ? SMALL : LARGE }));
      if (i % 5 === 0) await client.send(new DeleteObjectCommand({ Bucket, Key: `k${(i + 3) % 7}` }));
      if (i % 6 === 0) await upload(client, Bucket, `u${i % 3}`, i % 12 === 0);
    }
  });
  try {
    for (let round = 0; round < 2; round++) {
      const { code, report } = await json(["verify", "--data", data]);
      assert.equal(code, 0, JSON.stringify(report));
    }
    const moved = await json(["rewrap", "--data", data, "--bucket", "versioned", "--new-epoch"]);
    assert.equal(moved.code, 0);
    assert.ok(((moved.report as Record<string, number>)["objects"] ?? 0) > 0);
  } finally {
    writing = false;
    await Promise.all(writers);
  }
  const { code, report } = await json(["verify", "--data", data, "--deep"]);
  assert.equal(code, 0, JSON.stringify(report));
});

async function upload(s3: S3Client, Bucket: string, Key: string, complete: boolean): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: SMALL };
  const { ETag } = await s3.send(new UploadPartCommand(part));
  const Parts = [{ ETag, PartNumber: 1 }];
  if (complete) {
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  } else {
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  }
}

test("verify names what is damaged, missing and unreferenced", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  const s3 = served.s3();
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  for (const key of ["fine", "flipped", "cut", "gone"])
    await s3.send(new PutObjectCommand({ Bucket: "demo", Key: key, Body: randomBytes(key.length * 50_000) }));
  // What waits for its removal, and parts of an open upload, are referred to.
  await s3.send(new PutObjectCommand({ Bucket: "demo", Key: "deleted", Body: randomBytes(700_000) }));
  await s3.send(new DeleteObjectCommand({ Bucket: "demo", Key: "deleted" }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: "demo", Key: "open" }));
  const part = { Bucket: "demo", Key: "open", UploadId, PartNumber: 1, Body: randomBytes(600_000) };
  await s3.send(new UploadPartCommand(part));
  await served.stop();
  const blobs = blobFiles(data);
  const ofSize = (key: string): string => {
    const size = blobs.find((path) => Math.abs(statSync(path).size - key.length * 50_000) < 1000);
    assert.ok(size !== undefined);
    return size;
  };
  const flipped = ofSize("flipped");
  const bytes = readFileSync(flipped);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(flipped, bytes);
  const cut = ofSize("cut");
  writeFileSync(cut, readFileSync(cut).subarray(0, 100_000));
  // "fine" and "gone" have the same size: one of them.
  const gone = blobs.find((path) => statSync(path).size > 190_000 && statSync(path).size < 210_000) ?? "";
  const orphan = gone.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
  renameSync(gone, orphan);
  const { code, report } = await json(["verify", "--data", data]);
  assert.equal(code, 1);
  const { findings } = report as { findings: Record<string, string>[] };
  const texts = findings.map(({ kind, bucket, key, problem }) => `${kind} ${bucket} ${key} ${problem}`);
  assert.equal(findings.length, 4, JSON.stringify(findings));
  assert.ok(texts.some((text) => /version demo flipped .*CRC32C/.test(text)));
  assert.ok(texts.some((text) => /version demo cut /.test(text)));
  assert.ok(
    texts.some((text) => /version demo (fine|gone) .*missing/.test(text)),
    texts.join("\n"),
  );
  const lost = findings.find(({ kind }) => kind === "unreferenced");
  assert.equal(lost?.["id"], orphan.slice(-32));
  const spoken = await command(["verify", "--data", data]);
  assert.equal(spoken.code, 1);
  assert.match(spoken.out, /damaged: object "flipped" in bucket demo/);
  rmSync(orphan);
});

function blobFiles(data: string): string[] {
  const blobs = join(data, "store", "blobs");
  return readdirSync(blobs).flatMap((shard) =>
    readdirSync(join(blobs, shard)).map((name) => join(blobs, shard, name)),
  );
}
