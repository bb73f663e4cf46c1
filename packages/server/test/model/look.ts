/** What the walk looks at: objects, versions, tags, ranges and lists, each held against the model. */
import assert from "node:assert/strict";
import type { ModelBucket, Stored, Version } from "./bucket.ts";
import { type Client, codeOf } from "./client.ts";
import type { Random } from "./random.ts";

export function someVersion(random: Random, model: ModelBucket, key: string): Version | undefined {
  const versions = model.versions(key);
  return versions.length === 0 ? undefined : random.of(versions);
}

export class Look {
  readonly #client: Client;
  readonly #random: Random;
  readonly #keys: readonly string[];
  readonly #say: (text: string) => void;

  constructor(client: Client, random: Random, keys: readonly string[], say: (text: string) => void) {
    this.#client = client;
    this.#random = random;
    this.#keys = keys;
    this.#say = say;
  }

  async read(bucket: string, model: ModelBucket): Promise<void> {
    const key = this.#random.of(this.#keys);
    const version = this.#random.chance(2) ? someVersion(this.#random, model, key) : undefined;
    const found = version ?? model.versions(key)[0];
    this.#say(`get ${bucket} ${key} ${version?.id}`);
    if (found?.kind === "object") {
      await this.#readObject(bucket, model, key, version?.id, found);
      return;
    }
    const code = await codeOf(this.#client.get(bucket, key, version?.id, false));
    assert.equal(code, version === undefined ? "NoSuchKey" : "MethodNotAllowed");
  }

  async #readObject(
    bucket: string,
    model: ModelBucket,
    key: string,
    id: string | undefined,
    found: Stored & { readonly id: string },
  ): Promise<void> {
    const { body, ssec, etag, note, tags } = found;
    const got = await this.#client.get(bucket, key, id, ssec);
    assert.ok(got.bytes.equals(body), "the bytes that were put");
    assert.equal(got.VersionId, model.versioning === "unversioned" ? undefined : found.id);
    const head = await this.#client.head(bucket, key, id, ssec);
    assert.deepEqual(
      [head.ETag, head.ContentLength, head.Metadata?.["note"] ?? "", head.TagCount ?? 0],
      [etag, body.length, note, tags.size],
    );
    assert.deepEqual(await this.#client.tags(bucket, key, id), tags);
    if (ssec) assert.equal(await codeOf(this.#client.get(bucket, key, id, false)), "InvalidRequest");
    if (body.length === 0) return;
    const from = this.#random.below(body.length);
    const to = from + this.#random.below(body.length);
    const part = await this.#client.get(bucket, key, id, ssec, `bytes=${from}-${to}`);
    assert.ok(part.bytes.equals(body.subarray(from, to + 1)), `bytes ${from} to ${to}`);
  }

  async list(bucket: string, model: ModelBucket): Promise<void> {
    const prefix = this.#random.of(["", "a", "a/", "a//", "ü", "none"]);
    const delimiter = this.#random.of(["", "/", "b", "/b"]);
    const size = 1 + this.#random.below(6);
    this.#say(`list ${bucket} ${prefix} by ${delimiter}, pages of ${size}`);
    assert.deepEqual(
      await this.#client.list(bucket, prefix, delimiter, size),
      [...model.list(prefix, delimiter)].toSorted(byPlace),
    );
    await this.compare(bucket, model, size);
  }

  async compare(bucket: string, model: ModelBucket, pageSize = 1000): Promise<void> {
    const listed = await this.#client.listVersions(bucket, pageSize);
    const place = ({ key, id }: { readonly key: string; readonly id: string }): string => `${key}\n${id}`;
    const sorted = <T extends { readonly key: string; readonly id: string }>(rows: readonly T[]): T[] =>
      rows.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
    assert.deepEqual(sorted(listed), sorted(model.listVersions()));
  }
}

const placeOf = (shown: string): Buffer => Buffer.from(shown.replace(/^group /, ""));
const byPlace = (a: string, b: string): number => Buffer.compare(placeOf(a), placeOf(b));
