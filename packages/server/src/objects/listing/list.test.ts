/** Lists against a naive model: random keys, prefixes, delimiters, markers and page sizes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseObjectKey } from "../../base/ids.ts";
import { LIST_CHUNK_ROWS } from "../../base/limits.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { Store } from "../../store/port.ts";
import { openTestHome } from "../../store/local/test-home.ts";
import type { Bucket, ListResult, ListVersionsInput, ListVersionsResult } from "../api.ts";
import { bodyOf, makeWorld, pattern, PLAIN, putInput, testCaller, type World } from "../test-world.ts";
import { alice, createInput, makeUploads } from "../uploads/test-uploads.ts";

interface Item {
  readonly key: string;
  /** Newest first among those of its key. */
  readonly id: string;
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}
const bytes = (text: string): Buffer => Buffer.from(text);
const byKey = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b));

/** Flat texts: a group is its prefix with a star, an item its key and id. */
function naive(
  items: readonly Item[],
  query: { readonly prefix: string; readonly delimiter: string },
  isAfter: (item: Item) => boolean,
): string[] {
  const out: string[] = [];
  for (const item of items) {
    if (!item.key.startsWith(query.prefix) || !isAfter(item)) continue;
    const at = query.delimiter === "" ? -1 : item.key.indexOf(query.delimiter, query.prefix.length);
    const text = at < 0 ? `${item.key}|${item.id}` : `${item.key.slice(0, at + query.delimiter.length)}*`;
    if (at < 0 || out.at(-1) !== text) out.push(text);
  }
  return out;
}

const shown = ({ items }: ListResult): string[] =>
  items.map((item) => (item.kind === "group" ? `${item.prefix}*` : `${item.object.key}|`));
const shownVersions = ({ items }: ListVersionsResult): string[] =>
  items.map((item) =>
    item.kind === "group" ? `${item.prefix}*` : `${item.version.key}|${item.version.versionId}`,
  );

const TEXTS = ["a", "b", "/", "//", "\0", "é", "\u{10ffff}", "-"];
const piece = fc.constantFrom(...TEXTS);
const keyText = fc.array(piece, { minLength: 1, maxLength: 5 }).map((list) => list.join(""));
const prefixText = fc.array(piece, { maxLength: 2 }).map((list) => list.join(""));
const delimiterText = fc.constantFrom("", "/", "//", "a", "-/", "\0", "é");

async function allObjects(world: World, bucket: Bucket, prefix: string, delimiter: string, max: number) {
  const texts: string[] = [];
  let after = "";
  let afterIsGroup = false;
  for (;;) {
    const page = await world.objects.list(bucket, { prefix, delimiter, after, afterIsGroup, max });
    assert.ok(page.items.length <= max);
    texts.push(...shown(page));
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return texts;
    afterIsGroup = last.kind === "group";
    after = last.kind === "group" ? last.prefix : last.object.key;
  }
}

async function allVersions(world: World, bucket: Bucket, prefix: string, delimiter: string, max: number) {
  const texts: string[] = [];
  let next: Pick<ListVersionsInput, "keyMarker" | "versionIdMarker" | "afterIsGroup"> = {
    keyMarker: "",
    afterIsGroup: false,
  };
  for (;;) {
    const page = await world.objects.listVersions(bucket, { prefix, delimiter, max, ...next });
    assert.ok(page.items.length <= max);
    texts.push(...shownVersions(page));
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return texts;
    next =
      last.kind === "group"
        ? { keyMarker: last.prefix, afterIsGroup: true }
        : { keyMarker: last.version.key, versionIdMarker: last.version.versionId, afterIsGroup: false };
  }
}

const step = fc.record({
  key: keyText,
  kind: fc.constantFrom("put" as const, "put" as const, "put" as const, "delete" as const, "remove" as const),
  versioning: fc.constantFrom("enabled" as const, "enabled" as const, "suspended" as const),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Applies the steps to the store and to a model of versions by key, newest first. */
async function build(world: World, bucket: Bucket, steps: readonly Step[]): Promise<Item[]> {
  const model = new Map<string, Item[]>();
  for (const { key, kind, versioning } of steps) {
    const state = { ...bucket, versioning };
    const versions = model.get(key) ?? [];
    const objectKey = parseObjectKey(key);
    if (kind === "remove") {
      const [first] = versions;
      if (first === undefined) continue;
      await world.objects.delete(alice, state, { key: objectKey, versionId: first.id });
      model.set(key, versions.slice(1));
      continue;
    }
    const deleteMarker = kind === "delete";
    const { versionId: id = "null" } = deleteMarker
      ? await world.objects.delete(alice, state, { key: objectKey })
      : await world.objects.put(alice, state, putInput(key), bodyOf(pattern(3)));
    const kept = versions.filter((version) => id !== "null" || version.id !== "null");
    model.set(key, [{ key, id, latest: true, deleteMarker }, ...kept]);
  }
  return [...model]
    .toSorted(([a], [b]) => byKey(a, b))
    .flatMap(([, versions]) => versions.map((version, i) => ({ ...version, latest: i === 0 })));
}

async function compare(store: Store | undefined, runs: number): Promise<void> {
  const world = await makeWorld(store);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.array(fc.tuple(prefixText, delimiterText, fc.integer({ min: 1, max: 6 }), keyText), {
        maxLength: 6,
      }),
      async (steps, queries) => {
        const bucket = await world.bucket();
        const items = await build(world, bucket, steps);
        const objects = items
          .filter(({ latest, deleteMarker }) => latest && !deleteMarker)
          .map((item) => ({ ...item, id: "" }));
        for (const [prefix, delimiter, max, marker] of queries) {
          const query = { prefix, delimiter };
          const all = (): boolean => true;
          const later = ({ key }: Item): boolean => byKey(key, marker) > 0;
          assert.deepEqual(
            await allObjects(world, bucket, prefix, delimiter, max),
            naive(objects, query, all),
          );
          assert.deepEqual(
            await allVersions(world, bucket, prefix, delimiter, max),
            naive(items, query, all),
          );
          const from = { ...query, max: 1000, afterIsGroup: false };
          assert.deepEqual(
            shown(await world.objects.list(bucket, { ...from, after: marker })),
            naive(objects, query, later),
          );
          assert.deepEqual(
            shownVersions(await world.objects.listVersions(bucket, { ...from, keyMarker: marker })),
            naive(items, query, later),
          );
        }
      },
    ),
    { numRuns: runs },
  );
}

test("objects and versions list as a naive model says", () => compare(undefined, 150));

test("the same over the embedded home", async () => {
  const home = await openTestHome();
  try {
    await compare(home.store, 12);
  } finally {
    await home.dispose();
  }
});

test("listed facts: latest, markers, size, ETag and checksum", async () => {
  const world = await makeWorld();
  const bucket = { ...(await world.bucket()), versioning: "enabled" as const };
  const put = await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(10)));
  const marker = await world.objects.delete(alice, bucket, { key: putInput("k").key });
  const input = { prefix: "", delimiter: "", keyMarker: "", afterIsGroup: false, max: 10 };
  const { items } = await world.objects.listVersions(bucket, input);
  const [first, second] = items.map((item) => (item.kind === "version" ? item.version : undefined));
  assert.deepEqual([first?.versionId, first?.latest, first?.deleteMarker], [marker.versionId, true, true]);
  assert.deepEqual(second, {
    key: "k",
    versionId: put.versionId,
    latest: false,
    deleteMarker: false,
    etag: put.etag,
    size: 10,
    lastModifiedMs: put.lastModifiedMs,
    checksumAlgorithm: "CRC64NVME",
    checksumType: "FULL_OBJECT",
  });
});

test("versions being replaced and promoted while they are listed are never missed", async () => {
  const world = await makeWorld();
  const bucket = { ...(await world.bucket()), versioning: "enabled" as const };
  const key = putInput("k").key;
  const put = () => world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)));
  const stays = (await put()).versionId ?? "";
  let going = true;
  const churn = (async () => {
    while (going) {
      const { versionId } = await put();
      await world.objects.delete(alice, bucket, { key, versionId: versionId ?? "" });
      await new Promise((done) => setImmediate(done));
    }
  })();
  const input = { prefix: "", delimiter: "", keyMarker: "", afterIsGroup: false, max: 10 };
  try {
    for (let i = 0; i < 200; i++) {
      const texts = shownVersions(await world.objects.listVersions(bucket, input));
      assert.ok(texts.includes(`k|${stays}`), texts.join(" "));
      assert.equal(new Set(texts).size, texts.length);
    }
  } finally {
    going = false;
    await churn;
  }
});

/** All versions in pages, each of which is deleted before the next is asked for. */
async function deletedPageByPage(world: World, bucket: Bucket, max: number): Promise<string[]> {
  const texts: string[] = [];
  let from: Pick<ListVersionsInput, "keyMarker" | "versionIdMarker"> = { keyMarker: "" };
  for (;;) {
    const input = { prefix: "", delimiter: "", max, afterIsGroup: false, ...from };
    const page = await world.objects.listVersions(bucket, input);
    texts.push(...shownVersions(page));
    for (const item of page.items) {
      assert.ok(item.kind === "version");
      const { key, versionId } = item.version;
      await world.objects.delete(alice, bucket, { key: parseObjectKey(key), versionId });
      from = { keyMarker: key, versionIdMarker: versionId };
    }
    if (!page.more) return texts;
  }
}

test("who deletes each page of versions before the next has seen them all, and leaves none", async () => {
  const world = await makeWorld();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, max) => {
        const bucket = await world.bucket();
        const items = await build(world, bucket, steps);
        const all = naive(items, { prefix: "", delimiter: "" }, () => true);
        const seen = await deletedPageByPage(world, bucket, max);
        assert.deepEqual([...new Set(seen)], all);
        assert.deepEqual(await allVersions(world, bucket, "", "", 1000), []);
      },
    ),
    { numRuns: 150 },
  );
});

test("versions deleted between two pieces of one list hide none of the others", async () => {
  const model = new MemoryModel();
  const store = model.open();
  let reads = 0;
  let cut: () => Promise<unknown> = () => Promise.resolve();
  const world = await makeWorld({
    ...store,
    groups: async (groups) => {
      // The first read of the second piece: three tables have been read once.
      if (++reads === 4) await cut();
      return store.groups(groups);
    },
  });
  const bucket = { ...(await world.bucket()), versioning: "enabled" as const };
  const { key } = putInput("k");
  const ids: string[] = [];
  for (let i = 0; i < LIST_CHUNK_ROWS + 3; i++) {
    ids.unshift((await world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)))).versionId ?? "");
  }
  cut = async () => {
    for (const versionId of ids.slice(0, LIST_CHUNK_ROWS)) {
      await world.objects.delete(alice, bucket, { key, versionId });
    }
  };
  reads = 0;
  const input = { prefix: "", delimiter: "", keyMarker: "", afterIsGroup: false, max: 1000 };
  const { items } = await world.objects.listVersions(bucket, input);
  assert.deepEqual(
    items.map((item) => item.kind === "version" && item.version.versionId),
    ids,
  );
});

test("a version promoted while a later page is read is not missed", async () => {
  const store = new MemoryModel().open();
  let before: () => Promise<unknown> = () => Promise.resolve();
  const world = await makeWorld({
    ...store,
    groups: async (groups) => {
      const promote = before;
      if (groups.table === "version") {
        before = () => Promise.resolve();
        await promote();
      }
      return store.groups(groups);
    },
  });
  const bucket = { ...(await world.bucket()), versioning: "enabled" as const };
  const { key } = putInput("k");
  const put = () => world.objects.put(alice, bucket, putInput("k"), bodyOf(pattern(1)));
  const [older, newer] = [(await put()).versionId ?? "", (await put()).versionId ?? ""];
  before = () => world.objects.delete(alice, bucket, { key, versionId: newer });
  const input = { prefix: "", delimiter: "", afterIsGroup: false, max: 10 };
  const after = { keyMarker: "k", versionIdMarker: newer };
  assert.deepEqual(shownVersions(await world.objects.listVersions(bucket, { ...input, ...after })), [
    `k|${older}`,
  ]);
});

test("a marker with a version id outside the prefix, or within a group, brings nothing of its key", async () => {
  const world = await makeWorld();
  const bucket = { ...(await world.bucket()), versioning: "enabled" as const };
  const put = () => world.objects.put(alice, bucket, putInput("a/k"), bodyOf(pattern(1)));
  const [older, newer] = [(await put()).versionId ?? "", (await put()).versionId ?? ""];
  await world.objects.delete(alice, bucket, { key: putInput("a/k").key, versionId: newer });
  const list = async (prefix: string, delimiter: string) =>
    shownVersions(
      await world.objects.listVersions(bucket, {
        prefix,
        delimiter,
        keyMarker: "a/k",
        versionIdMarker: newer,
        afterIsGroup: false,
        max: 10,
      }),
    );
  assert.deepEqual(await list("b", ""), []);
  assert.deepEqual(await list("", "/"), []);
  assert.deepEqual(await list("a/", "/"), [`a/k|${older}`]);
});

test("a listing needs no key: the key service is down and no customer's key is there", async () => {
  const world = await makeWorld();
  const KEY = "11111111-1111-4111-8111-111111111111";
  const arn = world.kms.create(KEY);
  const bucket = await world.bucket();
  const encryption = { ...PLAIN, sse: "aws:kms", keyId: KEY };
  await world.objects.put(testCaller(), bucket, putInput("k", { encryption }), bodyOf(pattern(5)));
  world.kms.setState(arn, "disabled");
  const input = { prefix: "", delimiter: "", after: "", afterIsGroup: false, max: 10 };
  assert.deepEqual(shown(await world.objects.list(bucket, input)), ["k|"]);
});

test("uploads list by key and initiation, with groups and markers, as a naive model says", async () => {
  const world = await makeUploads();
  await fc.assert(
    fc.asyncProperty(
      fc.array(keyText, { maxLength: 15 }),
      prefixText,
      delimiterText,
      fc.integer({ min: 1, max: 5 }),
      async (keys, prefix, delimiter, max) => {
        const bucket = await world.bucket();
        const items: Item[] = [];
        for (const key of keys) {
          const { uploadId: id } = await world.uploads.create(alice, bucket, createInput(key));
          items.push({ key, id, latest: true, deleteMarker: false });
        }
        items.sort((a, b) => byKey(a.key, b.key) || (a.id < b.id ? -1 : 1));
        const expected = naive(items, { prefix, delimiter }, () => true);
        const found: string[] = [];
        const start = { after: "", afterIsGroup: false };
        let next: typeof start & { readonly uploadIdMarker?: string } = start;
        for (;;) {
          const page = await world.uploads.listUploads(bucket, { prefix, delimiter, max, ...next });
          for (const item of page.items) {
            found.push(
              item.kind === "group" ? `${item.prefix}*` : `${item.upload.key}|${item.upload.uploadId}`,
            );
          }
          const last = page.items.at(-1);
          if (!page.more || last === undefined) break;
          next =
            last.kind === "group"
              ? { after: last.prefix, afterIsGroup: true }
              : { ...start, after: last.upload.key, uploadIdMarker: last.upload.uploadId };
        }
        assert.deepEqual(found, expected);
      },
    ),
    { numRuns: 100 },
  );
});
