/** The store as the model sees it: one call a method, each over a connection of its own, so that any worker may answer. */
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Served } from "../serve.ts";
import type { ListedVersion } from "./bucket.ts";

const KEY = Buffer.alloc(32, "model");
export const SSEC = {
  SSECustomerAlgorithm: "AES256",
  SSECustomerKey: KEY.toString("base64"),
  SSECustomerKeyMD5: createHash("md5").update(KEY).digest("base64"),
};
const SOURCE_SSEC = {
  CopySourceSSECustomerAlgorithm: SSEC.SSECustomerAlgorithm,
  CopySourceSSECustomerKey: SSEC.SSECustomerKey,
  CopySourceSSECustomerKeyMD5: SSEC.SSECustomerKeyMD5,
};
const version = (VersionId: string | undefined) => (VersionId === undefined ? {} : { VersionId });
const encryption = (ssec: boolean) => (ssec ? SSEC : {});

/** The answer, or the code of the refusal. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name;
    throw error;
  }
}

export class Client {
  readonly #s3: S3Client;

  constructor(served: Served) {
    this.#s3 = served.s3({ requestHandler: { httpAgent: new Agent({ keepAlive: false }) } });
  }

  destroy(): void {
    this.#s3.destroy();
  }

  createBucket(Bucket: string): Promise<unknown> {
    return this.#s3.send(new CreateBucketCommand({ Bucket }));
  }
  deleteBucket(Bucket: string): Promise<unknown> {
    return this.#s3.send(new DeleteBucketCommand({ Bucket }));
  }
  setVersioning(Bucket: string, Status: "Enabled" | "Suspended"): Promise<unknown> {
    return this.#s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  }

  put(
    Bucket: string,
    Key: string,
    Body: Buffer,
    more: Partial<PutObjectCommandInput> & { readonly ssec?: boolean } = {},
  ) {
    const { ssec = false, ...rest } = more;
    return this.#s3.send(new PutObjectCommand({ Bucket, Key, Body, ...encryption(ssec), ...rest }));
  }

  async get(Bucket: string, Key: string, id: string | undefined, ssec: boolean, Range?: string) {
    const range = Range === undefined ? {} : { Range };
    const got = await this.#s3.send(
      new GetObjectCommand({ Bucket, Key, ...version(id), ...encryption(ssec), ...range }),
    );
    return { ...got, bytes: Buffer.from((await got.Body?.transformToByteArray()) ?? []) };
  }
  head(Bucket: string, Key: string, id: string | undefined, ssec: boolean) {
    return this.#s3.send(new HeadObjectCommand({ Bucket, Key, ...version(id), ...encryption(ssec) }));
  }
  delete(Bucket: string, Key: string, id?: string) {
    return this.#s3.send(new DeleteObjectCommand({ Bucket, Key, ...version(id) }));
  }
  deleteMany(Bucket: string, entries: readonly { readonly key: string; readonly id?: string }[]) {
    const Objects = entries.map(({ key, id }) => ({ Key: key, ...version(id) }));
    return this.#s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }

  copy(
    from: { readonly bucket: string; readonly key: string; readonly id?: string; readonly ssec: boolean },
    Bucket: string,
    Key: string,
    ssec: boolean,
    more: Partial<CopyObjectCommandInput> = {},
  ) {
    const path = encodeURIComponent(from.key).replaceAll("%2F", "/");
    const CopySource = `${from.bucket}/${path}${from.id === undefined ? "" : `?versionId=${from.id}`}`;
    const source = from.ssec ? SOURCE_SSEC : {};
    return this.#s3.send(
      new CopyObjectCommand({ Bucket, Key, CopySource, ...source, ...encryption(ssec), ...more }),
    );
  }

  async tags(Bucket: string, Key: string, id: string | undefined): Promise<ReadonlyMap<string, string>> {
    const { TagSet } = await this.#s3.send(new GetObjectTaggingCommand({ Bucket, Key, ...version(id) }));
    return new Map((TagSet ?? []).map(({ Key: key = "", Value = "" }) => [key, Value]));
  }
  setTags(Bucket: string, Key: string, id: string | undefined, tags: ReadonlyMap<string, string>) {
    const TagSet = Array.from(tags, ([key, Value]) => ({ Key: key, Value }));
    return this.#s3.send(new PutObjectTaggingCommand({ Bucket, Key, ...version(id), Tagging: { TagSet } }));
  }

  /** One part, sent twice: the second attempt is the one that counts. Aborted where `abort`. */
  async upload(Bucket: string, Key: string, body: Buffer, ssec: boolean, Metadata: Record<string, string>) {
    const { UploadId } = await this.#s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, Metadata, ...encryption(ssec) }),
    );
    const target = { Bucket, Key, UploadId };
    const part = { ...target, PartNumber: 7, ...encryption(ssec) };
    await this.#s3.send(new UploadPartCommand({ ...part, Body: Buffer.from("first attempt") }));
    const { ETag } = await this.#s3.send(new UploadPartCommand({ ...part, Body: body }));
    return {
      complete: () =>
        this.#s3.send(
          new CompleteMultipartUploadCommand({
            ...target,
            MultipartUpload: { Parts: [{ PartNumber: 7, ETag }] },
          }),
        ),
      abort: () => this.#s3.send(new AbortMultipartUploadCommand(target)),
    };
  }

  /** By pages of `MaxKeys`. */
  async list(Bucket: string, Prefix: string, Delimiter: string, MaxKeys: number): Promise<string[]> {
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix,
          MaxKeys,
          ...(Delimiter === "" ? {} : { Delimiter }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      found.push(...inOrder(page.Contents, page.CommonPrefixes));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return found;
  }

  async listVersions(Bucket: string, MaxKeys: number): Promise<ListedVersion[]> {
    const found: ListedVersion[] = [];
    let from: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
    while (from !== undefined) {
      const page: ListObjectVersionsCommandOutput = await this.#s3.send(
        new ListObjectVersionsCommand({ Bucket, MaxKeys, ...from }),
      );
      const rows = [
        ...(page.Versions ?? []).map((row) => ({ ...row, marker: false })),
        ...(page.DeleteMarkers ?? []).map((row) => ({ ...row, marker: true })),
      ];
      for (const { Key = "", VersionId = "", IsLatest = false, marker } of rows)
        found.push({ key: Key, id: VersionId, latest: IsLatest, marker });
      from =
        page.IsTruncated === true
          ? { KeyMarker: page.NextKeyMarker ?? "", VersionIdMarker: page.NextVersionIdMarker ?? "" }
          : undefined;
    }
    return found;
  }
}

function inOrder(
  contents: readonly { readonly Key?: string | undefined }[] = [],
  groups: readonly { readonly Prefix?: string | undefined }[] = [],
): string[] {
  const rows = [
    ...contents.map(({ Key = "" }) => ({ at: Key, shown: Key })),
    ...groups.map(({ Prefix = "" }) => ({ at: Prefix, shown: `group ${Prefix}` })),
  ];
  rows.sort((a, b) => Buffer.compare(Buffer.from(a.at), Buffer.from(b.at)));
  return rows.map(({ shown }) => shown);
}
