/**
 * migrate: brings V1 and V2 objects under a prefix to V3, in place. Resumable: finished keys are in the state file, and
 * what is V3 already is skipped. An object changed meanwhile is left alone (If-Match). A failing object stops nothing else.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import { ENVELOPE_NAMES, INSTRUCTION_SUFFIX, NAME } from "../envelope/names.ts";
import type { Inspection, S3EncryptionClient } from "../index.ts";
import { platform } from "../platform/node.ts";
import { type CommonOptions, clientOf, s3Of } from "./client-options.ts";
import { inspectorOf } from "./inspect.ts";
import { keyringOf } from "./keys.ts";
import type { S3Target } from "./target.ts";
import { type UploadFields, uploadStream } from "./upload.ts";

export interface MigrateOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly state?: string;
  readonly concurrency?: number;
}

export interface MigrateCounts {
  readonly migrated: number;
  readonly current: number;
  readonly plain: number;
  readonly failed: number;
}

type Outcome = keyof MigrateCounts;
export type Progress = (line: string) => void;
const CONCURRENCY_DEFAULT = 4;

export async function migrate(
  target: S3Target,
  options: MigrateOptions,
  progress: Progress,
): Promise<MigrateCounts> {
  const migration = new Migration(target, options, progress);
  return migration.run();
}

class Migration {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #options: MigrateOptions;
  readonly #progress: Progress;
  readonly #s3: S3Client;
  readonly #client: S3EncryptionClient;
  readonly #inspector: S3EncryptionClient;
  readonly #done: Set<string>;
  readonly #usesContext: boolean;
  readonly #counts = { migrated: 0, current: 0, plain: 0, failed: 0 };

  constructor({ Bucket, Key }: S3Target, options: MigrateOptions, progress: Progress) {
    this.#bucket = Bucket;
    this.#prefix = Key;
    this.#options = options;
    this.#progress = progress;
    this.#s3 = s3Of(options);
    this.#inspector = inspectorOf(options);
    const reading = { ...options, legacy: true, policy: "REQUIRE_ENCRYPT_ALLOW_DECRYPT" } as const;
    // Delayed authentication is safe: an upload completes only after the tag of what it copies was checked.
    this.#client = clientOf({ ...reading, instructionFile: false }, { enableDelayedAuthentication: true });
    this.#usesContext = keyringOf(options)?.usesEncryptionContext ?? false;
    this.#done = new Set(readState(options.state, Bucket));
  }

  async run(): Promise<MigrateCounts> {
    const keys = this.#keys();
    const worker = async (): Promise<void> => {
      for (let next = await keys.next(); next.done !== true; next = await keys.next())
        await this.#one(next.value);
    };
    await Promise.all(Array.from({ length: this.#options.concurrency ?? CONCURRENCY_DEFAULT }, worker));
    return this.#counts;
  }

  async *#keys(): AsyncGenerator<string> {
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.#bucket, Prefix: this.#prefix });
    for await (const page of pages)
      for (const { Key } of page.Contents ?? []) if (Key !== undefined && !this.#done.has(Key)) yield Key;
  }

  async #one(key: string): Promise<void> {
    let outcome: Outcome;
    let note = "";
    try {
      [outcome, note] = await this.#migrate(key);
    } catch (error) {
      outcome = "failed";
      note = error instanceof Error ? `${error.name}: ${error.message}` : "unknown error";
    }
    this.#counts[outcome] += 1;
    const { migrated, current, plain, failed } = this.#counts;
    this.#progress(`[${migrated + current + plain + failed}] ${outcome} ${key}${note && ` (${note})`}`);
    const { state, dryRun } = this.#options;
    if (state !== undefined && dryRun !== true && outcome !== "failed")
      appendFileSync(state, `${JSON.stringify([this.#bucket, key])}\n`);
  }

  async #migrate(key: string): Promise<[Outcome, string]> {
    const at = { Bucket: this.#bucket, Key: key };
    const found: Inspection = await this.#inspector.inspect(at);
    if (!found.encrypted) {
      const isFile = found.head.Metadata?.[NAME.fileMarker] !== undefined;
      return ["plain", isFile ? "instruction file" : "not encrypted by the client"];
    }
    const { format, wrappingAlgorithm, inInstructionFile } = found.encryption;
    const how = `${format}, ${wrappingAlgorithm}`;
    if (format === "V3") return ["current", how];
    if (this.#options.dryRun === true) return ["migrated", `${how}; dry run`];
    // The context that the object was written with, minus the client's own entries: KMS authenticates it.
    const { "aws:x-amz-cek-alg": _suite, kms_cmk_id: _id, ...stored } = found.encryption.description;
    const context = wrappingAlgorithm === "kms+context" ? stored : {};
    const pin = found.head.ETag === undefined ? {} : { IfMatch: found.head.ETag };
    const reader = this.#client.with({ encryptionContext: context });
    const output = await reader.send(new GetObjectCommand({ ...at, ...pin }));
    if (output.Body === undefined) throw new Error("no body");
    const fields = { ...at, ...pin, ...(await this.#carriedOver(at, output)) };
    const bound = this.#usesContext ? (this.#options.context ?? context) : {};
    await uploadStream(
      this.#client.with({ encryptionContext: bound }),
      fields,
      platform.chunksOf(output.Body),
    );
    if (inInstructionFile)
      await this.#s3.send(new DeleteObjectCommand({ Bucket: at.Bucket, Key: key + INSTRUCTION_SUFFIX }));
    return ["migrated", how];
  }

  /** What belongs to the object and not to its encryption. */
  async #carriedOver(at: S3Target, output: GetObjectCommandOutput): Promise<Partial<UploadFields>> {
    const own = Object.entries(output.Metadata ?? {}).filter(([name]) => !ENVELOPE_NAMES.has(name));
    const tags = (output.TagCount ?? 0) > 0 ? await this.#tags(at) : undefined;
    const { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage } = output;
    const { Expires, StorageClass, WebsiteRedirectLocation } = output;
    // The server's encryption as it was: the bucket's default may be another by now.
    const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = output;
    const server = { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled };
    const headers = { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage };
    const all = { ...headers, ...server, Expires, StorageClass, WebsiteRedirectLocation, Tagging: tags };
    return {
      Metadata: Object.fromEntries(own),
      ...Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined)),
    };
  }

  async #tags(at: S3Target): Promise<string> {
    const { TagSet } = await this.#s3.send(new GetObjectTaggingCommand(at));
    return new URLSearchParams(TagSet?.map(({ Key, Value }) => [Key ?? "", Value ?? ""])).toString();
  }
}

function readState(path: string | undefined, bucket: string): string[] {
  if (path === undefined || !existsSync(path)) return [];
  const keys: string[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line === "") continue;
    const row: unknown = JSON.parse(line);
    if (Array.isArray(row) && row[0] === bucket && typeof row[1] === "string") keys.push(row[1]);
  }
  return keys;
}
