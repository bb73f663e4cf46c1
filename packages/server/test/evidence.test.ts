/** Key reports, inventories, the destruction of a KMS key and its certificate, over real processes. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { constants, publicEncrypt, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DeleteImportedKeyMaterialCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UpdateObjectEncryptionCommand,
} from "@aws-sdk/client-s3";
import { loadSettings } from "../src/app/config.ts";
import { type Engine, openEngine } from "../src/app/engine.ts";
import type { KeyReport } from "../src/app/evidence/key-report.ts";
import { parseAccountId } from "../src/base/ids.ts";
import { destroyDue } from "../src/kms/deletion.ts";
import { command, serve, type Served, temporaryDirectory, until } from "./serve.ts";

const HOLDER = join(import.meta.dirname, "crash/holder.ts");
const DESTROYER = join(import.meta.dirname, "crash/destroyer.ts");
const ALIASES = 40;

interface Keys {
  readonly keyId: string;
  readonly keyArn: string;
  readonly other: string;
}

/** Under the key: two versions before its rotation, three after it, an upload; one more was moved away, one moved to it. */
async function fill(served: Served): Promise<Keys> {
  const [s3, kms] = [served.s3(), served.kms()];
  const made = (await kms.send(new CreateKeyCommand({}))).KeyMetadata;
  const [keyId, keyArn] = [made?.KeyId ?? "", made?.Arn ?? ""];
  const second = (await kms.send(new CreateKeyCommand({}))).KeyMetadata;
  const [other, otherArn] = [second?.KeyId ?? "", second?.Arn ?? ""];
  for (let i = 0; i < ALIASES; i++)
    await kms.send(new CreateAliasCommand({ AliasName: `alias/of-${i}`, TargetKeyId: keyId }));
  await kms.send(
    new CreateGrantCommand({
      KeyId: keyId,
      GranteePrincipal: "arn:aws:iam::000000000000:root",
      Operations: ["Decrypt"],
    }),
  );
  const put = (Key: string, headers: object, size = 10, Bucket = "demo") =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(size), ...headers }));
  const under = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyId } as const;
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  await s3.send(new CreateBucketCommand({ Bucket: "side" }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: "demo", VersioningConfiguration: { Status: "Enabled" } }),
  );
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: "side",
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/of-3" },
          },
        ],
      },
    }),
  );
  await put('a,"b"', under, 100);
  await put("two", under, 200_000);
  await kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }));
  await put("two", { ...under, BucketKeyEnabled: true }, 30);
  await put("dsse", { ServerSideEncryption: "aws:kms:dsse", SSEKMSKeyId: keyId }, 40);
  await put("of-default", {}, 5, "side");
  await put("plain", {}, 7);
  await put("gone", {}, 7);
  await s3.send(new DeleteObjectCommand({ Bucket: "demo", Key: "gone" }));
  await put("moved-away", under, 1000);
  const move = (Key: string, KMSKeyArn: string) =>
    s3.send(
      new UpdateObjectEncryptionCommand({ Bucket: "demo", Key, ObjectEncryption: { SSEKMS: { KMSKeyArn } } }),
    );
  await move("moved-away", otherArn);
  await put("moved-here", {}, 2000);
  await move("moved-here", keyArn);
  await s3.send(new CreateMultipartUploadCommand({ Bucket: "demo", Key: "parts", ...under }));
  return { keyId, keyArn, other };
}

async function report(data: string, key: string): Promise<KeyReport> {
  const { code, out, err } = await command(["key", "report", key, "--data", data, "--json"]);
  assert.equal(code, 0, err);
  return JSON.parse(out) as KeyReport;
}

/** The store as another process has it. */
async function withEngine(data: string, use: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await openEngine(
    loadSettings({ flags: { data }, env: {} }),
    { log: { info() {}, warn() {}, error() {} }, kmsCall() {}, onFatal: (cause) => assert.fail(cause) },
    false,
  );
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}

/** As if the waiting period had passed. */
async function makeDue({ kms, clock }: Engine, keyId: string): Promise<void> {
  const before = await kms.rows.keyEvenDestroying(parseAccountId("000000000000"), keyId);
  assert.ok(before?.value.state.kind === "PendingDeletion");
  const state = { ...before.value.state, deletionMs: clock.now() - 1000 };
  assert.ok(await kms.rows.commit({ keys: [{ before, after: { ...before.value, state } }] }));
}

test("a key's dependents, its destruction through kill -9, and the certificate", async (t) => {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  let served = await serve({ data, args: ["--workers", "2"] });
  t.after(() => served.killAll());
  const { keyId, keyArn } = await fill(served);
  const file = join(directory, "erasure.json");
  let publicKey = "";

  await t.test("the report counts by mode, material version and bucket", async () => {
    const { key, dependents: d, coverage, principals, users, lastUse, warnings } = await report(data, keyId);
    assert.equal(key.arn, keyArn);
    assert.equal(key.state, "Enabled");
    assert.equal(key.aliases.length, ALIASES);
    const { versions, current, bytes, sseKms, dsseKms, bucketKey, uploads, formerly } = d;
    assert.deepEqual(
      { versions, current, bytes, sseKms, dsseKms, bucketKey, uploads, formerly },
      {
        versions: 6,
        current: 5,
        bytes: 100 + 200_000 + 30 + 40 + 5 + 2000,
        sseKms: 5,
        dsseKms: 1,
        bucketKey: 1,
        uploads: 1,
        formerly: 1,
      },
    );
    assert.deepEqual(
      d.materials.map((m) => [m.version, m.state, m.versions, m.uploads]),
      [
        [1, "NON_CURRENT", 2, 0],
        [2, "CURRENT", 4, 1],
      ],
    );
    assert.deepEqual(
      d.buckets.map((b) => [b.name, b.versions, b.uploads, b.formerly]),
      [
        ["demo", 5, 1, 1],
        ["side", 1, 0, 0],
      ],
    );
    assert.deepEqual(d.defaultOfBuckets, ["side"]);
    assert.deepEqual(d.alsoOpenedBy, [{ key: "SSE-S3", versions: 1 }]);
    // Nine versions and a delete marker.
    assert.deepEqual([coverage.versionsRead, coverage.uploadsRead, coverage.rowsUnreadable], [10, 1, 0]);
    assert.deepEqual(principals.keyPolicy, ["arn:aws:iam::000000000000:root"]);
    assert.equal(principals.grants[0]?.principal, "arn:aws:iam::000000000000:root");
    const [user] = users.used;
    assert.equal(user?.principal, "arn:aws:iam::000000000000:root");
    assert.ok((user.operations["PutObject"] ?? 0) >= 5, JSON.stringify(user.operations));
    assert.ok((user.operations["GenerateDataKey"] ?? 0) >= 1);
    assert.equal("EnableKeyRotation" in user.operations, false);
    assert.ok(Date.parse(user.last) >= Date.parse(user.first));
    assert.deepEqual([users.usedByInAll, users.refused, users.coverage.recording], [1, [], true]);
    assert.ok(Date.parse(users.coverage.from ?? "") <= Date.parse(user.first));
    assert.equal(warnings.length, 2, warnings.join("\n"));
    assert.ok(lastUse === null || lastUse.operation !== "");
    assert.equal((await report(data, "alias/of-7")).key.arn, keyArn);
    assert.equal((await command(["key", "report", "alias/none", "--data", data])).code, 2);
  });

  await t.test("the inventory lists every version, as CSV and as JSON", async () => {
    const csv = await command(["inventory", "--data", data]);
    assert.equal(csv.code, 0, csv.err);
    const [head = "", ...lines] = csv.out.trimEnd().split("\n");
    assert.match(
      head,
      /^"Bucket","Key","VersionId","IsLatest","IsDeleteMarker","Size","LastModifiedDate","ETag"/,
    );
    assert.equal(lines.length, 10);
    assert.ok(lines.some((line) => line.startsWith('"demo","a%2C%22b%22",')));
    const json = await command(["inventory", "--json", "--bucket", "demo", "--data", data]);
    const rows = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(rows.length, 9);
    const of = (key: string) => rows.filter(({ Key }) => Key === key);
    const [now, before] = of("two");
    assert.equal(now?.["EncryptionStatus"], "SSE-KMS");
    assert.equal(now["BucketKeyStatus"], "ENABLED");
    assert.equal(now["StrongroomKmsKeyArn"], keyArn);
    assert.equal(now["StrongroomKeyMaterialVersion"], 2);
    assert.equal(before?.["StrongroomKeyMaterialVersion"], 1);
    assert.deepEqual(
      [before["IsLatest"], before["BucketKeyStatus"], before["Size"]],
      [false, "DISABLED", 200_000],
    );
    assert.match(String(before["StrongroomKeyMaterialId"]), /^[0-9a-f]{64}$/);
    assert.equal(of("dsse")[0]?.["EncryptionStatus"], "DSSE-KMS");
    assert.equal(of("plain")[0]?.["EncryptionStatus"], "SSE-S3");
    assert.equal(of("moved-away")[0]?.["StrongroomFormerKeys"], keyArn);
    assert.deepEqual(
      of("gone").map((row) => [row["IsDeleteMarker"], row["IsLatest"]]),
      [
        [true, true],
        [false, false],
      ],
    );
    const path = join(directory, "inventory.csv");
    const written = await command(["inventory", "--out", "inventory.csv", "--data", data], {}, directory);
    assert.match(written.out, /10 versions and delete markers/);
    assert.equal(readFileSync(path, "utf8"), csv.out);
  });

  await t.test("scheduling shows in report, log and metrics; nothing is certified yet", async () => {
    await served.kms().send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    const { key, warnings } = await report(data, keyId);
    assert.equal(key.state, "PendingDeletion");
    assert.equal(key.scheduled?.by, "arn:aws:iam::000000000000:root");
    assert.ok(warnings.some((w) => /6 versions and 1 uploads in progress can never be read again/.test(w)));
    const text = await command(["key", "report", keyId, "--data", data]);
    assert.match(text.out, /^deletion date 2/m);
    assert.match(text.out, /^WARNING: After .* can never be read again/m);
    assert.match(served.err, /a KMS key is scheduled for deletion/);
    const { body } = await served.admin("/metrics");
    assert.match(body, /strongroom_kms_key_deletions_total\{event="scheduled"\} 1/);
    const early = await command(["key", "certificate", keyId, "--data", data, "--out", file]);
    assert.equal(early.code, 1);
    assert.match(early.err, /is not destroyed; it is PendingDeletion, due 2/);
    assert.ok(!existsSync(file));
  });

  await t.test("killed anywhere in the destruction: no half state, and the next start ends it", async () => {
    await served.stop();
    await withEngine(data, (engine) => makeDue(engine, keyId));
    // Five commits: the mark, the grants, three batches of aliases and material. Killed before one, and while one is on its way.
    for (const when of ["before", "during", "before"]) {
      const { signal } = spawnSync(process.execPath, [DESTROYER, data, when === "before" ? "1" : "0", when]);
      assert.equal(signal, "SIGKILL");
      const { code, out } = await command(["verify", "--data", data]);
      assert.equal(code, 0, out);
    }
    served = await serve({ data, args: ["--workers", "2"] });
    await until("the destruction", async () => {
      const { code } = await command(["key", "certificate", keyId, "--data", data]);
      return code === 0;
    });
    await assert.rejects(served.s3().send(new GetObjectCommand({ Bucket: "demo", Key: "dsse" })), {
      name: "KMS.NotFoundException",
    });
    assert.equal((await command(["verify", "--data", data])).code, 0);
  });

  await t.test("the certificate says what was destroyed, and is checked without the store", async () => {
    await until("the count", async () => {
      const { out } = await command(["key", "certificate", keyId, "--data", data]);
      const { certificate } = JSON.parse(out) as { certificate: { dependents: unknown } };
      return certificate.dependents !== null;
    });
    const made = await command(
      ["key", "certificate", keyId, "--data", data, "--out", "erasure.json"],
      {},
      directory,
    );
    assert.equal(made.code, 0, made.err);
    publicKey = (await command(["key", "public-key", "--data", data])).out.trim();
    assert.match(publicKey, /^1:[A-Za-z0-9+/]{43}=$/);
    const check = ["key", "verify-certificate", "erasure.json", "--public-key", publicKey];
    // No store there: neither --data nor a default directory.
    const json = await command([...check, "--json"], {}, directory);
    assert.equal(json.code, 0, json.err);
    const { certificate: c } = JSON.parse(json.out) as {
      certificate: Record<string, Record<string, unknown>>;
    };
    assert.equal(c["key"]?.["arn"], keyArn);
    assert.equal((c["key"]["aliases"] as unknown[]).length, ALIASES);
    assert.equal(c["key"]["grants"], 1);
    assert.equal((c["materials"] as unknown as unknown[]).length, 2);
    assert.equal(c["scheduled"]?.["by"], "arn:aws:iam::000000000000:root");
    assert.equal(c["dependents"]?.["versions"], 6);
    assert.equal(c["dependents"]["formerlyOpened"], 1);
    assert.deepEqual(c["check"], { rowsLeft: 0, domainTermsLeft: [1] });
    const text = await command(check, {}, directory);
    assert.match(text.out, /^VALID: /);
    assert.match(text.out, /Backups, snapshots and copies/);
    assert.match(text.out, /^ {2}demo: 5 versions/m);
  });

  await t.test("a changed one, another store's key and none at all are refused", async () => {
    const changed = readFileSync(file, "utf8").replace('"versions": 6', '"versions": 0');
    writeFileSync(join(directory, "changed.json"), changed);
    const verify = (name: string, ...more: string[]) =>
      command(["key", "verify-certificate", name, ...more], {}, directory);
    const forged = await verify("changed.json", "--public-key", publicKey);
    assert.equal(forged.code, 1);
    assert.match(forged.err, /INVALID: its signature does not fit/);
    const foreign = await verify("erasure.json", "--public-key", `1:${randomBytes(32).toString("base64")}`);
    assert.equal(foreign.code, 1);
    assert.match(foreign.err, /another key than the one given/);
    assert.equal((await verify("erasure.json")).code, 2);
  });

  await t.test("after the domain key's old terms are gone, the certificate says so", async () => {
    await served.stop();
    const rewrapped = await command(["rewrap", "--data", data, "--new-terms", "--remove-old-terms"]);
    assert.equal(rewrapped.code, 0, rewrapped.err);
    const { out } = await command(["key", "certificate", keyId, "--data", data]);
    const { certificate } = JSON.parse(out) as { certificate: { check: unknown } };
    assert.deepEqual(certificate.check, { rowsLeft: 0, domainTermsLeft: [] });
    const { key, dependents } = await report(data, keyArn);
    assert.equal(key.state, "Destroyed");
    assert.equal(dependents.versions, 6);
  });
});

test("what one process destroys leaves the memory of another soon", async (t) => {
  const data = join(temporaryDirectory(), "data");
  const served = await serve({ data });
  t.after(() => served.killAll());
  const { KeyMetadata } = await served.kms().send(new CreateKeyCommand({}));
  const keyId = KeyMetadata?.KeyId ?? "";
  const holder = spawn(process.execPath, [HOLDER, data, keyId], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => holder.kill("SIGKILL"));
  let said = "";
  holder.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await until("the key in memory", () => said.endsWith("held 1 1\n"));
  await served.kms().send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
  await withEngine(data, async (engine) => {
    await makeDue(engine, keyId);
    assert.ok(said.endsWith("held 1 1\n"));
    assert.equal(await destroyDue(engine.kms, engine.clock.now()), 1);
    // Within two seconds on a quiet machine.
    await until("nothing in memory", () => said.endsWith("held 0 0\n"), 10_000);
  });
});

/** A key whose imported material is deleted, and the key scheduled. */
async function fillImported(served: Served): Promise<string> {
  const kms = served.kms();
  const KeyId = (await kms.send(new CreateKeyCommand({ Origin: "EXTERNAL" }))).KeyMetadata?.KeyId ?? "";
  const parameters = await kms.send(
    new GetParametersForImportCommand({
      KeyId,
      WrappingAlgorithm: "RSAES_OAEP_SHA_256",
      WrappingKeySpec: "RSA_2048",
    }),
  );
  const key = {
    key: Buffer.from(parameters.PublicKey ?? []),
    format: "der" as const,
    type: "spki" as const,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: "sha256",
  };
  await kms.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: publicEncrypt(key, randomBytes(32)),
      ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }),
  );
  await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  return KeyId;
}

test("a certificate names the terms that may open imported material which went before the key", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.killAll());
  const keyId = await fillImported(served);
  await served.stop();
  await withEngine(data, async (engine) => {
    await makeDue(engine, keyId);
    assert.equal(await destroyDue(engine.kms, engine.clock.now()), 1);
  });
  const termsLeft = async (): Promise<unknown> => {
    const { code, out, err } = await command(["key", "certificate", keyId, "--data", data]);
    assert.equal(code, 0, err);
    const { certificate } = JSON.parse(out) as {
      certificate: {
        check: { domainTermsLeft: unknown };
        materials: readonly { wrappedUnderTerm: number | null }[];
      };
    };
    assert.deepEqual(
      certificate.materials.map((m) => m.wrappedUnderTerm),
      [null],
    );
    return certificate.check.domainTermsLeft;
  };
  assert.deepEqual(await termsLeft(), [1]);
  assert.equal((await command(["rewrap", "--new-terms", "--data", data])).code, 0);
  assert.deepEqual(await termsLeft(), [1], "a later term never held it");
  assert.equal((await command(["rewrap", "--remove-old-terms", "--data", data])).code, 0);
  assert.deepEqual(await termsLeft(), []);
});
