/**
 * Buckets by name. Names are global; a bucket's own id is random, so that one made again under an old name sees nothing
 * old. Settings change by compare-and-swap on the record and are read at every request, checked against the owner's list.
 */
import { fail, IntegrityError } from "../../base/errors.ts";
import { accountOf, type Caller } from "../../base/caller.ts";
import type { Clock } from "../../base/clock.ts";
import {
  type AccountId,
  type BucketId,
  type BucketName,
  newBucketId,
  newRev,
  parseBucketName,
} from "../../base/ids.ts";
import { BUCKET_LIST_CHUNK, BUCKETS_CACHED_MAX, BUCKETS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import { CountedRecords } from "../../store/counted.ts";
import { countedCodec, entryRow, listKey } from "../../store/list-page.ts";
import type { Expect, Row, RowKey } from "../../store/port.ts";
import { type Entry, type Records, unchanged } from "../../store/records.ts";
import { Remembered } from "../../store/remembered.ts";
import { type Draft, retrying } from "../../store/retry.ts";
import type {
  Bucket,
  Buckets,
  CorsRule,
  DefaultEncryption,
  NewBucketPolicy,
  PublicAccess,
  Tag,
} from "../api.ts";
import { lifeCodec } from "../rows/codecs.ts";
import { sameBytes } from "../rows/content-record.ts";
import { lifeRow } from "../rows/life.ts";
import {
  ALL_BLOCKED,
  bucketCodec,
  bucketOf,
  type BucketRecord,
  bucketRow,
  bucketsOf,
  policyCodec,
  policyRow,
  type PolicyRecord,
} from "./bucket-record.ts";
import { corsCodec, corsRow } from "./cors-record.ts";
import { beginRemoval, finishRemoval, isEmpty, type Removal } from "./remove.ts";

export interface BucketsOptions {
  readonly records: Records;
  readonly clock: Clock;
  /** New buckets refuse SSE-C writes (spec C.9); off: the block is absent until it is set. */
  readonly blockSsecOnNew?: boolean;
  /** False: new buckets block no public policy. */
  readonly blockPublicOnNew?: boolean;
  /** After a bucket has gone: what others keep of it in memory. */
  readonly onRemoved?: (id: BucketId) => void;
}

/** A bucket that was read while another process changed it is read again; more in a row than this is no race. */
const TORN_READS_MAX = 5;
const NAMES = new TextDecoder();
const NO_BINDINGS: ReadonlyMap<string, string> = new Map();

export class BucketStore implements Buckets {
  readonly #records: Records;
  readonly #counted: CountedRecords;
  readonly #options: BucketsOptions;
  readonly #remembered: Remembered<Bucket>;
  /** The same object as long as record and policy are the same: others hang what they derive on it. */
  readonly #shown = new WeakMap<BucketRecord, Bucket>();

  constructor(options: BucketsOptions) {
    this.#records = options.records;
    this.#counted = new CountedRecords(options.records);
    this.#options = options;
    this.#remembered = new Remembered(options.records.store, BUCKETS_CACHED_MAX);
  }

  /**
   * Every request comes through here. What was verified before holds as long as its row, its life row and the head of its
   * owner's list have not changed: a comparison of three revisions, no row copied and no cipher call.
   */
  find(name: BucketName): Bucket | undefined | Promise<Bucket | undefined> {
    const kept = this.#remembered.get(name);
    if (kept instanceof Promise) return kept.then((known) => known ?? this.#findAndVerify(name));
    return kept ?? this.#findAndVerify(name);
  }

  async #findAndVerify(name: BucketName): Promise<Bucket | undefined> {
    let problem: unknown;
    for (let tries = 0; tries < TORN_READS_MAX; tries++) {
      const row = bucketRow(name);
      const [stored] = await this.#records.store.get([row]);
      if (stored === undefined) return undefined;
      const { owner, id } = (await this.#records.open(countedCodec(bucketCodec), "bucket", stored)).value
        .value;
      // Read before anything is verified: whatever changes from here on differs from these revisions.
      const rows = [row, lifeRow(id), { table: "list" as const, key: listKey(bucketsOf(owner), 0) }];
      const before = await this.#records.store.get(rows);
      const entry = await this.#read(name).catch((error: unknown) => {
        if (!(error instanceof IntegrityError)) throw error;
        problem = error;
        return "torn" as const;
      });
      if (entry === undefined) return undefined;
      if (entry === "torn") continue;
      const bucket = await this.#complete(name, entry.value);
      if (bucket === "torn") continue;
      if (bucket !== undefined) this.#remember(name, rows, before, bucket);
      return bucket;
    }
    throw problem instanceof Error ? problem : new IntegrityError("a bucket's records don't fit together");
  }

  #remember(
    name: BucketName,
    rows: readonly RowKey[],
    before: readonly (Row | undefined)[],
    bucket: Bucket,
  ): void {
    const seen: Expect[] = [];
    for (const [i, { table, key }] of rows.entries()) {
      const rev = before[i]?.rev;
      if (rev === undefined) return;
      seen.push({ table, key, rev });
    }
    this.#remembered.set(name, bucket, seen);
  }

  /** The record, checked against its owner's list. */
  async #read(name: BucketName): Promise<Entry<BucketRecord> | undefined> {
    const row = bucketRow(name);
    const [stored] = await this.#records.store.get([row]);
    if (stored === undefined) return undefined;
    const { value } = await this.#records.open(countedCodec(bucketCodec), "bucket", stored);
    return this.#counted.get(bucketCodec, bucketsOf(value.value.owner), row);
  }

  /** With life, policy and CORS rules. An old removal is finished by whoever meets it. */
  async #complete(name: BucketName, record: BucketRecord): Promise<Bucket | undefined | "torn"> {
    const [life, policyStored, corsStored] = await this.#records.store.get([
      lifeRow(record.id),
      policyRow(record.id),
      corsRow(record.id),
    ]);
    if (life === undefined) return "torn";
    if ((await this.#records.open(lifeCodec, "life", life)).value === "deleting") {
      await this.#finish(name, record);
      return (await this.#read(name)) === undefined ? undefined : "torn";
    }
    const known = this.#shown.get(record);
    if (known !== undefined) return known;
    let policy: PolicyRecord | undefined;
    if (record.policy !== undefined) {
      if (policyStored === undefined) return "torn";
      policy = (await this.#records.open(policyCodec, "config", policyStored)).value;
      if (!sameBytes(policy.revision, record.policy)) return "torn";
    }
    let cors: readonly CorsRule[] | undefined;
    if (record.cors !== undefined) {
      if (corsStored === undefined) return "torn";
      const { revision, rules } = (await this.#records.open(corsCodec, "config", corsStored)).value;
      if (!sameBytes(revision, record.cors)) return "torn";
      cors = rules;
    }
    const bucket = bucketOf(name, record, policy, cors);
    this.#shown.set(record, bucket);
    return bucket;
  }

  async #finish(name: BucketName, record: BucketRecord): Promise<"removed" | "kept"> {
    const end = await finishRemoval(this.#removal(name, record));
    if (end === "removed") this.#options.onRemoved?.(record.id);
    return end;
  }

  #removal(name: BucketName, record: BucketRecord): Removal {
    return { records: this.#records, clock: this.#options.clock, counted: this.#counted, name, record };
  }

  async create(
    caller: Caller,
    name: BucketName,
    input: { readonly region: string; readonly tags?: readonly Tag[] },
  ): Promise<Bucket> {
    const owner = accountOf(caller.principal) ?? fail("AccessDenied");
    const tags = noneIfEmpty(input.tags);
    return retrying<Bucket>(this.#records.store, async () => {
      const present = await this.find(name);
      if (present !== undefined) return { result: alreadyThere(present, owner, input.region, tags) };
      const record: BucketRecord = {
        id: newBucketId(),
        owner,
        createdMs: this.#options.clock.now(),
        region: input.region,
        versioning: "unversioned",
        encryption: this.#newBlock(),
        tags,
        policy: undefined,
        cors: undefined,
        publicAccess: this.#options.blockPublicOnNew === false ? undefined : ALL_BLOCKED,
        ownershipShown: true,
      };
      const row = bucketRow(name);
      const put = this.#counted.put(bucketCodec, row, record);
      const list = await this.#counted.draft(bucketsOf(owner), [put], (buckets) => {
        if (buckets >= BUCKETS_PER_ACCOUNT_MAX) fail("TooManyBuckets");
      });
      const draft: Draft = {
        expect: [{ ...row, rev: "absent" }, ...(list.expect ?? [])],
        put: [this.#records.seal(lifeCodec, "life", record.id, "active"), ...(list.put ?? [])],
      };
      return { draft, result: bucketOf(name, record, undefined, undefined) };
    });
  }

  #newBlock(): { readonly ssecBlocked?: boolean } {
    return this.#options.blockSsecOnNew === true ? { ssecBlocked: true } : {};
  }

  async delete(_caller: Caller, bucket: Bucket): Promise<void> {
    const entry = await this.#read(bucket.name);
    if (entry === undefined || !sameBytes(entry.value.id, bucket.id)) noBucket(bucket.name);
    if (!(await isEmpty(this.#records, bucket.id))) notEmpty(bucket);
    const mine = await beginRemoval(this.#removal(bucket.name, entry.value));
    if ((await this.#finish(bucket.name, entry.value)) === "kept") notEmpty(bucket);
    // Whoever only helped another removal to its end finds no bucket, as the next request will.
    if (!mine) noBucket(bucket.name);
  }

  async list(
    caller: Caller,
    input: { readonly prefix: string; readonly after?: string; readonly max: number },
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly more: boolean }> {
    const owner = accountOf(caller.principal) ?? fail("AccessDenied");
    const { prefix, after, max } = input;
    const names = (await this.#namesOf(owner))
      .filter((name) => name.startsWith(prefix) && (after === undefined || name > after))
      .toSorted();
    const buckets: Bucket[] = [];
    let at = 0;
    while (at < names.length && buckets.length < max) {
      const chunk = names.slice(at, at + Math.min(BUCKET_LIST_CHUNK, max - buckets.length));
      at += chunk.length;
      // What has gone since is left out.
      for (const found of await Promise.all(chunk.map(async (name) => this.find(name)))) {
        if (found !== undefined && found.owner === owner) buckets.push(found);
      }
    }
    return { buckets, more: at < names.length };
  }

  async #namesOf(owner: AccountId): Promise<readonly BucketName[]> {
    const entries = await this.#counted.entries(bucketsOf(owner));
    return Array.from(entries.keys(), (entry) => {
      const row = entryRow(entry);
      if (row?.table !== "bucket") throw new IntegrityError("an account's list of buckets has another row");
      return parseBucketName(NAMES.decode(row.key));
    });
  }

  setVersioning(_caller: Caller, bucket: Bucket, state: "enabled" | "suspended"): Promise<void> {
    return this.#change(bucket, (record) => ({ record: { ...record, versioning: state } }));
  }

  putEncryption(
    _caller: Caller,
    bucket: Bucket,
    change: { readonly rule?: DefaultEncryption; readonly ssecBlocked?: boolean },
  ): Promise<void> {
    return this.#change(bucket, (record) => {
      const rule = change.rule ?? record.encryption.rule;
      const ssecBlocked = change.ssecBlocked ?? record.encryption.ssecBlocked;
      const encryption = {
        ...(rule === undefined ? {} : { rule }),
        ...(ssecBlocked === undefined ? {} : { ssecBlocked }),
      };
      return { record: { ...record, encryption } };
    });
  }

  /** H.3: the rule goes, and the block is that of a new bucket again. */
  deleteEncryption(_caller: Caller, bucket: Bucket): Promise<void> {
    return this.#change(bucket, (record) => ({ record: { ...record, encryption: this.#newBlock() } }));
  }

  putTags(_caller: Caller, bucket: Bucket, tags: readonly Tag[] | undefined): Promise<void> {
    return this.#change(bucket, (record) => ({ record: { ...record, tags: noneIfEmpty(tags) } }));
  }

  putPolicy(_caller: Caller, bucket: Bucket, policy: NewBucketPolicy | undefined): Promise<void> {
    return this.#change(bucket, (record) => {
      const row = policyRow(record.id);
      if (policy === undefined) return { record: { ...record, policy: undefined }, also: { delete: [row] } };
      const { text, bindings = NO_BINDINGS } = policy;
      const revision = newRev();
      const put = this.#records.seal(policyCodec, "config", row.key, { revision, text, bindings });
      return { record: { ...record, policy: revision }, also: { put: [put] } };
    });
  }

  putCors(_caller: Caller, bucket: Bucket, rules: readonly CorsRule[] | undefined): Promise<void> {
    return this.#change(bucket, (record) => {
      const row = corsRow(record.id);
      if (rules === undefined) return { record: { ...record, cors: undefined }, also: { delete: [row] } };
      const revision = newRev();
      const put = this.#records.seal(corsCodec, "config", row.key, { revision, rules });
      return { record: { ...record, cors: revision }, also: { put: [put] } };
    });
  }

  putPublicAccess(_caller: Caller, bucket: Bucket, access: PublicAccess | undefined): Promise<void> {
    return this.#change(bucket, (record) => ({ record: { ...record, publicAccess: access } }));
  }

  showOwnership(_caller: Caller, bucket: Bucket, shown: boolean): Promise<void> {
    return this.#change(bucket, (record) => ({ record: { ...record, ownershipShown: shown } }));
  }

  /** Reads, changes and commits until nobody came between. */
  #change(
    bucket: Bucket,
    change: (record: BucketRecord) => {
      readonly record: BucketRecord;
      /** The row that the record pins. */
      readonly also?: Draft;
    },
  ): Promise<void> {
    return retrying<void>(this.#records.store, async () => {
      const entry = await this.#read(bucket.name);
      if (entry === undefined || !sameBytes(entry.value.id, bucket.id)) noBucket(bucket.name);
      const changed = change(entry.value);
      const row = bucketRow(bucket.name);
      const parent = bucketsOf(entry.value.owner);
      const list = await this.#counted.draft(parent, [this.#counted.put(bucketCodec, row, changed.record)]);
      const { also = {} } = changed;
      const draft: Draft = {
        expect: [unchanged(entry), ...(list.expect ?? [])],
        put: [...(list.put ?? []), ...(also.put ?? [])],
        delete: [...(list.delete ?? []), ...(also.delete ?? [])],
      };
      return { draft, result: undefined };
    });
  }
}

/** No tags are no tag set. */
const noneIfEmpty = (tags: readonly Tag[] | undefined): readonly Tag[] | undefined =>
  tags?.length === 0 ? undefined : tags;

/** In us-east-1 making one's own bucket again succeeds and changes nothing; with tags, even its own, it fails. */
function alreadyThere(
  present: Bucket,
  owner: AccountId,
  region: string,
  tags: readonly Tag[] | undefined,
): Bucket {
  const elements = { BucketName: present.name };
  if (present.owner !== owner) fail("BucketAlreadyExists", { elements });
  if (region !== "us-east-1" || tags !== undefined) fail("BucketAlreadyOwnedByYou", { elements });
  return present;
}

function notEmpty({ name, versioning }: Bucket): never {
  const message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
  const elements = { BucketName: name };
  fail("BucketNotEmpty", { elements, ...(versioning === "unversioned" ? {} : { message }) });
}

function noBucket(name: BucketName): never {
  fail("NoSuchBucket", { elements: { BucketName: name } });
}
