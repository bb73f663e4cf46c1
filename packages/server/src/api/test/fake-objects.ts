/**
 * The objects layer as the API's tests need it: in memory, no encryption, just enough of S3 for the official SDK. It
 * keeps the last typed inputs, so that a test can see what the API made of a request.
 */
import { refuseEncryptionHeaders } from "../../objects/encryption/resolve-read.ts";
import { createHash } from "node:crypto";
import type { Caller } from "../../base/caller.ts";
import { fail } from "../../base/errors.ts";
import { type AccountId, type BucketName, type KeyArn, keyArn, newBucketId } from "../../base/ids.ts";
import type {
  AttributesInput,
  AttributesResult,
  Body,
  Bucket,
  Buckets,
  Checksum,
  CompleteUploadInput,
  CopyObjectInput,
  CopyResult,
  CreateUploadInput,
  CreateUploadResult,
  DeleteInput,
  DeleteResult,
  EncryptionHeaders,
  EncryptionShown,
  ListInput,
  ListPartsInput,
  ListResult,
  ListUploadsInput,
  ListVersionsInput,
  ListVersionsResult,
  ObjectFacts,
  NewBucketPolicy,
  ObjectsService,
  Placement,
  PutObjectInput,
  ReadInput,
  ReadResult,
  Tag,
  Tokens,
  UploadPartInput,
  UploadsService,
  UploadTarget,
  WriteResult,
} from "../../objects/api.ts";
import { checksumOf } from "../../objects/checksum/algorithms.ts";

export const ACCOUNT = "000000000000" as AccountId;
export const KEY_ARN: KeyArn = keyArn("us-east-1", ACCOUNT, "0f0e0d0c-1111-2222-3333-444455556666");

interface Stored {
  facts: ObjectFacts;
  tags: readonly Tag[];
  data: Uint8Array;
  checksum: Checksum;
}
type Parts = Map<number, { readonly data: Uint8Array; readonly etag: string }>;
interface Upload {
  readonly target: UploadTarget;
  readonly input: CreateUploadInput;
  readonly parts: Parts;
}

const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");

export class FakeStore implements Buckets {
  readonly buckets = new Map<string, Bucket>();
  readonly objects = new Map<string, Map<string, Stored>>();
  readonly openUploads = new Map<string, Upload>();
  /** Typed inputs by function, the last of each. */
  readonly seen = new Map<string, unknown>();
  /** What the next call of that function throws or does first. */
  readonly before = new Map<string, () => Promise<void> | void>();
  nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

  async note(name: string, input: unknown): Promise<void> {
    this.seen.set(name, input);
    await this.before.get(name)?.();
  }

  find(name: BucketName): Promise<Bucket | undefined> {
    return Promise.resolve(this.buckets.get(name));
  }
  change(bucket: Bucket, change: Partial<Bucket>): Promise<void> {
    this.buckets.set(bucket.name, { ...bucket, ...change });
    return Promise.resolve();
  }
  create(
    _caller: Caller,
    name: BucketName,
    input: { readonly region: string; readonly tags?: readonly Tag[] },
  ): Promise<Bucket> {
    const bucket: Bucket = {
      id: newBucketId(),
      name,
      owner: ACCOUNT,
      createdMs: this.nowMs,
      region: input.region,
      versioning: "unversioned",
      encryption: {},
      tags: input.tags,
      policy: undefined,
      cors: undefined,
      publicAccess: undefined,
      ownershipShown: true,
    };
    this.buckets.set(name, bucket);
    this.objects.set(name, new Map());
    return Promise.resolve(bucket);
  }
  delete(_caller: Caller, bucket: Bucket): Promise<void> {
    if (this.of(bucket).size > 0) fail("BucketNotEmpty");
    this.buckets.delete(bucket.name);
    return Promise.resolve();
  }
  list(
    _caller: Caller,
    { prefix, after, max }: { readonly prefix: string; readonly after?: string; readonly max: number },
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly more: boolean }> {
    const all = [...this.buckets.values()]
      .filter((b) => b.name.startsWith(prefix) && (after === undefined || b.name > after))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.resolve({ buckets: all.slice(0, max), more: all.length > max });
  }
  setVersioning(_caller: Caller, bucket: Bucket, versioning: "enabled" | "suspended"): Promise<void> {
    return this.change(bucket, { versioning });
  }
  putEncryption(_caller: Caller, bucket: Bucket, encryption: Bucket["encryption"]): Promise<void> {
    return this.change(bucket, { encryption: { ...bucket.encryption, ...encryption } });
  }
  deleteEncryption(_caller: Caller, bucket: Bucket): Promise<void> {
    return this.change(bucket, { encryption: {} });
  }
  putTags(_caller: Caller, bucket: Bucket, tags: readonly Tag[] | undefined): Promise<void> {
    return this.change(bucket, { tags });
  }
  putPolicy(_caller: Caller, bucket: Bucket, policy: NewBucketPolicy | undefined): Promise<void> {
    return this.change(bucket, {
      policy: policy === undefined ? undefined : { ...policy, revision: md5(Buffer.from(policy.text)) },
    });
  }
  putCors(_caller: Caller, bucket: Bucket, cors: Bucket["cors"]): Promise<void> {
    return this.change(bucket, { cors });
  }
  putPublicAccess(_caller: Caller, bucket: Bucket, publicAccess: Bucket["publicAccess"]): Promise<void> {
    return this.change(bucket, { publicAccess });
  }
  showOwnership(_caller: Caller, bucket: Bucket, ownershipShown: boolean): Promise<void> {
    return this.change(bucket, { ownershipShown });
  }
  of(bucket: Bucket): Map<string, Stored> {
    return this.objects.get(bucket.name) ?? fail("NoSuchBucket");
  }
  must(bucket: Bucket, key: string): Stored {
    return this.of(bucket).get(key) ?? fail("NoSuchKey", { elements: { Key: key } });
  }
}

function shown(headers: EncryptionHeaders): EncryptionShown {
  if (!headers.ssec.absent) return { mode: "SSE-C", keyMd5: headers.ssec.keyMd5 ?? "" };
  const context = headers.context === undefined ? {} : { contextSent: headers.context };
  if (headers.sse === "aws:kms") {
    return { mode: "SSE-KMS", keyArn: KEY_ARN, bucketKey: headers.bucketKey === "true", ...context };
  }
  if (headers.sse === "aws:kms:dsse") return { mode: "DSSE-KMS", keyArn: KEY_ARN, ...context };
  return { mode: "SSE-S3" };
}

export class FakeObjects implements ObjectsService {
  readonly store: FakeStore;
  constructor(store: FakeStore) {
    this.store = store;
  }

  save(
    bucket: Bucket,
    placement: Placement,
    data: Uint8Array,
    etag: string,
    partCount?: number,
  ): WriteResult {
    const checksum: Checksum = {
      algorithm: "CRC64NVME",
      type: "FULL_OBJECT",
      value: Buffer.from(checksumOf("CRC64NVME", data)).toString("base64"),
    };
    const facts: ObjectFacts = {
      key: placement.key,
      etag,
      size: data.length,
      lastModifiedMs: this.store.nowMs,
      headers: placement.headers,
      metadata: placement.metadata,
      tagCount: placement.tags.length,
      encryption: shown(placement.encryption),
      ...(partCount === undefined ? {} : { partCount }),
    };
    this.store.of(bucket).set(placement.key, { facts, tags: placement.tags, data, checksum });
    return {
      etag,
      lastModifiedMs: facts.lastModifiedMs,
      size: data.length,
      encryption: facts.encryption,
      checksum,
    };
  }

  async put(_caller: Caller, bucket: Bucket, input: PutObjectInput, body: Body): Promise<WriteResult> {
    await this.store.note("put", input);
    if (input.conditions.ifNoneMatch === "*" && this.store.of(bucket).has(input.key))
      fail("PreconditionFailed");
    const data = await readBody(body);
    const value = input.integrity.checksum;
    if (value !== undefined) {
      const claimed = value.value ?? body.trailers().get(`x-amz-checksum-${value.algorithm.toLowerCase()}`);
      if (claimed !== Buffer.from(checksumOf(value.algorithm, data)).toString("base64")) fail("BadDigest");
    }
    return this.save(bucket, input, data, md5(data));
  }

  async get(_caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult> {
    await this.store.note("get", input);
    const { facts, data, checksum } = this.store.must(bucket, input.key);
    refuseEncryptionHeaders(input.refused);
    if (input.conditions.ifNoneMatch?.includes(facts.etag) === true) return { kind: "not-modified", facts };
    const { range } = input;
    let from = 0;
    let to = data.length;
    if (range?.kind === "suffix") from = Math.max(0, data.length - range.bytes);
    if (range?.kind === "from-to") {
      from = range.from;
      to = Math.min(data.length, (range.to ?? data.length - 1) + 1);
      if (from >= data.length) fail("InvalidRange");
    }
    const body = data.subarray(from, to);
    return {
      kind: "object",
      facts,
      from,
      to,
      partial: range !== undefined || input.partNumber !== undefined,
      body: body.length > 65_536 ? pieces(body) : body,
      ...(input.checksumMode && body.length === data.length ? { checksum } : {}),
    };
  }

  async head(caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult> {
    const result = await this.get(caller, bucket, input);
    if (result.kind === "not-modified") return result;
    const { body: _, ...rest } = result;
    return rest;
  }

  async attributes(_caller: Caller, bucket: Bucket, input: AttributesInput): Promise<AttributesResult> {
    await this.store.note("attributes", input);
    const { facts, checksum } = this.store.must(bucket, input.key);
    refuseEncryptionHeaders(input.refused);
    return {
      facts,
      ...(input.wantChecksum ? { checksum } : {}),
      ...(input.wantParts === undefined || facts.partCount === undefined
        ? {}
        : { parts: { total: facts.partCount } }),
    };
  }

  async copy(_caller: Caller, bucket: Bucket, input: CopyObjectInput): Promise<CopyResult> {
    await this.store.note("copy", input);
    const source = this.store.must(input.source.bucket, input.source.key);
    const placement: Placement = {
      key: input.key,
      headers: input.replace?.headers ?? source.facts.headers,
      metadata: input.replace?.metadata ?? source.facts.metadata,
      tags: input.replaceTags ?? source.tags,
      encryption: input.encryption,
    };
    return this.save(bucket, placement, source.data, md5(source.data));
  }

  async delete(_caller: Caller, bucket: Bucket, input: DeleteInput): Promise<DeleteResult> {
    await this.store.note("delete", input);
    this.store.of(bucket).delete(input.key);
    return { deleteMarker: false };
  }

  async list(bucket: Bucket, input: ListInput): Promise<ListResult> {
    await this.store.note("list", input);
    const items: ListResult["items"][number][] = [];
    let group = input.afterIsGroup ? input.after : "";
    for (const key of [...this.store.of(bucket).keys()].toSorted()) {
      if (!key.startsWith(input.prefix) || key <= input.after) continue;
      if (group !== "" && key.startsWith(group)) continue;
      if (items.length === input.max) return { items, more: true };
      const at = input.delimiter === "" ? -1 : key.indexOf(input.delimiter, input.prefix.length);
      if (at >= 0) {
        group = key.slice(0, at + input.delimiter.length);
        items.push({ kind: "group", prefix: group });
      } else {
        items.push({ kind: "object", object: this.store.must(bucket, key).facts });
      }
    }
    return { items, more: false };
  }

  async listVersions(bucket: Bucket, input: ListVersionsInput): Promise<ListVersionsResult> {
    await this.store.note("listVersions", input);
    const items = [...this.store.of(bucket).values()].map(({ facts }) => ({
      kind: "version" as const,
      version: { ...facts, versionId: "null", latest: true, deleteMarker: false },
    }));
    return { items, more: false };
  }

  async requireObject(bucket: Bucket, key: string): Promise<void> {
    await this.store.note("requireObject", key);
    this.store.must(bucket, key);
  }

  async getTags(
    bucket: Bucket,
    key: string,
  ): Promise<{ readonly versionId?: string; readonly tags: readonly Tag[] }> {
    await this.store.note("getTags", key);
    return { tags: this.store.must(bucket, key).tags };
  }

  async putTags(
    _caller: Caller,
    bucket: Bucket,
    key: string,
    _versionId: string | undefined,
    tags: readonly Tag[],
  ): Promise<{ readonly versionId?: string }> {
    await this.store.note("putTags", tags);
    this.store.must(bucket, key).tags = tags;
    return {};
  }

  async updateEncryption(_caller: Caller, bucket: Bucket, input: { readonly key: string }): Promise<void> {
    await this.store.note("updateEncryption", input);
    this.store.must(bucket, input.key);
  }
}

async function readBody(body: Body): Promise<Uint8Array> {
  if (body.size <= 65_536) return body.collect();
  const parts: Uint8Array[] = [];
  for await (const piece of body.stream()) parts.push(new Uint8Array(piece));
  return Buffer.concat(parts);
}

async function* pieces(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < data.length; i += 65_536) yield data.subarray(i, i + 65_536);
}

export class FakeUploads implements UploadsService {
  readonly store: FakeStore;
  readonly #objects: FakeObjects;
  constructor(store: FakeStore, objects: FakeObjects) {
    this.store = store;
    this.#objects = objects;
  }
  #must({ uploadId }: UploadTarget): Upload {
    return this.store.openUploads.get(uploadId) ?? fail("NoSuchUpload", { elements: { UploadId: uploadId } });
  }
  access(_bucket: Bucket, target: UploadTarget): Promise<EncryptionHeaders | undefined> {
    return Promise.resolve(this.store.openUploads.get(target.uploadId)?.input.encryption);
  }
  async create(_caller: Caller, _bucket: Bucket, input: CreateUploadInput): Promise<CreateUploadResult> {
    await this.store.note("create", input);
    const uploadId = `upload-${this.store.openUploads.size + 1}`;
    this.store.openUploads.set(uploadId, { target: { key: input.key, uploadId }, input, parts: new Map() });
    return {
      uploadId,
      encryption: shown(input.encryption),
      ...(input.checksumAlgorithm === undefined
        ? {}
        : { checksumAlgorithm: input.checksumAlgorithm, checksumType: input.checksumType ?? "COMPOSITE" }),
    };
  }
  async putPart(_caller: Caller, _bucket: Bucket, input: UploadPartInput, body: Body) {
    await this.store.note("putPart", input);
    const upload = this.#must(input);
    const data = await readBody(body);
    upload.parts.set(input.partNumber, { data, etag: md5(data) });
    return { etag: md5(data), lastModifiedMs: this.store.nowMs, encryption: shown(upload.input.encryption) };
  }
  async copyPart(_caller: Caller, _bucket: Bucket, input: Parameters<UploadsService["copyPart"]>[2]) {
    await this.store.note("copyPart", input);
    const upload = this.#must(input);
    const { data } = this.store.must(input.source.bucket, input.source.key);
    const part = input.range === undefined ? data : data.subarray(input.range.from, input.range.to + 1);
    upload.parts.set(input.partNumber, { data: part, etag: md5(part) });
    return { etag: md5(part), lastModifiedMs: this.store.nowMs, encryption: shown(upload.input.encryption) };
  }
  async complete(_caller: Caller, bucket: Bucket, input: CompleteUploadInput): Promise<WriteResult> {
    await this.store.note("complete", input);
    const upload = this.#must(input);
    const parts = input.parts.map((part) => upload.parts.get(part.partNumber) ?? fail("InvalidPart"));
    const etag = `${md5(Buffer.concat(parts.map((p) => Buffer.from(p.etag, "hex"))))}-${parts.length}`;
    this.store.openUploads.delete(input.uploadId);
    return this.#objects.save(
      bucket,
      upload.input,
      Buffer.concat(parts.map((p) => p.data)),
      etag,
      parts.length,
    );
  }
  abort(_caller: Caller, _bucket: Bucket, target: UploadTarget): Promise<void> {
    this.#must(target);
    this.store.openUploads.delete(target.uploadId);
    return Promise.resolve();
  }
  async listParts(_caller: Caller, _bucket: Bucket, input: ListPartsInput) {
    await this.store.note("listParts", input);
    const upload = this.#must(input);
    const all = [...upload.parts].filter(([n]) => n > input.after).toSorted(([a], [b]) => a - b);
    return {
      parts: all.slice(0, input.max).map(([partNumber, { data, etag }]) => ({
        partNumber,
        etag,
        size: data.length,
        lastModifiedMs: this.store.nowMs,
      })),
      more: all.length > input.max,
      initiator: ownerOf(ACCOUNT),
    };
  }
  async listUploads(_bucket: Bucket, input: ListUploadsInput) {
    await this.store.note("listUploads", input);
    const items = [...this.store.openUploads.values()].map(({ target }) => ({
      kind: "upload" as const,
      upload: { ...target, initiatedMs: this.store.nowMs, initiator: ownerOf(ACCOUNT) },
    }));
    return { items, more: false };
  }
}

export function ownerOf(account: AccountId) {
  return { account, canonicalId: createHash("sha256").update(account).digest("hex"), displayName: "root" };
}

/** Tokens that can be told from others; the real ones are sealed. */
export const fakeTokens: Tokens = {
  seal: (purpose, text) => Buffer.from(`${purpose}:${text}`).toString("base64url"),
  open(purpose, token) {
    const text = Buffer.from(token, "base64url").toString();
    if (!text.startsWith(`${purpose}:`)) {
      fail("InvalidArgument", {
        message: "The continuation token provided is incorrect",
        elements: { ArgumentName: "continuation-token" },
      });
    }
    return text.slice(purpose.length + 1);
  },
};
