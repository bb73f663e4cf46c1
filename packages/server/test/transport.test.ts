/** TLS beside plain HTTP, reading certificates again, virtual-hosted buckets, and where keys may pass without TLS. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync } from "node:fs";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import {
  CreateKeyCommand,
  GenerateDataKeyCommand,
  type KMSClient,
  ListKeysCommand,
} from "@aws-sdk/client-kms";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { killPid, type Served, serve, temporaryDirectory, until } from "./serve.ts";

const TLS = join(import.meta.dirname, "../../../testdata/tls");
/** Self-signed: both stand as their own authority. */
const CA = [readFileSync(join(TLS, "first.crt")), readFileSync(join(TLS, "second.crt"))];
const CUSTOMER_KEY = Buffer.alloc(32, 7).toString("base64");
const CUSTOMER_KEY_MD5 = "y4HAEFCYWuvAXWFTtA1Qpg==";

async function withTls(t: { after(fn: () => unknown): void }, args: readonly string[] = []): Promise<Served> {
  const directory = temporaryDirectory();
  for (const kind of ["crt", "key"]) copyFileSync(join(TLS, `first.${kind}`), join(directory, `tls.${kind}`));
  const tls = [
    "--tls-listen",
    "127.0.0.1:0",
    "--tls-cert",
    join(directory, "tls.crt"),
    "--tls-key",
    join(directory, "tls.key"),
  ];
  const served = await serve({ data: join(directory, "data"), args: [...tls, ...args] });
  t.after(() => served.stop());
  return served;
}

test("TLS serves the same store; SIGHUP takes up a new certificate; a bad one leaves the old", async (t) => {
  const served = await withTls(t);
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  await served.s3().send(new PutObjectCommand({ Bucket: "demo", Key: "k", Body: "over plain HTTP" }));
  assert.equal(await getOverTls(served, "demo", "k"), "over plain HTTP");
  assert.equal(await certificateOf(served), certificate("first"));
  const directory = join(served.data, "..");
  copyFileSync(join(TLS, "second.crt"), join(directory, "tls.crt"));
  process.kill(served.pid, "SIGHUP");
  await until("it says why", () => served.err.includes("the old ones stay"));
  assert.equal(await certificateOf(served), certificate("first"), "its key does not fit");
  copyFileSync(join(TLS, "second.key"), join(directory, "tls.key"));
  process.kill(served.pid, "SIGHUP");
  await until("the new certificate", async () => {
    // Where the listener is replaced, a connection in between may be reset.
    const seen = await certificateOf(served).catch(() => "");
    return seen === certificate("second");
  });
  assert.equal(await getOverTls(served, "demo", "k"), "over plain HTTP");
});

test("a worker that is restarted between the two files of a new certificate serves once both are there", async (t) => {
  const served = await withTls(t);
  const directory = join(served.data, "..");
  copyFileSync(join(TLS, "second.crt"), join(directory, "tls.crt"));
  for (const pid of served.children()) killPid(pid, "SIGKILL");
  await until("it says why", () => served.err.includes("a worker can't start again"));
  copyFileSync(join(TLS, "second.key"), join(directory, "tls.key"));
  const seen = (): Promise<string> => certificateOf(served).catch(() => "");
  await until("it serves", async () => (await seen()) === certificate("second"), 20_000);
});

test("over TLS a client that sends a whole part of an upload before it reads finds an early error", async (t) => {
  const served = await withTls(t);
  const [host = "", port = ""] = (served.tlsAddress ?? "").split(":");
  const part = 8 * 1024 ** 2;
  const socket = connectTls({ host, port: Number(port), ca: CA, servername: "localhost" });
  const head = `PUT /no-such-bucket/part HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Length: ${part}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.pause();
    socket.write(head);
    socket.write(Buffer.alloc(part), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 40[34] /);
});

const certificate = (name: string): string =>
  new X509Certificate(readFileSync(join(TLS, `${name}.crt`))).fingerprint256;

function certificateOf(served: Served): Promise<string> {
  const [host = "", port = ""] = (served.tlsAddress ?? "").split(":");
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), ca: CA, servername: "localhost" }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Signed for the TLS endpoint, as the SDK does, and sent with our own authority. */
async function getOverTls(served: Served, bucket: string, key: string): Promise<string> {
  const s3 = served.s3({ endpoint: `https://${served.tlsAddress ?? ""}` });
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }));
  const { status, body } = await send(url, "GET");
  assert.equal(status, 200, body);
  return body;
}

function send(url: string, method: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, "content-length": String(body.length) } };
    const done = (response: IncomingMessage): void => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    };
    const request = url.startsWith("https:")
      ? httpsRequest(url, { ...options, ca: CA, agent: false }, done)
      : httpRequest(url, { ...options, agent: false }, done);
    request.on("error", reject);
    request.end(body);
  });
}

const CUSTOMER_HEADERS = {
  "x-amz-server-side-encryption-customer-algorithm": "AES256",
  "x-amz-server-side-encryption-customer-key": CUSTOMER_KEY,
  "x-amz-server-side-encryption-customer-key-md5": CUSTOMER_KEY_MD5,
};

/** A presigned PUT whose unsigned headers the test chooses: what a proxy adds is never signed. */
async function putWithKey(s3: S3Client, headers: Record<string, string> = {}): Promise<Answer> {
  const input = {
    Bucket: "demo",
    Key: "k",
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: CUSTOMER_KEY,
    SSECustomerKeyMD5: CUSTOMER_KEY_MD5,
  };
  const url = await getSignedUrl(s3, new PutObjectCommand(input), {
    unhoistableHeaders: new Set(Object.keys(CUSTOMER_HEADERS)),
  });
  return send(url, "PUT", { ...CUSTOMER_HEADERS, ...headers }, "body");
}

const plainClient = (served: Served): S3Client => served.s3({ requestChecksumCalculation: "WHEN_REQUIRED" });

test("customers' keys over plain HTTP: by default from this machine and through no proxy", async (t) => {
  // Bodies of presigned requests are unsigned: where those may come is another setting.
  const served = await serve({ data: temporaryDirectory(), args: ["--unsigned-over-plain-http", "always"] });
  t.after(() => served.stop());
  const s3 = plainClient(served);
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal((await putWithKey(s3)).status, 200);
  for (const [name, value] of [
    ["X-Forwarded-For", "203.0.113.9"],
    ["X-Forwarded-Proto", "https"],
    ["Forwarded", "for=203.0.113.9;proto=https"],
  ] as const) {
    const refused = await putWithKey(s3, { [name]: value });
    assert.equal(refused.status, 400, `${name}: ${refused.body}`);
    assert.match(refused.body, /must be made over a secure connection/);
  }
});

/** As a proxy on this machine hands a request on: with a header that the client did not sign. */
function throughProxy(served: Served): KMSClient {
  const kms = served.kms();
  kms.middlewareStack.add(
    (next) => (args) => {
      if (isHeaders(args.request)) args.request.headers["x-forwarded-for"] = "203.0.113.9";
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  return kms;
}
const isHeaders = (request: unknown): request is { readonly headers: Record<string, string> } =>
  typeof request === "object" && request !== null && "headers" in request;

const NEEDS_TLS = {
  name: "AccessDeniedException",
  message: /secure connection: .*the setting --keys-over-plain-http\.$/,
};
const NEEDS_TRUST = {
  name: "AccessDeniedException",
  message: /secure connection, .*--keys-over-plain-http always and --trusted-proxies together\.$/,
};

test("the key service over plain HTTP: as customers' keys", async (t) => {
  const served = await serve({ data: temporaryDirectory() });
  t.after(() => served.stop());
  const { KeyMetadata } = await served.kms().send(new CreateKeyCommand({}));
  const dataKey = new GenerateDataKeyCommand({ KeyId: KeyMetadata?.KeyId, KeySpec: "AES_256" });
  await served.kms().send(dataKey);
  await assert.rejects(throughProxy(served).send(dataKey), NEEDS_TRUST);
  await assert.rejects(throughProxy(served).send(new ListKeysCommand({})), NEEDS_TRUST);
});

test("never: only over TLS", async (t) => {
  const served = await withTls(t, ["--keys-over-plain-http", "never"]);
  const s3 = plainClient(served);
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal((await putWithKey(s3)).status, 400);
  const overTls = served.s3({
    endpoint: `https://${served.tlsAddress ?? ""}`,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  assert.equal((await putWithKey(overTls)).status, 200);
  await assert.rejects(served.kms().send(new ListKeysCommand({})), NEEDS_TLS);
  const target = { "x-amz-target": "TrentService.ListKeys", "content-type": "application/x-amz-json-1.1" };
  const unsigned = await send(`https://${served.tlsAddress ?? ""}/`, "POST", target, "{}");
  assert.match(unsigned.body, /MissingAuthenticationToken/);
  // What needs no key passes as before.
  await s3.send(new PutObjectCommand({ Bucket: "demo", Key: "other", Body: "x" }));
});

test("always, behind a trusted proxy: its word on the protocol counts, nobody else's", async (t) => {
  const served = await serve({
    data: temporaryDirectory(),
    args: ["--keys-over-plain-http", "always", "--trusted-proxies", "127.0.0.1"],
  });
  t.after(() => served.stop());
  const s3 = plainClient(served);
  await s3.send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal(
    (await putWithKey(s3, { "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9" })).status,
    200,
  );
  assert.equal(
    (await putWithKey(s3, { "X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.9" })).status,
    200,
  );
});

test("a body that no signature covers: not through an unknown proxy, nor where it is refused altogether", async (t) => {
  const put = async (served: Served, headers: Readonly<Record<string, string>> = {}) => {
    const url = await getSignedUrl(served.s3(), new PutObjectCommand({ Bucket: "demo", Key: "k" }));
    const answer = await fetch(url, { method: "PUT", body: "unsigned", headers });
    return { status: answer.status, body: await answer.text() };
  };
  const proxied = { "X-Forwarded-For": "203.0.113.9" };
  const served = await serve({ data: temporaryDirectory() });
  t.after(() => served.stop());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal((await put(served)).status, 200);
  const refused = await put(served, proxied);
  assert.equal(refused.status, 400);
  assert.match(refused.body, /InvalidArgument.*must be sent over a secure connection/s);
  await served.s3().send(new PutObjectCommand({ Bucket: "demo", Key: "signed", Body: "x" }));

  const strict = await serve({
    data: temporaryDirectory(),
    args: ["--unsigned-over-plain-http", "never", "--trusted-proxies", "127.0.0.1"],
  });
  t.after(() => strict.stop());
  await strict.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  assert.equal((await put(strict)).status, 400);
  assert.equal((await put(strict, proxied)).status, 400);
});

test("a proxy may rewrite Host where the names that clients sign are set", async (t) => {
  const served = await serve({
    data: temporaryDirectory(),
    args: ["--external-hosts", "store.example.com,store.example.com:8443"],
  });
  t.after(() => served.stop());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  await served.s3().send(new PutObjectCommand({ Bucket: "demo", Key: "k", Body: "behind a proxy" }));
  const get = async (endpoint: string) => {
    const url = new URL(
      await getSignedUrl(served.s3({ endpoint }), new GetObjectCommand({ Bucket: "demo", Key: "k" })),
    );
    return send(`http://${served.address}${url.pathname}${url.search}`, "GET", { host: "10.0.0.7:9000" });
  };
  for (const endpoint of ["http://store.example.com", "http://store.example.com:8443"])
    assert.deepEqual(await get(endpoint), { status: 200, body: "behind a proxy" });
  assert.equal((await get("http://other.example.com")).status, 403);
});

test("what was signed for a name that a proxy rewrites reaches no other bucket by another name", async (t) => {
  const served = await serve({
    data: temporaryDirectory(),
    args: ["--domain", "store.example.com", "--external-hosts", "store.example.com"],
  });
  t.after(() => served.stop());
  for (const Bucket of ["open", "secret"]) await served.s3().send(new CreateBucketCommand({ Bucket }));
  await served.s3().send(new PutObjectCommand({ Bucket: "open", Key: "k", Body: "for whoever has the URL" }));
  await served.s3().send(new PutObjectCommand({ Bucket: "secret", Key: "open/k", Body: "for nobody" }));
  const url = new URL(
    await getSignedUrl(
      served.s3({ endpoint: "http://store.example.com" }),
      new GetObjectCommand({ Bucket: "open", Key: "k" }),
    ),
  );
  const get = (host: string) => send(`http://${served.address}${url.pathname}${url.search}`, "GET", { host });
  for (const host of ["store.example.com", "10.0.0.7:9000"])
    assert.deepEqual(await get(host), { status: 200, body: "for whoever has the URL" });
  const refused = await get("secret.store.example.com");
  assert.equal(refused.status, 403);
  assert.match(refused.body, /<Code>SignatureDoesNotMatch</);
});

test("a bucket by its own host name, beside path style", async (t) => {
  const served = await serve({ data: temporaryDirectory(), args: ["--domain", "s3.localhost,other.test"] });
  t.after(() => served.stop());
  await served.s3().send(new CreateBucketCommand({ Bucket: "demo" }));
  await served.s3().send(new PutObjectCommand({ Bucket: "demo", Key: "a/b", Body: "by name" }));
  const port = served.address.split(":")[1] ?? "";
  for (const domain of ["s3.localhost", "other.test"]) {
    const s3 = served.s3({ endpoint: `http://${domain}:${port}`, forcePathStyle: false });
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "demo", Key: "a/b" }));
    assert.ok(url.startsWith(`http://demo.${domain}:${port}/a/b?`), url);
    const toHere = url.replace(`demo.${domain}:${port}`, served.address);
    const answer = await send(toHere, "GET", { host: `demo.${domain}:${port}` });
    assert.deepEqual(answer, { status: 200, body: "by name" });
  }
});
