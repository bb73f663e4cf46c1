/**
 * What a request says must reach the policies by whichever way it is said (header, body, form, presigned parameter), and
 * must not reach them where it means nothing. And conditions on what is there take the right to read it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  type ObjectIdentifier,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type Tag,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type Actor, denied, policy, REGION, startWorld, type Statement } from "./access/world.ts";
import { formRequest, type Form } from "./conformance/encryption/form.ts";
import { md5, Wire } from "./conformance/wire.ts";

const w = await startWorld();
const { root } = w;
const wireOf = ({ credentials }: Actor): Wire =>
  new Wire({ address: w.served.address, region: REGION, credentials });
const on = (bucket: string, statement: Statement): Statement => ({
  Resource: `arn:aws:s3:::${bucket}/*`,
  ...statement,
});
const setPolicy = (Bucket: string, ...statements: readonly Statement[]) =>
  root.s3.send(
    new PutBucketPolicyCommand({ Bucket, Policy: policy(...statements.map((s) => on(Bucket, s))) }),
  );
const put = (who: Actor, Bucket: string, more: Partial<PutObjectCommand["input"]> = {}) =>
  who.s3.send(new PutObjectCommand({ Bucket, Key: "x", Body: "hello", ...more }));
const ETAG = '"5d41402abc4b2a76b9719d911017c592"';
const OTHER_ETAG = '"00000000000000000000000000000000"';
const FORBIDDEN = [{ Key: "Class", Value: "secret" }];

test("s3:RequestObjectTag sees tags of a header, of a Tagging document and of a form's field", async () => {
  const Bucket = await w.bucket("request-tags");
  await put(root, Bucket);
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: ["s3:PutObject", "s3:PutObjectTagging"],
    Condition: { StringEquals: { "s3:RequestObjectTag/Class": "secret" } },
  });
  const setTags = (TagSet: Tag[]) =>
    root.s3.send(new PutObjectTaggingCommand({ Bucket, Key: "x", Tagging: { TagSet } }));
  await setTags([{ Key: "Class", Value: "open" }]);
  await assert.rejects(setTags(FORBIDDEN), denied("s3:PutObjectTagging"));
  // Keys of tags differ by case, names of conditions don't: neither hides the other.
  await assert.rejects(
    setTags([...FORBIDDEN, { Key: "class", Value: "open" }]),
    denied("s3:PutObjectTagging"),
  );
  await put(root, Bucket, { Tagging: "Class=open" });
  await assert.rejects(put(root, Bucket, { Tagging: "Class=secret" }), denied("s3:PutObject"));
  const post = (value: string) => {
    const tagging = `<Tagging><TagSet><Tag><Key>Class</Key><Value>${value}</Value></Tag></TagSet></Tagging>`;
    return posted(root, {
      bucket: Bucket,
      fields: [
        ["key", "x"],
        ["tagging", tagging],
      ],
      conditions: [{ tagging }],
    });
  };
  assert.equal(await post("open"), 204);
  assert.equal(await post("secret"), 403);
});

async function posted(who: Actor, form: Form): Promise<number> {
  const wire = wireOf(who);
  return (await wire.send(formRequest(wire, form))).status;
}

test("a malformed Tagging document is told to whoever may tag", async () => {
  const Bucket = await w.bucket("bad-tags");
  await put(root, Bucket);
  const body = "<Tagging><TagSet><Tag/></TagSet></Tagging>";
  const request = {
    method: "PUT",
    path: `/${Bucket}/x?tagging`,
    body,
    headers: { "content-md5": md5(body) },
  };
  assert.equal((await wireOf(root).send(request)).status, 400);
  const nobody = await w.user("no-tagger", policy({ Action: "sts:GetCallerIdentity" }));
  assert.equal((await wireOf(nobody).send(request)).status, 403);
});

test("a copy source and conditions count only where they are acted upon", async () => {
  const Bucket = await w.bucket("only-copies");
  await put(root, Bucket, { Key: "public/x" });
  const user = await w.user(
    "copier",
    policy(
      { Action: "s3:GetObject" },
      {
        Action: "s3:PutObject",
        Condition: { StringLike: { "s3:x-amz-copy-source": `${Bucket}/public/*` } },
      },
    ),
  );
  const CopySource = `${Bucket}/public/x`;
  await user.s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
  await assert.rejects(put(user, Bucket), denied("s3:PutObject"));
  const wire = wireOf(user);
  const target = wire.presign("PUT", `/${Bucket}/smuggled`, { query: { "x-amz-copy-source": CopySource } });
  const smuggled = { method: "PUT", path: target, body: "own bytes", sign: false };
  assert.equal((await wire.send(smuggled)).status, 200);
  const got = await user.s3.send(new GetObjectCommand({ Bucket, Key: "smuggled" }));
  assert.equal(await got.Body?.transformToString(), "hello", "a copy, and not the body");
  const fields = [
    ["key", "smuggled"],
    ["x-amz-copy-source", CopySource],
  ] as const;
  assert.equal(
    await posted(user, { bucket: Bucket, fields, conditions: [{ "x-amz-copy-source": CopySource }] }),
    403,
  );
});

test("tags that a copy brings along are set like any others", async () => {
  const Bucket = await w.bucket("copied-tags");
  await put(root, Bucket, { Key: "tagged", Tagging: "Class=secret" });
  await put(root, Bucket, { Key: "bare" });
  const rights = ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObject"];
  const user = await w.user("no-tags", policy({ Action: rights }));
  const copy = (source: string, more: Partial<CopyObjectCommand["input"]> = {}) =>
    user.s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${source}`, ...more }));
  await copy("bare");
  await assert.rejects(copy("tagged"), denied("s3:PutObjectTagging"));
  await copy("tagged", { TaggingDirective: "REPLACE" });
  // A header that is not acted upon fulfils no policy either.
  const Condition = { StringEquals: { "s3:RequestObjectTag/Class": "open" } };
  const tagger = await w.user(
    "only-open",
    policy({ Action: [...rights, "s3:PutObjectTagging"], Condition }, { Action: rights.slice(0, 2) }),
  );
  const open = (TaggingDirective: "COPY" | "REPLACE") =>
    tagger.s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "copy",
        CopySource: `${Bucket}/tagged`,
        Tagging: "Class=open",
        TaggingDirective,
      }),
    );
  await assert.rejects(open("COPY"), denied("s3:PutObjectTagging"));
  await open("REPLACE");
});

test("a policy that demands If-None-Match is not fulfilled by a form, which has none", async () => {
  const Bucket = await w.bucket("only-new");
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Condition: { Null: { "s3:if-none-match": "true" } },
  });
  await put(root, Bucket, { IfNoneMatch: "*" });
  await assert.rejects(put(root, Bucket), denied("s3:PutObject"));
  const fields = [
    ["key", "x"],
    ["if-none-match", "*"],
  ] as const;
  const conditions = [{ "if-none-match": "*" }];
  assert.equal(await posted(root, { bucket: Bucket, fields, conditions }), 403);
});

test("a write that compares an ETag takes the right to read", async () => {
  const Bucket = await w.bucket("blind-writes");
  await put(root, Bucket);
  const blind = await w.user("blind-writer", policy({ Action: "s3:PutObject" }));
  await put(blind, Bucket);
  for (const IfMatch of [ETAG, OTHER_ETAG]) {
    await assert.rejects(put(blind, Bucket, { IfMatch }), denied("s3:GetObject"));
    await assert.rejects(put(blind, Bucket, { IfMatch, Key: "absent" }), denied("s3:GetObject"));
  }
  const { UploadId } = await blind.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "x" }));
  const part = { Bucket, Key: "x", UploadId, PartNumber: 1 };
  const { ETag } = await blind.s3.send(new UploadPartCommand({ ...part, Body: "hello" }));
  const complete = (more: { readonly IfMatch?: string }) =>
    blind.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: "x",
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        ...more,
      }),
    );
  await assert.rejects(complete({ IfMatch: ETAG }), denied("s3:GetObject"));
  await complete({});
  // Who may read but not list learns no more than a read would tell.
  const reader = await w.user("match-writer", policy({ Action: ["s3:PutObject", "s3:GetObject"] }));
  await assert.rejects(put(reader, Bucket, { IfMatch: ETAG, Key: "absent" }), denied("s3:ListBucket"));
});

test("a delete that compares takes the right to read; one by * does not", async () => {
  const Bucket = await w.bucket("blind-deletes");
  const blind = await w.user("blind-deleter", policy({ Action: "s3:DeleteObject" }));
  const remove = (more: Partial<DeleteObjectCommand["input"]>) =>
    blind.s3.send(new DeleteObjectCommand({ Bucket, Key: "x", ...more }));
  const removeMany = async (entry: Partial<ObjectIdentifier>) => {
    const Objects = [{ Key: "x", ...entry }];
    const { Errors } = await blind.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    return Errors?.[0]?.Code;
  };
  await put(root, Bucket);
  await assert.rejects(remove({ IfMatch: OTHER_ETAG }), denied("s3:GetObject"));
  assert.equal(await removeMany({ ETag: OTHER_ETAG }), "AccessDenied");
  await remove({ IfMatch: "*" });
  // Who may not list is not told that it is gone.
  await assert.rejects(remove({ IfMatch: "*" }), denied("s3:ListBucket"));
  assert.equal(await removeMany({ ETag: "*" }), "AccessDenied");
  await put(root, Bucket);
  assert.equal(await removeMany({ ETag: "*" }), undefined);
});

test("who may not list is not told of a delete marker either", async () => {
  const Bucket = await w.bucket("hidden-marker");
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await root.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await put(root, Bucket);
  await root.s3.send(new DeleteObjectCommand({ Bucket, Key: "x" }));
  const tagger = await w.user("marker-tagger", policy({ Action: "s3:GetObjectTagging" }));
  const tagsOf = (who: Actor, Key: string) => who.s3.send(new GetObjectTaggingCommand({ Bucket, Key }));
  await assert.rejects(tagsOf(tagger, "x"), denied("s3:ListBucket"));
  await assert.rejects(tagsOf(tagger, "never"), denied("s3:ListBucket"));
  await assert.rejects(tagsOf(root, "x"), { name: "MethodNotAllowed" });
});

test("s3:if-match of a batch is what its entries say, not what its header does", async () => {
  const Bucket = await w.bucket("batch-match");
  await setPolicy(Bucket, {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:DeleteObject",
    Condition: { Null: { "s3:if-match": "true" } },
  });
  await put(root, Bucket);
  const batch = (etag: string) =>
    `<Delete><Object><Key>x</Key>${etag === "" ? "" : `<ETag>${etag}</ETag>`}</Object></Delete>`;
  const removeMany = async (body: string) => {
    const headers = { "if-match": "*", "content-md5": md5(body) };
    return (await wireOf(root).send({ method: "POST", path: `/${Bucket}?delete`, body, headers })).text;
  };
  assert.match(await removeMany(batch("")), /AccessDenied/);
  assert.match(await removeMany(batch(ETAG)), /<Deleted><Key>x/);
});
