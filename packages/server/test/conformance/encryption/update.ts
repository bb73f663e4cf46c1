/** M.8: UpdateObjectEncryption. */
import assert from "node:assert/strict";
import { CreateAliasCommand, CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { ListObjectVersionsCommand, UpdateObjectEncryptionCommand } from "@aws-sdk/client-s3";
import { call } from "../call.ts";
import { kms, ok, refused, S3, shows } from "../expect.ts";
import { ACCOUNT, arnOf, CMK1, CMK2, OTHER_ACCOUNT, OTHER_CMK } from "../world.ts";
import { md5 } from "../wire.ts";
import { c3, type Case, etagOf, HELLO_MD5, K1, row, type Row, sse } from "./row.ts";

function update(c: Case, KMSKeyArn: string, BucketKeyEnabled?: boolean, VersionId?: string) {
  const SSEKMS = { KMSKeyArn, ...(BucketKeyEnabled === undefined ? {} : { BucketKeyEnabled }) };
  return call(
    c.s3,
    new UpdateObjectEncryptionCommand({
      ...c.at,
      ObjectEncryption: { SSEKMS },
      ...(VersionId === undefined ? {} : { VersionId }),
    }),
  );
}
/** Documents that the SDK would not write. */
function updateRaw(c: Case, inner: string) {
  const body = `<ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ObjectEncryption>`;
  return c.raw("PUT", "?encryption", { "content-md5": md5(body) }, body);
}

export const UPDATES: readonly Row[] = [
  row(123, "an SSE-S3 object to CMK1 with a bucket key: nothing else changes", async (shared) => {
    const c = await shared.apart("Enabled");
    await c.put({ "x-amz-meta-colour": "blue" });
    const before = await c.head();
    const updated = ok(await update(c, arnOf(CMK1), true));
    assert.equal(updated.body.length, 0);
    const after = await c.head();
    shows(after, kms(arnOf(CMK1), true));
    assert.equal(etagOf(after), HELLO_MD5);
    for (const name of ["etag", "last-modified", "x-amz-version-id", "x-amz-meta-colour"]) {
      assert.equal(after.headers[name], before.headers[name], name);
    }
    assert.equal((await c.get()).text, "hello");
  }),
  row(124, "CMK1 to CMK2 without the flag: no bucket key", async (c) => {
    await c.put(sse("aws:kms", CMK1, { "x-amz-server-side-encryption-bucket-key-enabled": "true" }));
    ok(await update(c, arnOf(CMK2)));
    const got = await c.get();
    shows(got, kms(arnOf(CMK2)));
    assert.equal(got.text, "hello");
  }),
  row(125, "an old version: only it changes", async (shared) => {
    const c = await shared.apart("Enabled");
    const VersionId = (await c.put({}, "one")).headers["x-amz-version-id"] ?? "";
    await c.put({}, "two");
    ok(await update(c, arnOf(CMK1), false, VersionId));
    shows(await c.head(), S3);
    const old = await c.get({}, { VersionId });
    shows(old, kms(arnOf(CMK1)));
    assert.equal(old.text, "one");
    const listed = ok(await call(c.s3, new ListObjectVersionsCommand({ Bucket: c.bucket })));
    assert.equal(listed.output?.Versions?.length, 2);
  }),
  row(126, "DSSE-KMS and SSE-C objects", async (c) => {
    const message =
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C.";
    for (const headers of [sse("aws:kms:dsse", CMK1), c3(K1)]) {
      ok(await c.put(headers));
      refused(await update(c, arnOf(CMK1)), 400, "InvalidRequest", { message });
    }
  }),
  row(127, "a bare key id, an alias ARN, no key", async (c) => {
    await c.put();
    await c.w.kms.send(new CreateAliasCommand({ AliasName: "alias/row127", TargetKeyId: CMK1 }));
    for (const name of [CMK1, `arn:aws:kms:us-east-1:${ACCOUNT}:alias/row127`]) {
      refused(await update(c, name), 400, "InvalidRequest", { message: "require a valid AWS KMS key" });
    }
    refused(await updateRaw(c, "<SSE-KMS></SSE-KMS>"), 400, "InvalidRequest", {
      message: "require an AWS KMS key Amazon Resource Name (ARN).",
    });
  }),
  row(128, "SSE-S3 is no target; nor are DSSE-KMS and SSE-C", async (c) => {
    await c.put();
    refused(await updateRaw(c, "<SSE-S3/>"), 400, "InvalidRequest", {
      message: "require a valid new encryption type.",
    });
    for (const name of ["DSSE-KMS", "SSE-C"]) {
      refused(await updateRaw(c, `<${name}/>`), 400, "InvalidRequest", {
        message: "doesn't support updating the encryption type to DSSE-KMS or SSE-C.",
      });
    }
  }),
  row(130, "a key of another account", async (c) => {
    await c.put();
    refused(await update(c, arnOf(OTHER_CMK, OTHER_ACCOUNT)), 403, "AccessDenied", {
      message: "The AWS KMS key in the request must be owned by the same account as the bucket.",
    });
  }),
  row(131, "a missing key", async (c) => {
    refused(await update(c.named("missing"), arnOf(CMK1)), 404, "NoSuchKey");
  }),
  row(132, "a disabled target: the object stays as it is", async (c) => {
    await c.put();
    const { KeyMetadata } = await c.w.kms.send(new CreateKeyCommand({}));
    const arn = KeyMetadata?.Arn ?? "";
    await c.w.kms.send(new DisableKeyCommand({ KeyId: arn }));
    refused(await update(c, arn), 400, "KMS.DisabledException", { message: `${arn} is disabled.` });
    shows(await c.get(), S3);
  }),
];
