/** The random walk: a step changes store and model alike, and everything that can be seen of the step is compared. */
import assert from "node:assert/strict";
import { type Content, ModelBucket, NULL, type Stored } from "./bucket.ts";
import { type Client, codeOf } from "./client.ts";
import { Look, someVersion } from "./look.ts";
import { Random } from "./random.ts";

const BUCKETS = ["walk-a", "walk-b"];
/** Neighbours in the order of bytes, groups, and keys that a path would fold. */
const KEYS = ["a", "a/", "a/b", "a/b/c", "a//b", "a/../b", "a0", "b", "ü", "ｚ", "😀", "z"];
/** Empty, within a segment, at its edge, over it; inline and in a blob. */
const SIZES = [0, 1, 1000, 36_864, 65_536, 65_537, 200_000];
const NO_TAGS: ReadonlyMap<string, string> = new Map();

type Step = (bucket: string, model: ModelBucket) => Promise<void>;

export class Walk {
  readonly #client: Client;
  readonly #random: Random;
  readonly #look: Look;
  readonly #models = new Map<string, ModelBucket>();
  readonly log: string[] = [];

  constructor(client: Client, seed: number) {
    this.#client = client;
    this.#random = new Random(seed);
    this.#look = new Look(client, this.#random, KEYS, (text) => this.#say(text));
  }

  async run(steps: number): Promise<void> {
    const choices: readonly (readonly [number, Step])[] = [
      [20, (bucket, model) => this.#put(bucket, model)],
      [6, (bucket, model) => this.#putIf(bucket, model)],
      [4, (bucket, model) => this.#upload(bucket, model)],
      [6, (bucket, model) => this.#copy(bucket, model)],
      [8, (bucket, model) => this.#delete(bucket, model)],
      [4, (bucket, model) => this.#deleteVersion(bucket, model)],
      [2, (bucket, model) => this.#deleteMany(bucket, model)],
      [4, (bucket, model) => this.#tag(bucket, model)],
      [3, (bucket, model) => this.#setVersioning(bucket, model)],
      [2, (bucket, model) => this.#race(bucket, model)],
      [1, (bucket, model) => this.#empty(bucket, model)],
      [14, (bucket, model) => this.#look.read(bucket, model)],
      [5, (bucket, model) => this.#look.list(bucket, model)],
    ];
    for (let i = 0; i < steps; i++) {
      const bucket = this.#random.of(BUCKETS);
      const model = await this.#bucket(bucket);
      await this.#random.weighted(choices)(bucket, model);
    }
    for (const [bucket, model] of this.#models) await this.#look.compare(bucket, model);
  }

  async #bucket(name: string): Promise<ModelBucket> {
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    await this.#client.createBucket(name);
    this.#say(`create ${name}`);
    const model = new ModelBucket();
    this.#models.set(name, model);
    return model;
  }

  #say(text: string): void {
    this.log.push(text);
  }
  #key(): string {
    return this.#random.of(KEYS);
  }
  #body(): Buffer {
    const size = this.#random.of(SIZES);
    return Buffer.alloc(size, `${this.#random.below(1_000_000)}.`);
  }

  /** The id that S3 names, or that it has where it names none. */
  #insert(model: ModelBucket, key: string, content: Content, shown: string | undefined): void {
    if (content.kind === "object") {
      assert.equal(
        shown === undefined,
        model.versioning !== "enabled",
        "a version id where versioning is on",
      );
    }
    model.insert(key, content, shown ?? NULL);
  }

  #stored(body: Buffer, ssec: boolean, etag: string | undefined, tags = NO_TAGS, note = ""): Stored {
    return { kind: "object", body, ssec, note, tags, etag: etag ?? "" };
  }

  async #put(bucket: string, model: ModelBucket): Promise<void> {
    const [key, body, ssec] = [this.#key(), this.#body(), this.#random.chance(4)];
    const note = String(this.#random.below(1000));
    const tags = this.#random.chance(3) ? new Map([["t", note]]) : NO_TAGS;
    this.#say(`put ${bucket} ${key} ${body.length}${ssec ? " ssec" : ""}`);
    const tagging = tags.size === 0 ? {} : { Tagging: `t=${note}` };
    const put = await this.#client.put(bucket, key, body, { ssec, Metadata: { note }, ...tagging });
    this.#insert(model, key, this.#stored(body, ssec, put.ETag, tags, note), put.VersionId);
  }

  async #putIf(bucket: string, model: ModelBucket): Promise<void> {
    const [key, body] = [this.#key(), this.#body()];
    const current = model.current(key);
    const [condition, holds] = this.#random.of([
      [{ IfNoneMatch: "*" }, current === undefined],
      [{ IfMatch: current?.etag ?? '"none"' }, current !== undefined],
      [{ IfMatch: '"another"' }, false],
    ] as const);
    this.#say(`put ${bucket} ${key} if ${JSON.stringify(condition)}`);
    if (!holds) {
      const absent = current === undefined && "IfMatch" in condition;
      const code = await codeOf(this.#client.put(bucket, key, body, condition));
      assert.equal(code, absent ? "NoSuchKey" : "PreconditionFailed");
      return;
    }
    const put = await this.#client.put(bucket, key, body, condition);
    this.#insert(model, key, this.#stored(body, false, put.ETag), put.VersionId);
  }

  async #upload(bucket: string, model: ModelBucket): Promise<void> {
    const [key, body, ssec] = [this.#key(), this.#body(), this.#random.chance(4)];
    const note = String(this.#random.below(1000));
    const upload = await this.#client.upload(bucket, key, body, ssec, { note });
    if (this.#random.chance(4)) {
      this.#say(`upload ${bucket} ${key} aborted`);
      await upload.abort();
      assert.equal(await codeOf(upload.complete()), "NoSuchUpload");
      return;
    }
    this.#say(`upload ${bucket} ${key} ${body.length}${ssec ? " ssec" : ""}`);
    const done = await upload.complete();
    this.#insert(model, key, this.#stored(body, ssec, done.ETag, NO_TAGS, note), done.VersionId);
    // Said again, it is the same answer and changes nothing.
    assert.deepEqual([(await upload.complete()).ETag], [done.ETag]);
  }

  async #copy(bucket: string, model: ModelBucket): Promise<void> {
    const from = this.#random.of([...this.#models.keys()]);
    const [sourceKey, key, ssec] = [this.#key(), this.#key(), this.#random.chance(4)];
    const versions = this.#models.get(from)?.versions(sourceKey) ?? [];
    const byId = this.#random.chance(2) && versions.length > 0;
    const source = byId ? this.#random.of(versions) : versions[0];
    const replaces = this.#random.chance(2) || (from === bucket && sourceKey === key);
    const id = byId ? source?.id : undefined;
    this.#say(`copy ${from} ${sourceKey} ${id} to ${bucket} ${key}${ssec ? " ssec" : ""}`);
    const note = String(this.#random.below(1000));
    const place = { bucket: from, key: sourceKey, ...(id === undefined ? {} : { id }) };
    const replacing = replaces ? { MetadataDirective: "REPLACE" as const, Metadata: { note } } : {};
    if (source?.kind !== "object") {
      const call = this.#client.copy({ ...place, ssec: false }, bucket, key, ssec, replacing);
      assert.equal(await codeOf(call), byId ? "InvalidRequest" : "NoSuchKey");
      return;
    }
    const copied = await this.#client.copy({ ...place, ssec: source.ssec }, bucket, key, ssec, replacing);
    const { body, tags } = source;
    const content = this.#stored(
      body,
      ssec,
      copied.CopyObjectResult?.ETag,
      tags,
      replaces ? note : source.note,
    );
    // A copy, unlike other writes, names the null version that it makes.
    assert.equal(copied.VersionId === NULL, model.versioning === "suspended");
    this.#insert(model, key, content, copied.VersionId === NULL ? undefined : copied.VersionId);
  }

  async #delete(bucket: string, model: ModelBucket): Promise<void> {
    const key = this.#key();
    this.#say(`delete ${bucket} ${key}`);
    const { DeleteMarker, VersionId } = await this.#client.delete(bucket, key);
    assert.equal(DeleteMarker ?? false, model.versioning !== "unversioned");
    this.#deleted(model, key, VersionId);
  }

  #deleted(model: ModelBucket, key: string, marker: string | undefined): void {
    if (model.versioning === "unversioned") {
      assert.equal(marker, undefined);
      model.remove(key, NULL);
    } else {
      assert.equal(marker === NULL, model.versioning === "suspended");
      model.insert(key, { kind: "marker" }, marker ?? NULL);
    }
  }

  async #deleteVersion(bucket: string, model: ModelBucket): Promise<void> {
    const key = this.#key();
    const version = someVersion(this.#random, model, key);
    const id = version?.id ?? NULL;
    this.#say(`delete ${bucket} ${key} ${id}`);
    const { DeleteMarker, VersionId } = await this.#client.delete(bucket, key, id);
    assert.equal(DeleteMarker ?? false, version?.kind === "marker");
    assert.equal(VersionId, id);
    model.remove(key, id);
  }

  async #deleteMany(bucket: string, model: ModelBucket): Promise<void> {
    const keys = KEYS.filter(() => this.#random.chance(3));
    if (keys.length === 0) return;
    this.#say(`delete ${bucket} ${keys.join(", ")}`);
    const { Deleted = [], Errors } = await this.#client.deleteMany(
      bucket,
      keys.map((key) => ({ key })),
    );
    assert.equal(Errors, undefined);
    for (const key of keys) {
      const entry = Deleted.find(({ Key }) => Key === key);
      assert.ok(entry !== undefined, `${key} has an entry`);
      this.#deleted(model, key, entry.DeleteMarkerVersionId);
    }
  }

  async #tag(bucket: string, model: ModelBucket): Promise<void> {
    const key = this.#key();
    const version = someVersion(this.#random, model, key);
    if (version?.kind !== "object") return;
    const tags = new Map([["n", String(this.#random.below(1000))]]);
    this.#say(`tag ${bucket} ${key} ${version.id}`);
    await this.#client.setTags(bucket, key, version.id, tags);
    model.replace(key, version.id, { tags });
  }

  async #setVersioning(bucket: string, model: ModelBucket): Promise<void> {
    const state = this.#random.of(["Enabled", "Enabled", "Suspended"] as const);
    this.#say(`versioning ${bucket} ${state}`);
    await this.#client.setVersioning(bucket, state);
    model.versioning = state === "Enabled" ? "enabled" : "suspended";
  }

  /** Writers of one key at once: each has its version, and one is the last. */
  async #race(bucket: string, model: ModelBucket): Promise<void> {
    const key = this.#key();
    const bodies = Array.from({ length: 4 }, () => this.#body());
    this.#say(`race ${bucket} ${key}`);
    const puts = await Promise.all(bodies.map((body) => this.#client.put(bucket, key, body)));
    const made = puts.map(({ VersionId, ETag }, i) => ({
      ...this.#stored(bodies[i] ?? Buffer.alloc(0), false, ETag),
      id: VersionId ?? NULL,
    }));
    if (model.versioning === "enabled") {
      const listed = (await this.#client.listVersions(bucket, 1000)).filter((row) => row.key === key);
      const newest = listed.slice(0, made.length).map(({ id }) => made.find((version) => version.id === id));
      for (const version of newest.toReversed()) {
        assert.ok(version !== undefined, "a version that was acknowledged is listed");
        model.insert(key, version, version.id);
      }
    } else {
      const { bytes } = await this.#client.get(bucket, key, undefined, false);
      const last = made.find(({ body }) => body.equals(bytes));
      assert.ok(last !== undefined, "the object is one of those that were put");
      model.insert(key, last, NULL);
    }
  }

  /** Everything goes, then the bucket; the next step makes it again under the same name. */
  async #empty(bucket: string, model: ModelBucket): Promise<void> {
    this.#say(`remove ${bucket}`);
    if (!model.isEmpty) {
      const code = await codeOf(this.#client.deleteBucket(bucket));
      assert.equal(code, "BucketNotEmpty");
      const rows = await this.#client.listVersions(bucket, 1000);
      const { Errors } = await this.#client.deleteMany(bucket, rows);
      assert.equal(Errors, undefined);
    }
    await this.#client.deleteBucket(bucket);
    this.#models.delete(bucket);
    assert.equal(await codeOf(this.#client.list(bucket, "", "", 10)), "NoSuchBucket");
    assert.equal(await codeOf(this.#client.put(bucket, "a", Buffer.from("late"))), "NoSuchBucket");
  }
}
