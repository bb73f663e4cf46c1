/** Requests about more than one object: copies and DeleteObjects. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../../base/errors.ts";
import { REQUEST_STEPS_MAX } from "../../base/limits.ts";
import { TestServer } from "../test/harness.ts";

const server = await TestServer.start({ slowTiming: { firstMs: 20, everyMs: 5 } });
await server.makeBucket();
beforeEach(() => server.reset());
after(() => server.stop());

const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
test("a slow copy answers 200 first, keeps alive, and reports what went wrong inside", async () => {
  await server.send({ method: "PUT", path: "/bucket/slow", body: "x" });
  const copy = () =>
    server.send({ method: "PUT", path: "/bucket/slow2", headers: { "x-amz-copy-source": "bucket/slow" } });
  server.store.before.set("copy", () => sleep(400));
  const good = await copy();
  assert.equal(good.status, 200);
  assert.match(good.text, /^<\?xml[^>]*\?>\n\n+<CopyObjectResult/);
  server.store.before.set("copy", async () => {
    await sleep(400);
    throw new ServiceError("SlowDown");
  });
  const bad = await copy();
  assert.equal(bad.status, 200);
  assert.equal(bad.element("Code"), "SlowDown");
  server.store.before.set("copy", () => {
    throw new ServiceError("PreconditionFailed");
  });
  assert.equal((await copy()).status, 412);
});

test("copy sources", async () => {
  await server.send({ method: "PUT", path: "/bucket/src", body: "x" });
  const copy = async (source: string, headers: Record<string, string> = {}) => {
    const answer = await server.send({
      method: "PUT",
      path: "/bucket/dst",
      headers: { "x-amz-copy-source": source, ...headers },
    });
    return answer.status === 200 ? "200" : answer.element("Code");
  };
  assert.equal(await copy("bucket/src"), "200");
  assert.equal(await copy("/bucket/src"), "200");
  assert.equal(await copy("bucket%2Fsrc"), "200");
  assert.equal(await copy("bucket"), "InvalidArgument");
  assert.equal(await copy("bucket/"), "InvalidArgument");
  assert.equal(await copy("bucket/%ZZ"), "InvalidArgument");
  assert.equal(await copy("no-such-bucket/src"), "NoSuchBucket");
  assert.equal(await copy("bucket/none"), "NoSuchKey");
  assert.equal(await copy("bucket/src", { "x-amz-metadata-directive": "MERGE" }), "InvalidArgument");
  assert.equal(await copy("bucket/src", { "x-amz-tagging-directive": "MERGE" }), "InvalidArgument");
  assert.equal(
    await copy("bucket/src", { "x-amz-source-expected-bucket-owner": "111111111111" }),
    "AccessDenied",
  );
  const range = await server.send({
    method: "PUT",
    path: "/bucket/dst?partNumber=1&uploadId=u",
    headers: { "x-amz-copy-source": "bucket/src", "x-amz-copy-source-range": "bytes=5-" },
  });
  assert.equal(range.element("ArgumentName"), "x-amz-copy-source-range");
});

test("DeleteObjects: per-key rights, quiet, limits, integrity", async () => {
  for (const key of ["d1", "d2", "d3"])
    await server.send({ method: "PUT", path: `/bucket/${key}`, body: "x" });
  const send = (body: string, headers?: Record<string, string>) =>
    server.send({
      method: "POST",
      path: "/bucket?delete",
      body,
      headers: headers ?? { "content-md5": md5(body) },
    });
  const object = (key: string): string => `<Object><Key>${key}</Key></Object>`;
  const answer = await send(`<Delete>${object("d1")}${object("d2")}<Quiet>true</Quiet></Delete>`);
  assert.equal(answer.status, 200);
  assert.ok(!answer.text.includes("<Deleted>"));
  server.refused.add("s3:DeleteObject");
  const denied = await send(`<Delete>${object("d3")}${object("")}</Delete>`);
  assert.equal(denied.status, 200);
  assert.match(denied.text, /<Error><Key>d3<\/Key><Code>AccessDenied<\/Code>/);
  assert.equal(server.store.objects.get("bucket")?.has("d3"), true);
  assert.equal((await send("<Delete></Delete>")).element("Code"), "MalformedXML");
  assert.equal((await send(`<Delete>${object("k").repeat(1001)}</Delete>`)).element("Code"), "MalformedXML");
  assert.equal((await send(`<Delete>${object("k")}</Delete>`, {})).element("Code"), "InvalidRequest");
});

test("DeleteObjects: what all keys together cost of deciding has a bound", async () => {
  const several = await TestServer.start({
    authoriser: {
      decide: (_, { action, steps }) => {
        // As one decision after the other would.
        if (action === "s3:DeleteObject" && steps !== undefined) steps.left -= REQUEST_STEPS_MAX / 2 - 1;
        return steps?.exhausted === true ? { kind: "implicit-deny", reason: "" } : { kind: "allow" };
      },
    },
  });
  try {
    await several.makeBucket();
    const body = `<Delete>${["a", "b", "c", "d"].map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const answer = await several.send({
      method: "POST",
      path: "/bucket?delete",
      body,
      headers: { "content-md5": md5(body) },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text.match(/<Deleted>/g)?.length, 2, answer.text);
    assert.equal(answer.text.match(/<Code>InvalidRequest<\/Code><Message>[^<]*fewer keys/g)?.length, 2);
  } finally {
    await several.stop();
  }
});
