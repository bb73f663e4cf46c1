/** For tools/bench/api.ts: the service over an objects layer that answers at once, and signed headers. */
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Server } from "node:http";
import type { BucketName } from "../../base/ids.ts";
import type { ObjectFacts, WriteResult } from "../../objects/api.ts";
import { ACCOUNT } from "./fake-objects.ts";
import { TestServer } from "./harness.ts";

export { ACCESS_KEY, ROOT, SECRET } from "./harness.ts";

export function silentDeps(body: Uint8Array): Server {
  const test = TestServer.unstarted({
    authoriser: { decide: () => ({ kind: "allow" }) },
  });
  const { objects, buckets } = test.deps;
  const bucket = {
    id: new Uint8Array(16),
    name: "bucket" as BucketName,
    owner: ACCOUNT,
    createdMs: 0,
    region: "us-east-1",
    versioning: "unversioned",
    encryption: {},
    tags: undefined,
    policy: undefined,
    cors: undefined,
  } as never;
  buckets.find = () => Promise.resolve(bucket);
  const etag = "5d41402abc4b2a76b9719d911017c592";
  objects.get = (_caller, _bucket, input) => {
    const facts: ObjectFacts = {
      key: input.key,
      etag,
      size: body.length,
      lastModifiedMs: 1_700_000_000_000,
      headers: [["content-type", "text/plain"]],
      metadata: [],
      tagCount: 0,
      encryption: { mode: "SSE-S3" },
    };
    return Promise.resolve({ kind: "object", facts, from: 0, to: body.length, partial: false, body });
  };
  objects.put = async (_caller, _bucket, _input, sent) => {
    const data = await sent.collect();
    const result: WriteResult = {
      etag,
      lastModifiedMs: 1_700_000_000_000,
      size: data.length,
      encryption: { mode: "SSE-S3" },
    };
    return result;
  };
  return test.server;
}

export async function signedHeaders(input: {
  readonly method: string;
  readonly path: string;
  readonly port: number;
  readonly accessKey: string;
  readonly secret: string;
}): Promise<Readonly<Record<string, string>>> {
  const signer = new SignatureV4({
    service: "s3",
    region: "us-east-1",
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
    credentials: { accessKeyId: input.accessKey, secretAccessKey: input.secret },
  });
  const { headers } = await signer.sign(
    new HttpRequest({
      method: input.method,
      hostname: "127.0.0.1",
      port: input.port,
      path: input.path,
      headers: { host: `127.0.0.1:${input.port}`, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    }),
  );
  return headers;
}
