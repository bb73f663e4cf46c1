/** Browser uploads by POST with a signed policy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { call } from "./call.ts";
import { formRequest, type Form, postForm } from "./encryption/form.ts";
import { pattern } from "./encryption/row.ts";
import { ok, refused } from "./expect.ts";
import { startWorld } from "./world.ts";

const world = await startWorld();
const { s3, wire } = world;
const Bucket = await world.bucket();
const post = (form: Omit<Form, "bucket">) => postForm(wire, { bucket: Bucket, ...form });
const get = async (Key: string) => ok(await call(s3, new GetObjectCommand({ Bucket, Key })));

test("by default 204; 200 and 201 where asked; 201 is a document", async () => {
  const fields = (status?: string) => [
    ["key", `status/${status}`] as const,
    ...(status === undefined ? [] : [["success_action_status", status] as const]),
  ];
  const conditions = [["starts-with", "$success_action_status", ""]];
  ok(await post({ fields: fields() }), 204);
  ok(await post({ fields: fields("200"), conditions }), 200);
  const created = ok(await post({ fields: fields("201"), conditions }), 201);
  assert.equal(created.element("Key"), "status/201");
  assert.equal(created.element("ETag"), '"5d41402abc4b2a76b9719d911017c592"');
  ok(await post({ fields: fields("999"), conditions }), 204);
});

test("a redirect carries bucket, key and ETag", async () => {
  const posted = await post({
    fields: [
      ["key", "redirect"],
      ["success_action_redirect", "http://example.test/done?x=1"],
    ],
    conditions: [["starts-with", "$success_action_redirect", ""]],
  });
  assert.equal(posted.status, 303);
  const location = posted.headers["location"] ?? "";
  assert.ok(location.startsWith("http://example.test/done?x=1&"), location);
  assert.match(location, new RegExp(`bucket=${Bucket}&key=redirect&etag=`));
});

test("a redirect that is too long stores nothing", async () => {
  const conditions = [["starts-with", "$success_action_redirect", ""]];
  const fields = (size: number) => [
    ["key", "redirect-long"] as const,
    ["success_action_redirect", `http://example.test/${"x".repeat(size)}`] as const,
  ];
  refused(await post({ fields: fields(5000), conditions }), 400, "InvalidArgument");
  const none = await call(s3, new HeadObjectCommand({ Bucket, Key: "redirect-long" }));
  assert.equal(none.status, 404);
  assert.equal((await post({ fields: fields(3000), conditions })).status, 303);
});

test("${filename}, content headers, metadata; large files", async () => {
  const file = pattern(300_000);
  ok(
    await post({
      fields: [
        ["key", "up/${filename}"],
        ["Content-Type", "text/x"],
        ["x-amz-meta-a", "b"],
      ],
      file,
      fileName: "name.txt",
      conditions: [["starts-with", "$Content-Type", "text/"], { "x-amz-meta-a": "b" }],
    }),
    204,
  );
  const got = await get("up/name.txt");
  assert.ok(got.body.equals(file));
  assert.equal(got.headers["content-type"], "text/x");
  assert.equal(got.headers["x-amz-meta-a"], "b");
});

test("what the policy does not allow", async () => {
  const fields = [["key", "denied"]] as const;
  const refusedWith = async (form: Omit<Form, "bucket">, status = 403, code = "AccessDenied") =>
    refused(await post(form), status, code);
  await refusedWith({ fields, conditions: [{ "x-amz-meta-a": "b" }] });
  await refusedWith({ fields, conditions: [["eq", "$key", "other"]] });
  await refusedWith({ fields, conditions: [["starts-with", "$key", "up/"]] });
  await refusedWith({ fields: [...fields, ["x-amz-meta-b", "1"]] });
  await refusedWith({ fields, expiresMs: -1000 });
  await refusedWith({ fields, conditions: [["content-length-range", 10, 20]] }, 400, "EntityTooSmall");
  await refusedWith({ fields, conditions: [["content-length-range", 0, 4]] }, 400, "EntityTooLarge");
  ok(await post({ fields, conditions: [["content-length-range", 5, 5]] }), 204);
});

/** Seen on S3: localstack's recorded tests test_post_object_policy_conditions_validation_eq, …_validation_size. */
test("conditions that nothing fulfils", async () => {
  const location = "http://example.test/done";
  const fields = [["key", "never"] as const, ["success_action_redirect", location] as const];
  const redirect = ["starts-with", "$success_action_redirect", ""];
  for (const [condition, shown] of [
    [["eq", "success_action_redirect", location], `["eq", "success_action_redirect", "${location}"]`],
    [["content-length-range", "test", "10"], '["content-length-range", "test", "10"]'],
  ] as const) {
    const answer = await post({ fields, conditions: [condition, redirect] });
    const message = `Invalid according to Policy: Policy Condition failed: ${shown}`;
    refused(answer, 403, "AccessDenied", { message });
  }
  const none = await call(s3, new HeadObjectCommand({ Bucket, Key: "never" }));
  assert.equal(none.status, 404);
});

/** Seen on S3: localstack's recorded tests test_post_request_missing_signature, …_missing_fields. */
test("a policy whose signature, or all that goes with it, is missing", async () => {
  const { body, ...request } = formRequest(wire, { bucket: Bucket, fields: [["key", "missing"]] });
  const without = (...names: readonly string[]) => {
    const pieces = Buffer.from(body ?? "")
      .toString("latin1")
      .split(/(?=------strongroom-suite)/);
    const kept = pieces.filter((piece) => !names.some((name) => piece.includes(`name="${name}"`)));
    return wire.send({ ...request, body: Buffer.from(kept.join(""), "latin1") });
  };
  for (const [names, missing] of [
    [["x-amz-signature"], "X-Amz-Signature"],
    [["x-amz-algorithm", "x-amz-credential"], "X-Amz-Algorithm"],
  ] as const)
    refused(await without(...names), 400, "InvalidArgument", {
      message: `Bucket POST must contain a field named '${missing}'.  If it is specified, please check the order of the fields.`,
      ArgumentName: missing,
    });
  const none = await without("x-amz-signature", "x-amz-algorithm", "x-amz-credential", "x-amz-date");
  refused(none, 403, "AccessDenied", { Message: "Access Denied" });
  ok(await without(), 204);
});

test("metadata that no header could carry back is refused, so that what is stored can be read", async () => {
  const fields = (value: string) => [["key", "lines"] as const, ["x-amz-meta-a", value] as const];
  const conditions = [["starts-with", "$x-amz-meta-a", ""]];
  for (const value of ["a\nb", "a\r\nx-evil: 1", "\0"]) {
    refused(await post({ fields: fields(value), conditions }), 400, "InvalidArgument");
    const target = wire.presign("PUT", `/${Bucket}/lines`, { query: { "x-amz-meta-a": value } });
    const put = await wire.send({ method: "PUT", path: target, body: "x", sign: false });
    refused(put, 400, "InvalidArgument");
  }
  ok(await post({ fields: fields("a\tb"), conditions }), 204);
  assert.equal((await get("lines")).headers["x-amz-meta-a"], "a\tb");
});

test("content headers that no client would take back are refused", async () => {
  const fields = (size: number) => [
    ["key", "large"] as const,
    ["Content-Disposition", "x".repeat(size)] as const,
  ];
  const conditions = [["starts-with", "$Content-Disposition", ""]];
  refused(await post({ fields: fields(9000), conditions }), 400, "MetadataTooLarge");
  ok(await post({ fields: fields(8000), conditions }), 204);
  assert.equal((await get("large")).headers["content-disposition"]?.length, 8000);
});

test("no credentials, a wrong signature, no key, no file, no form", async () => {
  refused(await post({ fields: [["key", "k"]], sign: false }), 403, "AccessDenied");
  const request = formRequest(wire, { bucket: Bucket, fields: [["key", "k"]] });
  const body = Buffer.from(request.body ?? "");
  const tampered = body
    .toString("latin1")
    .replace(/name="x-amz-signature"\r\n\r\n../, (m) => `${m.slice(0, -2)}zz`);
  const wrong = { ...request, body: Buffer.from(tampered, "latin1") };
  refused(await wire.send(wrong), 403, "SignatureDoesNotMatch");
  refused(await post({ fields: [] }), 400, "InvalidArgument");
  const cut = body
    .toString("latin1")
    .replace(/--[^\r]*\r\nContent-Disposition: form-data; name="file"[\s\S]*$/, "");
  const noFile = await wire.send({
    ...request,
    body: Buffer.from(`${cut}------strongroom-suite--\r\n`, "latin1"),
  });
  refused(noFile, 400, "InvalidArgument");
  const text = await wire.send({ ...request, headers: { "content-type": "text/plain" } });
  assert.ok([400, 412].includes(text.status), `${text.status} ${text.code}`);
  const garbage = await wire.send({ ...request, body: "no form at all" });
  assert.equal(garbage.status, 400);
  const none = await call(s3, new HeadObjectCommand({ Bucket, Key: "k" }));
  assert.equal(none.status, 404);
});

test("as the SDK makes them", async () => {
  const { url, fields } = await createPresignedPost(world.plain, { Bucket, Key: "sdk", Expires: 60 });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob(["hello"]), "hello.txt");
  const answer = await fetch(url, { method: "POST", body: form });
  assert.equal(answer.status, 204, await answer.text());
  assert.equal((await get("sdk")).text, "hello");
});
