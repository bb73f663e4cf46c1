/** The README's first example runs as it stands there, against the store as `npm start` starts it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { startServer } from "../../../tools/interop/server.ts";
import { ENVELOPE_NAMES } from "../src/envelope/names.ts";
import { readmeCors, readmeExample } from "./readme.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("the ten lines run as written, and the store has ciphertext", async () => {
  const server = await startServer();
  const { accessKeyId, secretAccessKey, endpoint } = server;
  const s3 = new S3Client({ endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey } });
  try {
    await s3.send(new CreateBucketCommand({ Bucket: "docs" }));
    const home = join(server.dir, "example");
    mkdirSync(home);
    symlinkSync(join(ROOT, "node_modules"), join(home, "node_modules"));
    writeFileSync(join(home, "example.mts"), readmeExample("node"));
    const env = { ...server.env, AWS_REGION: "us-east-1" };
    const { stdout } = await promisify(execFile)(process.execPath, [join(home, "example.mts")], { env });
    assert.equal(stdout, "for my eyes only\n");
    const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: "docs", Key: "hello" }));
    const stored = Buffer.from((await Body?.transformToByteArray()) ?? []);
    assert.equal(stored.length, "for my eyes only".length + 16);
    assert.ok(!stored.includes("eyes"));
    assert.ok(Metadata !== undefined && "x-amz-c" in Metadata);
  } finally {
    s3.destroy();
    await server.stop();
  }
});

test("the CORS rules of the README expose all that this client reads", () => {
  const exposed = readmeCors("null").CORSRules?.[0]?.ExposeHeaders ?? [];
  const unread = ["x-amz-unencrypted-content-md5"];
  const missing = [...ENVELOPE_NAMES].filter((name) => !exposed.includes(`x-amz-meta-${name}`));
  assert.deepEqual(missing, unread);
});
