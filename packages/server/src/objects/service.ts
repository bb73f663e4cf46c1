/** Puts the layer together: what every operation shares, and the operations by name. */
import type { Caller } from "../base/caller.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { ObjectKey } from "../base/ids.ts";
import { COPIES_AT_ONCE } from "../base/limits.ts";
import { Turns } from "../base/turns.ts";
import type { KeyService } from "../kms/port.ts";
import { DamagedRows } from "../store/damaged-rows.ts";
import type { Records } from "../store/records.ts";
import type {
  AttributesInput,
  AttributesResult,
  Body,
  Bucket,
  CopyObjectInput,
  CopyResult,
  DeleteInput,
  DeleteResult,
  ListInput,
  ListResult,
  ListVersionsInput,
  ListVersionsResult,
  ObjectsService,
  PutObjectInput,
  ReadInput,
  ReadResult,
  Tag,
  UpdateEncryptionInput,
  WriteResult,
} from "./api.ts";
import { objectAttributes } from "./attributes.ts";
import { copyObject } from "./copy.ts";
import type { Core } from "./core.ts";
import { deleteObject } from "./delete.ts";
import { BUCKET_KEY_LIMITS, BucketKeys, type BucketKeyLimits } from "./encryption/bucket-keys.ts";
import { EpochKeys, type KeyringSource } from "./encryption/epoch-keys.ts";
import { getObject, headObject } from "./get.ts";
import { listObjects } from "./listing/list-objects.ts";
import { listVersions } from "./listing/list-versions.ts";
import { type Metrics, NO_METRICS } from "./metrics.ts";
import { Publisher, targetOf } from "./publish.ts";
import { findObject } from "./read-open.ts";
import { putObject } from "./put.ts";
import { updateEncryption } from "./update-encryption.ts";
import { getTags, putTags } from "./tags.ts";

export interface CoreOptions {
  readonly records: Records;
  readonly keyring: KeyringSource;
  readonly kms: KeyService;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly bucketKeyLimits?: BucketKeyLimits;
  /** Told of what a removed version leaves behind. */
  readonly damaged?: DamagedRows;
}
const PASSED_OVER = new DamagedRows(() => {});

/** Shared by the objects and the uploads service. */
export function makeCore(options: CoreOptions): Core {
  const { records, kms } = options;
  const clock = options.clock ?? systemClock;
  const metrics = options.metrics ?? NO_METRICS;
  const epochs = new EpochKeys(records, options.keyring, clock);
  const bucketKeys = new BucketKeys(kms, metrics, clock, options.bucketKeyLimits ?? BUCKET_KEY_LIMITS);
  return {
    records,
    publisher: new Publisher(records, options.damaged ?? PASSED_OVER),
    sources: { kms, epochs, bucketKeys, metrics },
    clock,
    copies: new Turns(COPIES_AT_ONCE),
  };
}

export class Objects implements ObjectsService {
  readonly core: Core;

  constructor(options: CoreOptions | Core) {
    this.core = "publisher" in options ? options : makeCore(options);
  }

  put(caller: Caller, bucket: Bucket, input: PutObjectInput, body: Body): Promise<WriteResult> {
    return putObject(this.core, caller, bucket, input, body);
  }
  get(caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult> {
    return getObject(this.core, caller, bucket, input);
  }
  head(caller: Caller, bucket: Bucket, input: ReadInput): Promise<ReadResult> {
    return headObject(this.core, caller, bucket, input);
  }
  attributes(caller: Caller, bucket: Bucket, input: AttributesInput): Promise<AttributesResult> {
    return objectAttributes(this.core, caller, bucket, input);
  }
  copy(caller: Caller, bucket: Bucket, input: CopyObjectInput): Promise<CopyResult> {
    return copyObject(this.core, caller, bucket, input);
  }
  updateEncryption(caller: Caller, bucket: Bucket, input: UpdateEncryptionInput): Promise<void> {
    return updateEncryption(this.core, caller, bucket, input);
  }
  delete(caller: Caller, bucket: Bucket, input: DeleteInput): Promise<DeleteResult> {
    return deleteObject(this.core, caller, bucket, input);
  }
  list(bucket: Bucket, input: ListInput): Promise<ListResult> {
    return listObjects(this.core.records, bucket, input);
  }
  listVersions(bucket: Bucket, input: ListVersionsInput): Promise<ListVersionsResult> {
    return listVersions(this.core, bucket, input);
  }
  async requireObject(bucket: Bucket, key: ObjectKey, versionId: string | undefined): Promise<void> {
    await findObject(this.core, targetOf(bucket, key), versionId);
  }
  getTags(
    bucket: Bucket,
    key: ObjectKey,
    versionId: string | undefined,
  ): Promise<{ readonly versionId?: string; readonly tags: readonly Tag[] }> {
    return getTags(this.core, bucket, key, versionId);
  }
  putTags(
    _caller: Caller,
    bucket: Bucket,
    key: ObjectKey,
    versionId: string | undefined,
    tags: readonly Tag[],
  ): Promise<{ readonly versionId?: string }> {
    return putTags(this.core, bucket, key, versionId, tags);
  }
}
