/** The running store hands non-ASCII metadata back as S3 does, seen through this client: all of S3's own vectors. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { test } from "node:test";
import { Sha256 } from "@aws-crypto/sha256-js";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { startServer } from "../../../tools/interop/server.ts";
import { RawAesKeyring, S3EncryptionClient } from "../src/index.ts";

interface Case {
  readonly value: string;
  readonly headerFromS3: string;
  readonly genuineS3: boolean;
}
const FILE = new URL("../../../testdata/metadata/double-encoding.json", import.meta.url);
const { cases }: { readonly cases: readonly Case[] } = JSON.parse(readFileSync(FILE, "utf8"));
const latin1OfUtf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test("metadata sent as UTF-8 comes back as S3's vectors say", async () => {
  const server = await startServer();
  const { accessKeyId, secretAccessKey, endpoint } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: "us-east-1", credentials });
  const signer = new SignatureV4({
    service: "s3",
    region: "us-east-1",
    sha256: Sha256,
    uriEscapePath: false,
    credentials,
  });
  const { hostname, port } = new URL(endpoint);
  const put = async (path: string, value: string): Promise<number> => {
    const headers = { host: `${hostname}:${port}`, "content-length": "0", "x-amz-meta-text": value };
    const signed = await signer.sign(
      new HttpRequest({ method: "PUT", hostname, port: Number(port), path, headers }),
    );
    const sent = { ...signed.headers, "x-amz-meta-text": latin1OfUtf8(value) };
    const req = request({ hostname, port, method: "PUT", path, headers: sent });
    req.end();
    const [response] = await once(req, "response");
    response.resume();
    return response.statusCode;
  };
  try {
    await client.send(new CreateBucketCommand({ Bucket: "meta" }));
    const s3 = new S3EncryptionClient({ client, keyring: new RawAesKeyring({ key: new Uint8Array(32) }) });
    const genuine = cases.filter(({ genuineS3 }) => genuineS3);
    assert.ok(genuine.length > 10);
    for (const [i, { value, headerFromS3 }] of genuine.entries()) {
      assert.equal(await put(`/meta/${i}`, value), 200, value);
      const { head } = await s3.inspect({ Bucket: "meta", Key: String(i) });
      assert.equal(head.Metadata?.text, headerFromS3, value);
    }
  } finally {
    client.destroy();
    await server.stop();
  }
});
