/**
 * What people use, unchanged, in every encryption mode that the program can express; bytes compared. A program that is
 * missing fails the run: a green result means that it was there.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KMSClient, CreateKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  S3Client,
  type ServerSideEncryption,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { runAnsible } from "./ansible.ts";
import { runTutorial } from "../tutorial.ts";
import { cloudTrail } from "./cloudtrail.ts";
import { REGION, type Server } from "./server.ts";
import { assertSameFile, assertSameTree, Failed, makeTree, run, runFailing, writeFile } from "./shell.ts";

export interface Context {
  readonly server: Server;
  readonly s3: S3Client;
  /** ARN of a customer-managed key. */
  readonly kmsKey: string;
  /** A new bucket, with a default encryption where one is given. */
  bucket(algorithm?: ServerSideEncryption): Promise<string>;
  /** A folder of `files` files, made once. */
  tree(files: number): string;
  /** A fresh path in the scratch space. */
  path(name: string): string;
}

export interface Suite {
  readonly name: string;
  run(context: Context): Promise<void>;
}

export async function makeContext(server: Server): Promise<Context> {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  const options = { endpoint: server.endpoint, region: REGION, credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const kms = new KMSClient(options);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const kmsKey = KeyMetadata?.Arn ?? "";
  const trees = new Map<number, string>();
  let count = 0;
  return {
    server,
    s3,
    kmsKey,
    async bucket(algorithm) {
      const Bucket = `interop-${++count}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      if (algorithm !== undefined) {
        const key = algorithm === "AES256" ? {} : { KMSMasterKeyID: kmsKey };
        const rule = {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, ...key },
          BucketKeyEnabled: algorithm === "aws:kms",
        };
        await s3.send(
          new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
        );
      }
      return Bucket;
    },
    tree(files) {
      let path = trees.get(files);
      if (path === undefined) {
        path = join(server.dir, `tree-${files}`);
        makeTree(path, files);
        trees.set(files, path);
      }
      return path;
    },
    path: (name) => join(server.dir, `${++count}-${name}`),
  };
}

async function assertMode(
  c: Context,
  Bucket: string,
  Key: string,
  mode: ServerSideEncryption,
): Promise<void> {
  const head = await c.s3.send(new HeadObjectCommand({ Bucket, Key }));
  if (head.ServerSideEncryption !== mode)
    throw new Failed(`${Key} is ${head.ServerSideEncryption}, not ${mode}`);
}

const sync = (
  name: string,
  files: number,
  bucketMode: ServerSideEncryption | undefined,
  flags: (c: Context) => string[],
): Suite => ({
  name: `aws s3 sync, ${name}`,
  async run(c) {
    const { env } = c.server;
    const bucket = await c.bucket(bucketMode);
    const tree = c.tree(files);
    const back = c.path("back");
    await run("aws", ["s3", "sync", "--only-show-errors", tree, `s3://${bucket}/t`, ...flags(c)], env);
    const ssec = flags(c).includes("--sse-c") ? flags(c) : [];
    await run("aws", ["s3", "sync", "--only-show-errors", `s3://${bucket}/t`, back, ...ssec], env);
    assertSameTree(tree, back);
    const again = await run("aws", ["s3", "sync", tree, `s3://${bucket}/t`, ...flags(c)], env);
    if (again.includes("upload:")) throw new Failed("a second sync found something to do");
  },
});

const ssecKey = (c: Context): string => writeFile(join(c.server.dir, "ssec.key"), Buffer.alloc(32, 7));

const awsCopy: Suite = {
  name: "aws s3 cp and s3api, every mode and between modes",
  async run(c) {
    const { env } = c.server;
    const bucket = await c.bucket();
    const big = writeFile(c.path("big.bin"), randomBytes(21 * 1024 ** 2 + 3));
    const key = ssecKey(c);
    const ssec = ["--sse-c", "AES256", "--sse-c-key", `fileb://${key}`];
    const cp = async (from: string, to: string, ...flags: string[]): Promise<string> =>
      run("aws", ["s3", "cp", "--only-show-errors", from, to, ...flags], env);
    await cp(big, `s3://${bucket}/s3`, "--sse", "AES256");
    await cp(big, `s3://${bucket}/kms`, "--sse", "aws:kms", "--sse-kms-key-id", c.kmsKey);
    await cp(big, `s3://${bucket}/c`, ...ssec);
    await run(
      "aws",
      [
        "s3api",
        "put-object",
        "--bucket",
        bucket,
        "--key",
        "dsse",
        "--body",
        big,
        "--server-side-encryption",
        "aws:kms:dsse",
        "--ssekms-key-id",
        c.kmsKey,
      ],
      env,
    );
    for (const [name, mode] of [
      ["s3", "AES256"],
      ["kms", "aws:kms"],
      ["dsse", "aws:kms:dsse"],
    ] as const) {
      await assertMode(c, bucket, name, mode);
      const out = c.path("out");
      await cp(`s3://${bucket}/${name}`, out);
      assertSameFile(big, out);
    }
    await runFailing("aws", ["s3", "cp", `s3://${bucket}/c`, c.path("no")], env, "(400)");
    const copySource = ["--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", `fileb://${key}`];
    await cp(
      `s3://${bucket}/c`,
      `s3://${bucket}/c2kms`,
      ...copySource,
      "--sse",
      "aws:kms",
      "--sse-kms-key-id",
      c.kmsKey,
    );
    await cp(`s3://${bucket}/kms`, `s3://${bucket}/kms2c`, ...ssec);
    for (const [name, flags] of [
      ["c", ssec],
      ["c2kms", []],
      ["kms2c", ssec],
    ] as const) {
      const out = c.path("out");
      await cp(`s3://${bucket}/${name}`, out, ...flags);
      assertSameFile(big, out);
    }
  },
};

const restic = (mode: ServerSideEncryption | undefined): Suite => ({
  name: `restic, ${mode ?? "default"}`,
  async run(c) {
    const bucket = await c.bucket(mode);
    const env = {
      ...c.server.env,
      RESTIC_REPOSITORY: `s3:${c.server.endpoint}/${bucket}/repo`,
      RESTIC_PASSWORD: "interop",
      RESTIC_CACHE_DIR: c.path("cache"),
    };
    const tree = c.tree(600);
    const back = c.path("back");
    await run("restic", ["init"], env);
    await run("restic", ["backup", "."], env, tree);
    await run("restic", ["check", "--read-data"], env);
    await run("restic", ["restore", "latest", "--target", back], env);
    assertSameTree(tree, back);
  },
});

const rclone = (name: string, flags: (c: Context) => readonly string[]): Suite => ({
  name: `rclone, ${name}`,
  async run(c) {
    const { server } = c;
    const bucket = await c.bucket();
    const common = [
      "--config=/dev/null",
      "--s3-provider=Other",
      `--s3-region=${REGION}`,
      // Customer keys go over TLS only, says rclone.
      `--s3-endpoint=${server.endpointTls}`,
      `--ca-cert=${server.caCert}`,
      `--s3-access-key-id=${server.accessKeyId}`,
      `--s3-secret-access-key=${server.secretAccessKey}`,
      "--s3-upload-cutoff=5M",
      "--s3-chunk-size=5M",
      ...flags(c),
    ];
    const tree = c.tree(600);
    const back = c.path("back");
    await run("rclone", ["sync", tree, `:s3:${bucket}/t`, ...common], server.env);
    await run("rclone", ["check", "--download", tree, `:s3:${bucket}/t`, ...common], server.env);
    await run("rclone", ["copy", `:s3:${bucket}/t`, `:s3:${bucket}/copied`, ...common], server.env);
    await run("rclone", ["sync", `:s3:${bucket}/copied`, back, ...common], server.env);
    assertSameTree(tree, back);
  },
});

const s3cmd: Suite = {
  name: "s3cmd, default and KMS, multipart",
  async run(c) {
    const { server } = c;
    const bucket = await c.bucket();
    const host = new URL(server.endpoint).host;
    const config = writeFile(
      c.path("s3cmd.cfg"),
      `[default]\naccess_key = ${server.accessKeyId}\nsecret_key = ${server.secretAccessKey}\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\n`,
    );
    const big = writeFile(c.path("big.bin"), randomBytes(17 * 1024 ** 2 + 5));
    for (const [key, flags] of [
      ["plain", []],
      ["kms", ["--server-side-encryption", `--server-side-encryption-kms-id=${c.kmsKey}`]],
    ] as const) {
      await run(
        "s3cmd",
        ["-c", config, "put", "--multipart-chunk-size-mb=5", ...flags, big, `s3://${bucket}/${key}`],
        server.env,
      );
      await run(
        "s3cmd",
        ["-c", config, "cp", `s3://${bucket}/${key}`, `s3://${bucket}/${key}-copy`],
        server.env,
      );
      const out = c.path("out");
      await run("s3cmd", ["-c", config, "get", `s3://${bucket}/${key}-copy`, out], server.env);
      assertSameFile(big, out);
    }
  },
};

const sdkMultipart: Suite = {
  name: "AWS SDK for JavaScript, multipart in every mode",
  async run(c) {
    const Bucket = await c.bucket();
    const body = randomBytes(16 * 1024 ** 2 + 1);
    const customer = {
      SSECustomerAlgorithm: "AES256",
      SSECustomerKey: Buffer.alloc(32, 9).toString("base64"),
      SSECustomerKeyMD5: "",
    };
    const { createHash } = await import("node:crypto");
    customer.SSECustomerKeyMD5 = createHash("md5").update(Buffer.alloc(32, 9)).digest("base64");
    const modes: readonly (readonly [string, object, object])[] = [
      ["default", {}, {}],
      ["kms", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: c.kmsKey }, {}],
      ["bucket-key", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: c.kmsKey, BucketKeyEnabled: true }, {}],
      ["dsse", { ServerSideEncryption: "aws:kms:dsse", SSEKMSKeyId: c.kmsKey }, {}],
      ["ssec", customer, customer],
    ];
    for (const [Key, write, read] of modes) {
      const params = { Bucket, Key, Body: body, ...write };
      await new Upload({ client: c.s3, params, partSize: 5 * 1024 ** 2, queueSize: 4 }).done();
      const got = await c.s3.send(new GetObjectCommand({ Bucket, Key, ...read }));
      const bytes = (await got.Body?.transformToByteArray()) ?? new Uint8Array();
      if (Buffer.compare(bytes, body) !== 0) throw new Failed(`${Key} came back changed`);
      const part = await c.s3.send(
        new GetObjectCommand({ Bucket, Key, Range: "bytes=5242870-10485770", ...read }),
      );
      const slice = (await part.Body?.transformToByteArray()) ?? new Uint8Array();
      if (Buffer.compare(slice, body.subarray(5242870, 10485771)) !== 0)
        throw new Failed(`a range of ${Key} came back changed`);
    }
  },
};

const boto3: Suite = {
  name: "boto3: S3 in every mode, KMS, presigned",
  run: async (c) =>
    void (await run(
      "python3",
      [join(import.meta.dirname, "boto3_suite.py"), await c.bucket(), c.kmsKey],
      c.server.env,
    )),
};

const kmsChecklist: Suite = {
  name: "boto3: the key service's checklist",
  run: async (c) =>
    void (await run(
      "python3",
      [join(import.meta.dirname, "kms_checklist.py"), await c.bucket(), join(c.server.dir, "data")],
      c.server.env,
    )),
};

const ansible: Suite = {
  name: "Ansible: keys, identities and buckets; a second run changes nothing",
  run: (c) => runAnsible(c.server),
};

const curl: Suite = {
  name: "curl --aws-sigv4, an independent signer",
  async run(c) {
    const { server } = c;
    const bucket = await c.bucket();
    const file = writeFile(c.path("f"), randomBytes(3_000_000));
    const sign = [
      "-sS",
      "--fail-with-body",
      "--aws-sigv4",
      `aws:amz:${REGION}:s3`,
      "--user",
      `${server.accessKeyId}:${server.secretAccessKey}`,
      "-H",
      "x-amz-content-sha256: UNSIGNED-PAYLOAD",
    ];
    const url = `${server.endpoint}/${bucket}/k`;
    await run(
      "curl",
      [
        ...sign,
        "-T",
        file,
        "-H",
        // Without a key id: curl 7.88 sorts whole header lines, so that one name being the beginning of another breaks its signature.
        "x-amz-server-side-encryption: aws:kms",
        url,
      ],
      server.env,
    );
    const out = c.path("out");
    await run("curl", [...sign, "-o", out, url], server.env);
    if (Buffer.compare(readFileSync(file), readFileSync(out)) !== 0)
      throw new Failed("the file came back changed");
    const kms = [
      "-sS",
      "--fail-with-body",
      "--aws-sigv4",
      `aws:amz:${REGION}:kms`,
      "--user",
      `${server.accessKeyId}:${server.secretAccessKey}`,
    ];
    const body = JSON.stringify({ KeyId: c.kmsKey, KeySpec: "AES_256" });
    const answer = await run(
      "curl",
      [
        ...kms,
        "-H",
        "Content-Type: application/x-amz-json-1.1",
        "-H",
        "X-Amz-Target: TrentService.GenerateDataKeyWithoutPlaintext",
        "-d",
        body,
        `${server.endpoint}/`,
      ],
      server.env,
    );
    if (!answer.includes("CiphertextBlob")) throw new Failed(`KMS answered ${answer}`);
  },
};

const kmsFlags = (c: Context): string[] => ["--sse", "aws:kms", "--sse-kms-key-id", c.kmsKey];

/** On a store of its own: it begins with nobody in it. */
const tutorial: Suite = {
  name: "the tutorial's commands as written (aws iam, sts, kms, s3, s3api)",
  async run() {
    let out = "";
    const code = await runTutorial((text) => (out += text));
    if (code !== 0) throw new Failed(out.slice(-2000));
  },
};

export const SUITES: readonly Suite[] = [
  sync("5,200 files, default", 5200, undefined, () => []),
  sync("600 files, SSE-KMS", 600, undefined, kmsFlags),
  sync("600 files, DSSE by bucket default", 600, "aws:kms:dsse", () => []),
  sync("600 files, SSE-C", 600, undefined, (c) => [
    "--sse-c",
    "AES256",
    "--sse-c-key",
    `fileb://${ssecKey(c)}`,
  ]),
  awsCopy,
  restic(undefined),
  restic("aws:kms"),
  restic("aws:kms:dsse"),
  rclone("default", () => []),
  rclone("SSE-KMS", (c) => ["--s3-server-side-encryption", "aws:kms", "--s3-sse-kms-key-id", c.kmsKey]),
  // rclone 1.60 knows of aws:kms only that its ETag is no MD5; the download check compares the bytes.
  rclone("DSSE-KMS", (c) => [
    "--ignore-checksum",
    "--s3-server-side-encryption=aws:kms:dsse",
    `--s3-sse-kms-key-id=${c.kmsKey}`,
  ]),
  rclone("SSE-C", () => [
    "--s3-sse-customer-algorithm",
    "AES256",
    "--s3-sse-customer-key",
    "32byteslongsecretkeymustprovided",
  ]),
  s3cmd,
  sdkMultipart,
  boto3,
  kmsChecklist,
  ansible,
  curl,
  cloudTrail,
  tutorial,
];
