/**
 * One row of the case table of the encryption contract, and the requests in which the rows are written. Setup unless a
 * row says otherwise: a bucket of the caller, SigV4 over TLS, SSE-C not blocked, no default, body `hello`.
 */
import assert from "node:assert/strict";
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
  type ServerSideEncryptionRule,
} from "@aws-sdk/client-s3";
import { type Answer, call, type Headers } from "../call.ts";
import { ok } from "../expect.ts";
import type { World } from "../world.ts";
import { SLOW } from "../world.ts";

export interface Row {
  readonly n: number;
  readonly name: string;
  /** On a store whose new buckets block SSE-C, as on AWS since April 2026. */
  readonly blocking?: boolean;
  readonly run: (c: Case) => Promise<void>;
}
export const row = (n: number, name: string, run: (c: Case) => Promise<void>): Row => ({ n, name, run });
export const blockingRow = (n: number, name: string, run: (c: Case) => Promise<void>): Row => ({
  n,
  name,
  blocking: true,
  run,
});

export const HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592";
export const MIB = 1024 ** 2;
/** The table's sizes; the largest only in the long suite. */
export const SIZES: readonly number[] = SLOW ? [1, 1024, MIB, 8 * MIB] : [1, 13, 1024, MIB];

export const SSE = "x-amz-server-side-encryption";
export const sse = (mode: string, keyId?: string, more: Headers = {}): Headers => ({
  [SSE]: mode,
  ...(keyId === undefined ? {} : { [`${SSE}-aws-kms-key-id`]: keyId }),
  ...more,
});
export const bucketKey = (value: string): Headers => ({ [`${SSE}-bucket-key-enabled`]: value });
export const context = (value: string): Headers => ({ [`${SSE}-context`]: value });

/** Customer keys of spec C.1. */
export interface CustomerKey {
  readonly key: string;
  readonly md5: string;
}
const bytes = (from: number, count: number): string =>
  Buffer.from(Array.from({ length: count }, (_, i) => from + i)).toString("base64");
export const K1: CustomerKey = { key: bytes(0, 32), md5: "tP/LI3N87DFaSk0aoqYgzg==" };
export const K2: CustomerKey = { key: bytes(32, 32), md5: "v2HomVYPq94vbXb0BabrcA==" };
export const K16: CustomerKey = { key: bytes(0, 16), md5: "GsHvAelsrxvg0ykzGk/CqA==" };
export const K24: CustomerKey = { key: bytes(0, 24), md5: "i9nI77usWHSJUcpaRc/Thg==" };

const CUSTOMER = `${SSE}-customer`;
export interface Triple {
  readonly ca?: string;
  readonly ck?: string;
  readonly cm?: string;
}
export const triple = ({ ca, ck, cm }: Triple, prefix: string = CUSTOMER): Headers => ({
  ...(ca === undefined ? {} : { [`${prefix}-algorithm`]: ca }),
  ...(ck === undefined ? {} : { [`${prefix}-key`]: ck }),
  ...(cm === undefined ? {} : { [`${prefix}-key-md5`]: cm }),
});
export const c3 = ({ key, md5 }: CustomerKey): Headers => triple({ ca: "AES256", ck: key, cm: md5 });
const SOURCE = "x-amz-copy-source-server-side-encryption-customer";
export const srcTriple = (parts: Triple): Headers => triple(parts, SOURCE);
export const src3 = ({ key, md5 }: CustomerKey): Headers => srcTriple({ ca: "AES256", ck: key, cm: md5 });

export const pattern = (size: number): Buffer => Buffer.alloc(size, "0123456789abcdefghijklmnopqrstuvwxyz-");

/** A row at work: a bucket of the suite's and a key of its own. */
export class Case {
  readonly w: World;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly key: string;

  constructor(w: World, bucket: string, key: string, s3: S3Client = w.s3) {
    this.w = w;
    this.bucket = bucket;
    this.key = key;
    this.s3 = s3;
  }

  /** The same row in a bucket of its own. */
  async apart(versioning?: "Enabled"): Promise<Case> {
    return new Case(this.w, await this.w.bucket(versioning), this.key, this.s3);
  }
  /** As the other account's root user, or over plain HTTP, or with other settings of the SDK. */
  as(s3: S3Client): Case {
    return new Case(this.w, this.bucket, this.key, s3);
  }
  named(key: string): Case {
    return new Case(this.w, this.bucket, key, this.s3);
  }
  get at(): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.bucket, Key: this.key };
  }
  get path(): string {
    return `/${this.bucket}/${this.key}`;
  }

  put(headers: Headers = {}, body: string | Uint8Array = "hello") {
    return call(this.s3, new PutObjectCommand({ ...this.at, Body: body }), headers);
  }
  get(headers: Headers = {}, more: { readonly VersionId?: string; readonly PartNumber?: number } = {}) {
    return call(this.s3, new GetObjectCommand({ ...this.at, ...more }), headers);
  }
  head(headers: Headers = {}, more: { readonly VersionId?: string; readonly PartNumber?: number } = {}) {
    return call(this.s3, new HeadObjectCommand({ ...this.at, ...more }), headers);
  }
  create(headers: Headers = {}) {
    return call(this.s3, new CreateMultipartUploadCommand(this.at), headers);
  }
  copyFrom(source: Case, headers: Headers = {}) {
    const CopySource = `${source.bucket}/${source.key}`;
    return call(this.s3, new CopyObjectCommand({ ...this.at, CopySource }), headers);
  }
  /** Over the wire, where the SDK would fill in what a row leaves out. */
  raw(method: string, query: string, headers: Headers = {}, body: string | Uint8Array = ""): Promise<Answer> {
    return this.w.wire.send({ method, path: `${this.path}${query}`, headers, body });
  }

  /** The bucket's default. */
  async byDefault(rule: ServerSideEncryptionRule): Promise<void> {
    const ServerSideEncryptionConfiguration = { Rules: [rule] };
    ok(
      await call(
        this.w.s3,
        new PutBucketEncryptionCommand({ Bucket: this.bucket, ServerSideEncryptionConfiguration }),
      ),
    );
  }
  byDefaultKms(keyId?: string, bucketKeyEnabled = false): Promise<void> {
    return this.byDefault({
      ApplyServerSideEncryptionByDefault: {
        SSEAlgorithm: "aws:kms",
        ...(keyId === undefined ? {} : { KMSMasterKeyID: keyId }),
      },
      BucketKeyEnabled: bucketKeyEnabled,
    });
  }
  block(type: "SSE-C" | "NONE"): Promise<void> {
    return this.byDefault({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
      BlockedEncryptionTypes: { EncryptionType: [type] },
    });
  }
  async policy(...statements: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    ok(await call(this.w.s3, new PutBucketPolicyCommand({ Bucket: this.bucket, Policy })), 204);
  }
  /** Deny s3:PutObject to everyone under a condition. */
  denyPut(...conditions: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    return this.policy(
      ...conditions.map((Condition) => ({
        Effect: "Deny",
        Principal: "*",
        Action: "s3:PutObject",
        Resource: `arn:aws:s3:::${this.bucket}/*`,
        Condition,
      })),
    );
  }
  allow(principal: string, ...actions: readonly string[]): Promise<void> {
    const Resource = [`arn:aws:s3:::${this.bucket}`, `arn:aws:s3:::${this.bucket}/*`];
    const Principal = principal === "*" ? "*" : { AWS: principal };
    return this.policy({ Effect: "Allow", Principal, Action: actions, Resource });
  }
}

/** Puts, then gets: both show `shown`, and the bytes come back. */
export async function roundTrip(
  c: Case,
  size: number,
  headers: Headers,
  check: (answer: Answer) => void,
  readHeaders: Headers = {},
): Promise<void> {
  const body = pattern(size);
  check(await c.put(headers, body));
  const got = await c.get(readHeaders);
  check(got);
  assert.ok(got.body.equals(body), `${size} bytes come back`);
}
export const etagOf = (answer: Answer): string => (answer.headers["etag"] ?? "").replaceAll('"', "");
