/** Runs in the browser: this package's client against the store, from a page of another origin. Answers one line a check. */
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import {
  RawAesKeyring,
  RawRsaKeyring,
  S3EncryptionClient,
  type S3EncryptionClientOptions,
  S3EncryptionError,
} from "@strongroom/s3-encryption-client";

interface Session {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bucket: string;
  readonly closedBucket: string;
  readonly key: readonly number[];
}

const MIB = 1024 * 1024;
declare const document: { readonly body: { textContent: string } };

const session: Session = JSON.parse(await (await fetch("/session")).text());
const client = new S3Client({ ...session, forcePathStyle: true, maxAttempts: 1 });
const aes = new RawAesKeyring({ key: Uint8Array.from(session.key) });
const Bucket = session.bucket;

const make = (more: Partial<S3EncryptionClientOptions> = {}): S3EncryptionClient =>
  new S3EncryptionClient({ client, keyring: aes, ...more });
const pattern = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8));
const read = async (s3: S3EncryptionClient, Key: string): Promise<Uint8Array> =>
  (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? pattern(0);

function same(actual: Uint8Array, expected: Uint8Array): void {
  if (actual.length !== expected.length || actual.some((byte, i) => byte !== expected[i]))
    throw new Error(`${actual.length} other bytes than the ${expected.length} written`);
}

async function roundTrip(s3: S3EncryptionClient, Key: string, size: number): Promise<void> {
  const Body = pattern(size);
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  same(await read(s3, Key), Body);
}

async function refused(doing: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof S3EncryptionError) || error.code !== code)
    throw new Error(`${code} expected, but: ${String(error)}`);
}

const checks: Readonly<Record<string, () => Promise<void>>> = {
  "puts and gets": async () => {
    for (const size of [0, 1, 16, 100_000]) await roundTrip(make(), `aes/${size}`, size);
  },
  "the V2 format and instruction files": async () => {
    await roundTrip(make({ commitmentPolicy: "FORBID_ENCRYPT_ALLOW_DECRYPT" }), "v2", 1000);
    await roundTrip(make({ writeInstructionFiles: true }), "file", 1000);
  },
  "RSA keys of WebCrypto": async () => {
    const pair = await crypto.subtle.generateKey(
      { name: "RSA-OAEP", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-1" },
      true,
      ["encrypt", "decrypt"],
    );
    await roundTrip(make({ keyring: new RawRsaKeyring(pair) }), "rsa", 1000);
  },
  "a multipart upload of a stream": async () => {
    const bytes = pattern(10 * MIB + 77);
    const params = { Bucket, Key: "multipart", Body: new Blob([bytes.slice().buffer]).stream() };
    await new Upload({ client: make(), partSize: 5 * MIB, params }).done();
    same(await read(make(), "multipart"), bytes);
  },
  "delayed authentication streams what is too large to buffer": async () => {
    await refused(read(make({ bufferSize: MIB }), "multipart"), "TooLargeToBuffer");
    same(await read(make({ enableDelayedAuthentication: true }), "multipart"), pattern(10 * MIB + 77));
  },
  "a wrong key is an error": async () => {
    const other = new RawAesKeyring({ key: crypto.getRandomValues(new Uint8Array(32)) });
    await refused(read(make({ keyring: other }), "aes/16"), "WrongKey");
  },
  "the error of a missing key comes through": async () => {
    const name = await read(make(), "none").catch((error: Error) => error.name);
    if (name !== "NoSuchKey") throw new Error(`${String(name)} instead of NoSuchKey`);
  },
  "a bucket without CORS rules is out of reach": async () => {
    const put = new PutObjectCommand({ Bucket: session.closedBucket, Key: "k", Body: "x" });
    if (
      await make()
        .send(put)
        .then(
          () => true,
          () => false,
        )
    )
      throw new Error("the browser let it through");
  },
};

const lines: string[] = [];
for (const [name, check] of Object.entries(checks)) {
  const started = performance.now();
  const outcome = await check().then(
    () => "ok",
    (error: unknown) => `FAILED ${String(error)}`,
  );
  lines.push(`${outcome} ${name} (${Math.round(performance.now() - started)} ms)`);
}
document.body.textContent = lines.join("\n");
