/** The `s3ec` command as a process, against the fake store. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FakeS3 } from "./fake-s3.ts";
import { AES_KEY, client, derived, base64, get, kms, put, V2 } from "./support.ts";
import { rsaPublicPem } from "./rsa-wraps.ts";

let fake: FakeS3;
let dir: string;
before(async () => {
  fake = await new FakeS3().listen();
  dir = mkdtempSync(join(tmpdir(), "s3ec-"));
  writeFileSync(join(dir, "key"), AES_KEY, { mode: 0o600 });
  writeFileSync(join(dir, "key.hex"), Buffer.alloc(32, 9).toString("hex"), { mode: 0o600 });
  writeFileSync(join(dir, "pub.pem"), rsaPublicPem());
});
after(async () => {
  rmSync(dir, { recursive: true });
  await fake.close();
});

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function s3ec(args: readonly string[], input?: string | Uint8Array): Promise<Result> {
  const bin = new URL("../bin/s3ec.js", import.meta.url).pathname;
  const connection = ["--endpoint-url", fake.endpoint, "--region", "us-east-1", "--path-style"];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const child = spawn(process.execPath, [bin, ...args, ...connection], { env });
  child.stdin.end(input);
  const [out, err]: string[][] = [[], []];
  child.stdout.on("data", (chunk) => out?.push(String(chunk)));
  child.stderr.on("data", (chunk) => err?.push(String(chunk)));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, out: (out ?? []).join(""), err: (err ?? []).join("") }));
  });
}
const key = (): string[] => ["--aes-key-file", join(dir, "key")];

test("put, cat, cat --range, get and inspect, from a file and from standard input", async () => {
  const file = join(dir, "plain");
  writeFileSync(file, "command line");
  assert.equal((await s3ec(["put", file, "s3://b/cli", "--content-type", "text/plain", ...key()])).code, 0);
  assert.equal(fake.get("cli").headers["content-type"], "text/plain");
  assert.equal((await s3ec(["cat", "s3://b/cli", ...key()])).out, "command line");
  assert.equal((await s3ec(["cat", "s3://b/cli", "--range", "8-11", ...key()])).out, "line");
  assert.equal((await s3ec(["get", "s3://b/cli", join(dir, "out"), ...key()])).code, 0);
  assert.equal(readFileSync(join(dir, "out"), "utf8"), "command line");
  const shown = await s3ec(["inspect", "s3://b/cli"]);
  assert.match(shown.out, /format +V3/);
  assert.equal(JSON.parse((await s3ec(["inspect", "s3://b/cli", "--json"])).out).plaintextLength, 12);
  const big = Buffer.alloc(20_000_000, "abc");
  assert.equal((await s3ec(["put", "-", "s3://b/big", ...key()], big)).code, 0);
  assert.ok((await get(client(fake), "big")).equals(big));
});

test("get leaves no file when the object was changed; keys must be private and given", async () => {
  await put(client(fake), "bad", "x".repeat(1000));
  const { body } = fake.get("bad");
  body[999] = (body[999] ?? 0) ^ 1;
  const path = join(dir, "never");
  const result = await s3ec(["get", "s3://b/bad", path, ...key()]);
  assert.equal(result.code, 1);
  assert.match(result.err, /SecurityError/);
  assert.ok(!existsSync(path) && !readdirSync(dir).some((name) => name.endsWith(".part")));
  assert.match((await s3ec(["cat", "s3://b/bad"])).err, /give a key/);
  for (const mode of [0o644, 0o660]) {
    chmodSync(join(dir, "key"), mode);
    assert.match((await s3ec(["cat", "s3://b/bad", ...key()])).err, /chmod 600.*defaultMode 0400/);
  }
  chmodSync(join(dir, "key"), 0o600);
  assert.notEqual((await s3ec(["cat", "nonsense", ...key()])).code, 0);
});

test("rewrap gives the instruction file a new key, and a partner one of their own", async () => {
  await put(client(fake, { writeInstructionFiles: true }), "f", "shared");
  const change = ["--new-description", "g=2"];
  const partner = ["--new-rsa-public-key-file", join(dir, "pub.pem"), "--new-suffix", "partner"];
  assert.equal((await s3ec(["rewrap", "s3://b/f", ...key(), ...partner, ...change])).out, "f.partner\n");
  const rotate = ["--new-aes-key-file", join(dir, "key.hex"), "--enforce-rotation", ...change];
  assert.equal((await s3ec(["rewrap", "s3://b/f", ...key(), ...rotate])).code, 0);
  assert.equal((await s3ec(["cat", "s3://b/f", "--aes-key-file", join(dir, "key.hex")])).out, "shared");
  assert.equal((await s3ec(["cat", "s3://b/f", ...key()])).code, 1);
});

test("what a store says of an object does not reach the terminal's controls", async () => {
  const v1 = derived.objects.find((v: { id: string }) => v.id === "v1-aes-ecb-cbc");
  const description = { a: "\u009b2J\u2028\u202e" };
  const matdesc = String.raw`{"a":"\u009b2J\u2028\u202e"}`;
  fake.put("controls", base64(v1.ciphertextBase64), { ...v1.objectMetadata, "x-amz-matdesc": matdesc });
  const [text, json] = [
    await s3ec(["inspect", "s3://b/controls"]),
    await s3ec(["inspect", "s3://b/controls", "--json"]),
  ];
  assert.ok(text.out.includes(matdesc), text.out + text.err);
  assert.ok(json.out.includes(matdesc), json.out + json.err);
  assert.deepEqual(JSON.parse(json.out).description, description);
});

test("migrate: dry run, then for real, then nothing left to do; resumes from its state file", async () => {
  fake.objects.clear();
  const expires = new Date(Date.UTC(2040, 1, 3));
  const kept = {
    Metadata: { mine: "1" },
    ContentType: "text/x",
    Expires: expires,
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: "server-key",
    BucketKeyEnabled: true,
  };
  await put(client(fake, V2), "m/v2", "two", {}, kept);
  await put(client(fake, { ...V2, writeInstructionFiles: true }), "m/file", "file");
  await put(client(fake), "m/v3", "three");
  fake.put("m/plain", Buffer.from("plain"));
  const v1 = derived.objects.find((v: { id: string }) => v.id === "v1-aes-ecb-cbc");
  fake.put("m/v1", base64(v1.ciphertextBase64), v1.objectMetadata);
  const args = ["migrate", "s3://b/m/", ...key(), "--state", join(dir, "state")];
  const dry = await s3ec([...args, "--dry-run"]);
  assert.deepEqual(JSON.parse(dry.out), { migrated: 3, current: 1, plain: 2, failed: 0 });
  assert.equal(fake.get("m/v2").metadata["x-amz-c"], undefined);
  const real = await s3ec(args);
  assert.deepEqual(JSON.parse(real.out), { migrated: 3, current: 1, plain: 2, failed: 0 });
  for (const [name, text] of [
    ["v2", "two"],
    ["file", "file"],
    ["v1", derived.plaintexts.plaintext],
  ])
    assert.equal((await get(client(fake), `m/${name}`)).toString(), text);
  assert.equal(fake.get("m/v2").metadata.mine, "1");
  const { headers } = fake.get("m/v2");
  assert.equal(headers["content-type"], "text/x");
  assert.equal(headers["expires"], expires.toUTCString());
  assert.equal(headers["x-amz-server-side-encryption"], "aws:kms");
  assert.equal(headers["x-amz-server-side-encryption-aws-kms-key-id"], "server-key");
  assert.equal(headers["x-amz-server-side-encryption-bucket-key-enabled"], "true");
  assert.ok(!fake.objects.has("b/m/file.instruction"));
  fake.put("m/later", Buffer.from("plain"));
  assert.deepEqual(JSON.parse((await s3ec(args)).out), { migrated: 0, current: 0, plain: 1, failed: 0 });
});

test("migrate carries a KMS context over, and a failing object stops no other", async () => {
  fake.objects.clear();
  const keyring = kms(fake);
  await put(client(fake, { keyring, ...V2 }), "m/a", "one", { encryptionContext: { tenant: "t" } });
  await put(client(fake, { keyring, ...V2 }), "m/b", "two");
  fake.get("m/b").body.fill(0);
  const args = [
    "migrate",
    "s3://b/m/",
    "--kms-key-id",
    "test-key",
    "--kms-endpoint-url",
    `${fake.endpoint}/kms`,
  ];
  const result = await s3ec(args);
  assert.equal(result.code, 1);
  assert.deepEqual(JSON.parse(result.out), { migrated: 1, current: 0, plain: 0, failed: 1 });
  assert.equal(
    (await get(client(fake, { keyring }), "m/a", { encryptionContext: { tenant: "t" } })).toString(),
    "one",
  );
});
