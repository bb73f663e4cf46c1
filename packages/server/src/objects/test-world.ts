/** For tests of this layer: a store with keyring, key service and buckets, over any home, and requests in short form. */
import type { Caller } from "../base/caller.ts";
import { callerAs } from "../base/test-caller.ts";
import {
  type BucketId,
  newBucketId,
  newRev,
  parseAccountId,
  parseBucketName,
  parseObjectKey,
} from "../base/ids.ts";
import type { Keyring } from "../store/keyring.ts";
import { MemoryModel } from "../store/memory/model.ts";
import type { RootKey } from "../store/keyring.ts";
import type { Store } from "../store/port.ts";
import { openTestRecords, testRoot } from "../store/test-keyring.ts";
import type { Body, Bucket, EncryptionHeaders, PutObjectInput, ReadInput, ReadResult } from "./api.ts";
import { checksumOf } from "./checksum/algorithms.ts";
import type { Core } from "./core.ts";
import { NO_SSEC, parseSsecHeaders, type SsecRequest } from "./encryption/ssec-request.ts";
import { lifeCodec } from "./rows/codecs.ts";
import { Objects } from "./service.ts";
import { ACCOUNT, FakeKms, REGION } from "./test-kms.ts";

export interface World {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly core: Core;
  readonly objects: Objects;
  readonly kms: FakeKms;
  readonly kmsCalls: string[];
  readonly model: MemoryModel | undefined;
  readonly root: RootKey;
  bucket(change?: Partial<Bucket>): Promise<Bucket>;
}

/** `beside`: another world over the same store; this one is like a second process. */
export async function makeWorld(home?: Store, beside?: World): Promise<World> {
  const model = home === undefined ? new MemoryModel() : undefined;
  const store = home ?? model?.open();
  if (store === undefined) throw new Error("no store");
  const { keyring, records, root } = await openTestRecords(store, beside?.root ?? testRoot());
  const kms = beside?.kms ?? new FakeKms();
  const kmsCalls: string[] = [];
  const objects = new Objects({
    records,
    keyring: { current: () => keyring, reload: () => Promise.resolve(keyring) },
    kms,
    metrics: { kmsCall: (operation) => kmsCalls.push(operation) },
  });
  return {
    store,
    keyring,
    core: objects.core,
    objects,
    kms,
    kmsCalls,
    model: model ?? beside?.model,
    root,
    bucket: async (change = {}) => {
      const id = newBucketId();
      const put = [records.seal(lifeCodec, "life", id, "active")];
      await store.commit({ id: newRev(), put });
      return testBucket(id, change);
    },
  };
}

export function testBucket(id: BucketId, change: Partial<Bucket> = {}): Bucket {
  return {
    id,
    name: parseBucketName("bucket"),
    owner: parseAccountId(ACCOUNT),
    createdMs: 0,
    region: REGION,
    versioning: "unversioned",
    encryption: {},
    tags: undefined,
    policy: undefined,
    cors: undefined,
    publicAccess: undefined,
    ownershipShown: true,
    ...change,
  };
}

export function testCaller(name = "alice", change: Partial<Caller> = {}): Caller {
  return callerAs(
    {
      kind: "user",
      account: parseAccountId(ACCOUNT),
      arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
      userId: name,
      name,
    },
    { sessionKey: name, ...change },
  );
}

export function bodyOf(bytes: Uint8Array, chunkBytes = 10_000): Body {
  return {
    size: bytes.length,
    collect: () => Promise.resolve(bytes),
    async *stream() {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    },
    trailers: () => new Map(),
  };
}

/** Different at every offset, so that no misplaced piece looks right. */
export function pattern(size: number, seed = 1): Uint8Array {
  const out = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (state * 1_103_515_245 + 12_345) >>> 0;
    out[i] = state >>> 16;
  }
  return out;
}

export const PLAIN: EncryptionHeaders = { ssec: NO_SSEC };

export function ssec(fill: number): SsecRequest {
  const key = new Uint8Array(32).map((_, i) => fill + i);
  return parseSsecHeaders("AES256", base64(key), base64(checksumOf("MD5", key)));
}
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A key for tests to make, and a write's headers in each mode under it. */
export const KMS_KEY = "11111111-1111-4111-8111-111111111111";
export const EVERY_MODE: readonly EncryptionHeaders[] = [
  PLAIN,
  { sse: "aws:kms", keyId: KMS_KEY, bucketKey: "true", ssec: NO_SSEC },
  { sse: "aws:kms:dsse", keyId: KMS_KEY, ssec: NO_SSEC },
  { ssec: ssec(0) },
];

export function putInput(key: string, change: Partial<PutObjectInput> = {}): PutObjectInput {
  return {
    key: parseObjectKey(key),
    headers: [["content-type", "text/plain"]],
    metadata: [["colour", "blue"]],
    tags: [],
    encryption: PLAIN,
    integrity: {},
    conditions: {},
    ...change,
  };
}

export function readInput(key: string, change: Partial<ReadInput> = {}): ReadInput {
  return { key: parseObjectKey(key), ssec: NO_SSEC, conditions: {}, checksumMode: false, ...change };
}

export async function bytesOf(result: ReadResult): Promise<Uint8Array> {
  if (result.kind !== "object" || result.body === undefined) throw new Error("no body");
  if (result.body instanceof Uint8Array) return new Uint8Array(result.body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of result.body) chunks.push(new Uint8Array(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}

/** An expected refusal, by code and, where given, the beginning of its text. */
export const refused =
  (code: string, text = "") =>
  (error: unknown): boolean => {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code !== code || !error.message.startsWith(text)) throw error;
    return true;
  };
