/** Listings: objects in both versions, versions, uploads; delimiters, encoding, odd keys, pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListObjectsCommand,
  type ListObjectsCommandInput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { call } from "./call.ts";
import { ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3 } = world;

/** Byte order of UTF-8 is the order of listings; JavaScript's own is that of UTF-16. */
const inOrder = (keys: readonly string[]): string[] =>
  keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const ODD = [
  "a",
  "a/",
  "a//b",
  "a/../b",
  "a b+c&d=e?f#g%h",
  "a\u0000b",
  "a\u0001\n\r\t",
  "<&>\"'",
  "\ud83d\ude00",
  "\uffee",
  "ä/ö",
  "z".repeat(1024),
  ".",
  "..",
];

async function bucketWith(keys: readonly string[], versioning?: "Enabled"): Promise<string> {
  const Bucket = await world.bucket(versioning);
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
  return Bucket;
}
const v2 = async (Bucket: string, more: Omit<ListObjectsV2CommandInput, "Bucket"> = {}) => {
  const { output } = ok(await call(s3, new ListObjectsV2Command({ Bucket, ...more })));
  return {
    keys: (output?.Contents ?? []).map(({ Key }) => Key ?? ""),
    groups: (output?.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ""),
    next: output?.NextContinuationToken,
    truncated: output?.IsTruncated,
    count: output?.KeyCount,
  };
};
const v1 = async (Bucket: string, more: Omit<ListObjectsCommandInput, "Bucket"> = {}) => {
  const { output } = ok(await call(s3, new ListObjectsCommand({ Bucket, ...more })));
  return {
    keys: (output?.Contents ?? []).map(({ Key }) => Key ?? ""),
    groups: (output?.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ""),
    next: output?.NextMarker,
    truncated: output?.IsTruncated,
  };
};

test("odd keys come back, in byte order, through both versions, url-encoded", async () => {
  const Bucket = await bucketWith(ODD);
  for (const list of [v1, v2]) {
    const { keys } = await list(Bucket, { EncodingType: "url" });
    // The SDK hands them on as they came.
    assert.deepEqual(
      keys.map((key) => decodeURIComponent(key.replaceAll("+", " "))),
      inOrder(ODD),
    );
  }
});

test("pages of every size join to the whole, with and without a delimiter", async () => {
  const keys = ["a", "b/1", "b/2", "b/c/3", "c", "d/1", "e", "f/1", "f/2", "g"];
  const Bucket = await bucketWith(keys);
  for (const Delimiter of [undefined, "/"]) {
    const options = Delimiter === undefined ? {} : { Delimiter };
    const whole = await v2(Bucket, options);
    for (let MaxKeys = 1; MaxKeys <= 11; MaxKeys++) {
      const seen: string[] = [];
      let token: string | undefined;
      do {
        const page = await v2(Bucket, {
          ...options,
          MaxKeys,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        assert.ok(page.keys.length + page.groups.length <= MaxKeys);
        assert.equal(page.count, page.keys.length + page.groups.length);
        assert.equal(page.truncated, page.next !== undefined);
        seen.push(...page.keys, ...page.groups);
        token = page.next;
      } while (token !== undefined);
      assert.deepEqual(seen.toSorted(), [...whole.keys, ...whole.groups].toSorted());
      assert.equal(new Set(seen).size, seen.length, "nothing comes twice");
      const old: string[] = [];
      let marker: string | undefined;
      do {
        const page = await v1(Bucket, {
          ...options,
          MaxKeys,
          ...(marker === undefined ? {} : { Marker: marker }),
        });
        old.push(...page.keys, ...page.groups);
        // NextMarker comes only with a delimiter; else the last key stands for it.
        marker = page.truncated === true ? (page.next ?? page.keys.at(-1)) : undefined;
      } while (marker !== undefined);
      assert.deepEqual(inOrder(old), inOrder(seen));
    }
  }
});

test("prefix, delimiter, start-after, max-keys 0", async () => {
  const Bucket = await bucketWith(["a", "b/1", "b/2", "b/c/3", "bb", "c"]);
  const shown = async (more: Omit<ListObjectsV2CommandInput, "Bucket">) => {
    const { keys, groups } = await v2(Bucket, more);
    return [keys, groups];
  };
  assert.deepEqual(await shown({ Prefix: "b" }), [["b/1", "b/2", "b/c/3", "bb"], []]);
  assert.deepEqual(await shown({ Prefix: "b", Delimiter: "/" }), [["bb"], ["b/"]]);
  assert.deepEqual(await shown({ Prefix: "b/", Delimiter: "/" }), [["b/1", "b/2"], ["b/c/"]]);
  assert.deepEqual(await shown({ Delimiter: "b" }), [["a", "c"], ["b"]]);
  assert.deepEqual(await shown({ StartAfter: "b/2" }), [["b/c/3", "bb", "c"], []]);
  assert.deepEqual(await shown({ StartAfter: "b/", Delimiter: "/" }), [["bb", "c"], ["b/"]]);
  assert.deepEqual(await shown({ Prefix: "nothing" }), [[], []]);
  // Seen on S3: localstack's recorded test test_list_objects_v2_continuation_start_after.
  const first = ok(await call(s3, new ListObjectsV2Command({ Bucket, StartAfter: "a", MaxKeys: 1 })));
  assert.equal(first.output?.StartAfter, "a");
  const ContinuationToken = first.output.NextContinuationToken ?? "";
  const next = new ListObjectsV2Command({ Bucket, StartAfter: "c", ContinuationToken });
  const second = ok(await call(s3, next));
  assert.equal(second.output?.StartAfter, undefined);
  assert.equal(second.output?.KeyCount, 4);
  const none = await v2(Bucket, { MaxKeys: 0 });
  assert.deepEqual([none.keys, none.truncated], [[], false]);
});

test("parameters that are no numbers, tokens that are none of ours, unknown encodings", async () => {
  const Bucket = await bucketWith(["a"]);
  for (const query of [
    "list-type=2&max-keys=-1",
    "max-keys=x",
    "list-type=2&continuation-token=rubbish",
    "list-type=2&encoding-type=base64",
    // Seen on S3: localstack's recorded test test_list_ops_encoding_type_validation.
    "list-type=2&encoding-type=",
    "encoding-type=",
    "versions&encoding-type=",
    "uploads&encoding-type=",
  ]) {
    const answer = await world.wire.send({ method: "GET", path: `/${Bucket}?${query}` });
    refused(answer, 400, "InvalidArgument");
  }
  refused(await call(s3, new ListObjectsV2Command({ Bucket: "no-such-bucket" })), 404, "NoSuchBucket");
});

test("listings show size, ETag and no encryption; owners only where asked", async () => {
  const Bucket = await bucketWith(["a"]);
  const plain = ok(await call(s3, new ListObjectsV2Command({ Bucket })));
  assert.equal(plain.output?.Contents?.[0]?.Size, 1);
  assert.equal(plain.output.Contents[0].ETag, '"0cc175b9c0f1b6a831c399e269772661"');
  assert.equal(plain.output.Contents[0].StorageClass, "STANDARD");
  assert.equal(plain.output.Contents[0].Owner, undefined);
  const owned = ok(await call(s3, new ListObjectsV2Command({ Bucket, FetchOwner: true })));
  assert.match(owned.output?.Contents?.[0]?.Owner?.ID ?? "", /^[0-9a-f]{64}$/);
  assert.ok(!plain.text.toLowerCase().includes("encryption"));
});

test("versions: newest first, markers among them, pages of every size", async () => {
  const Bucket = await bucketWith(["b/x", "d"], "Enabled");
  const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
  for (let i = 0; i < 3; i++) await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: String(i) }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "c", Body: "c" }));
  const page = async (more: Omit<ListObjectVersionsCommandInput, "Bucket">) => {
    const { output } = ok(await call(s3, new ListObjectVersionsCommand({ Bucket, ...more })));
    const rows = [
      ...(output?.Versions ?? []).map((v) => ({ ...v, marker: false })),
      ...(output?.DeleteMarkers ?? []).map((v) => ({ ...v, marker: true })),
    ];
    return { rows, output };
  };
  const whole = await page({});
  const ofA = whole.rows.filter(({ Key }) => Key === "a");
  assert.equal(ofA.length, 4);
  assert.deepEqual(
    ofA.filter(({ IsLatest }) => IsLatest === true).map(({ marker }) => marker),
    [true],
  );
  for (let MaxKeys = 1; MaxKeys <= 8; MaxKeys++) {
    const seen: string[] = [];
    let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    while (markers !== undefined) {
      const { rows, output }: Awaited<ReturnType<typeof page>> = await page({ MaxKeys, ...markers });
      assert.ok(rows.length <= MaxKeys);
      seen.push(...rows.map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      const { NextKeyMarker, NextVersionIdMarker, IsTruncated } = output ?? {};
      markers =
        IsTruncated === true
          ? {
              ...(NextKeyMarker === undefined ? {} : { KeyMarker: NextKeyMarker }),
              ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
            }
          : undefined;
    }
    assert.deepEqual(
      seen.toSorted(),
      whole.rows.map(({ Key, VersionId }) => `${Key} ${VersionId}`).toSorted(),
    );
  }
  const grouped = await page({ Delimiter: "/" });
  assert.deepEqual(
    grouped.output?.CommonPrefixes?.map(({ Prefix }) => Prefix),
    ["b/"],
  );
});

test("uploads: by key, then by age; prefix, delimiter and pages", async () => {
  const Bucket = await world.bucket();
  const ids: string[] = [];
  for (const Key of ["b", "a", "a", "c/1", "c/2"]) {
    const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    ids.push(`${Key} ${UploadId}`);
  }
  const [b = "", a1 = "", a2 = "", c1 = "", c2 = ""] = ids;
  const seen: string[] = [];
  let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (markers !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket,
      MaxUploads: 2,
      ...markers,
    });
    const { output } = ok(await call(s3, command));
    seen.push(...(output?.Uploads ?? []).map(({ Key, UploadId }) => `${Key} ${UploadId}`));
    const { NextKeyMarker = "", NextUploadIdMarker = "" } = output ?? {};
    markers =
      output?.IsTruncated === true
        ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker }
        : undefined;
  }
  assert.deepEqual(seen, [a1, a2, b, c1, c2]);
  const grouped = ok(await call(s3, new ListMultipartUploadsCommand({ Bucket, Delimiter: "/" }))).output;
  assert.deepEqual(
    grouped?.CommonPrefixes?.map(({ Prefix }) => Prefix),
    ["c/"],
  );
  assert.equal(grouped?.Uploads?.length, 3);
});

/** Seen on S3: localstack's recorded tests test_list_multiparts_next_marker, test_list_multipart_uploads_marker_common_prefixes. */
test("uploads: markers within a common prefix, of another key, of an upload that has ended", async () => {
  const Bucket = await world.bucket();
  const list = (input: Partial<ListMultipartUploadsCommandInput>) =>
    call(s3, new ListMultipartUploadsCommand({ Bucket, ...input }));
  const empty = ok(await list({}));
  for (const name of ["KeyMarker", "UploadIdMarker", "NextKeyMarker", "NextUploadIdMarker"])
    assert.equal(empty.element(name), "", name);
  assert.equal(empty.element("Prefix"), undefined);

  const ids = new Map<string, string>();
  for (const Key of ["f/a/1", "f/a/2", "f/b", "f/c"])
    ids.set(Key, (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId ?? "");
  const grouped = { Prefix: "f/", Delimiter: "/", MaxUploads: 1 };
  const first = ok(await list(grouped)).output;
  assert.deepEqual(first?.CommonPrefixes, [{ Prefix: "f/a/" }]);
  assert.equal(first?.Prefix, "f/");
  // S3 leaves the marker empty here, and the list could not go on.
  assert.equal(first?.NextKeyMarker, "f/a/");
  assert.equal(first?.NextUploadIdMarker, "");
  for (const KeyMarker of ["f/a/", "f/a/1", "f/a/2", "f/a/3"]) {
    const { output } = ok(await list({ ...grouped, KeyMarker }));
    assert.equal(output?.CommonPrefixes, undefined, KeyMarker);
    assert.deepEqual(
      output?.Uploads?.map(({ Key }) => Key),
      ["f/b"],
    );
    assert.equal(output?.NextKeyMarker, "f/b");
    assert.equal(output?.NextUploadIdMarker, ids.get("f/b"));
  }

  const last = ok(await list({ KeyMarker: "f/b" })).output;
  assert.equal(last?.IsTruncated, false);
  assert.equal(last?.NextKeyMarker, "f/c");
  assert.equal(last?.NextUploadIdMarker, ids.get("f/c"));

  const UploadIdMarker = ids.get("f/b") ?? "";
  const bad = { ArgumentName: "upload-id-marker", message: "Invalid uploadId marker" };
  for (const KeyMarker of ["f/a/1", "f/c", "f/d"])
    refused(await list({ KeyMarker, UploadIdMarker }), 400, "InvalidArgument", bad);
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "f/b", UploadId: UploadIdMarker }));
  const { output } = ok(await list({ KeyMarker: "f/b", UploadIdMarker }));
  assert.deepEqual(
    output?.Uploads?.map(({ Key }) => Key),
    ["f/c"],
  );
});

test("buckets of the caller only, in pages", async () => {
  const made = [await world.bucket(), await world.bucket()];
  const seen: string[] = [];
  let token: string | undefined;
  do {
    const { output } = ok(
      await call(
        s3,
        new ListBucketsCommand({
          MaxBuckets: 3,
          Prefix: "bucket-",
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      ),
    );
    seen.push(...(output?.Buckets ?? []).map(({ Name }) => Name ?? ""));
    token = output?.ContinuationToken;
  } while (token !== undefined);
  for (const name of made) assert.ok(seen.includes(name));
  assert.deepEqual(seen, seen.toSorted());
  assert.deepEqual(ok(await call(world.other, new ListBucketsCommand({}))).output?.Buckets ?? [], []);
  const inRegion = (BucketRegion: string) => call(s3, new ListBucketsCommand({ BucketRegion }));
  assert.ok((ok(await inRegion("us-east-1")).output?.Buckets ?? []).length > 0);
  assert.deepEqual(ok(await inRegion("eu-west-1")).output?.Buckets ?? [], []);
  // Seen on S3: localstack's recorded test test_list_buckets_region_validation.
  refused(await inRegion("eu-east-1"), 400, "InvalidArgument", {
    message: "Argument value eu-east-1 is not a valid AWS Region",
    ArgumentName: "bucket-region",
  });
});
