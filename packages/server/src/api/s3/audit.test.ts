/** What the audit port hears, and that it can stop a request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "../../base/errors.ts";
import type { Outcome, RequestEvent } from "../common/ports.ts";
import { KEY_ARN } from "../test/fake-objects.ts";
import { TestServer } from "../test/harness.ts";

test("intent before the act, outcome before the answer, denials too", async () => {
  const heard: (readonly [string, RequestEvent, Outcome?])[] = [];
  const server = await TestServer.start({
    audit: {
      intent: (event) => void heard.push(["intent", event]),
      outcome: (event, outcome) => void heard.push(["outcome", event, outcome]),
    },
  });
  try {
    await server.makeBucket();
    heard.length = 0;
    await server.send({ method: "PUT", path: "/bucket/k", body: "x" });
    await server.send({ method: "GET", path: "/bucket/none?versionId=v" });
    server.refused.add("s3:GetObject");
    await server.send({ method: "GET", path: "/bucket/k" });
    assert.deepEqual(
      heard.map(([kind, event, outcome]) => [
        kind,
        event.operation,
        outcome?.status ?? 0,
        outcome?.errorCode ?? "",
      ]),
      [
        ["intent", "PutObject", 0, ""],
        ["outcome", "PutObject", 200, ""],
        ["intent", "GetObject", 0, ""],
        ["outcome", "GetObject", 404, "NoSuchKey"],
        ["outcome", "GetObject", 403, "AccessDenied"],
      ],
    );
    const [, first] = heard[0] ?? [];
    assert.equal(first?.bucket, "bucket");
    assert.equal(first?.key, "k");
    assert.equal(heard[2]?.[1].versionId, "v");
  } finally {
    await server.stop();
  }
});

test("an operation that fails after its answer has begun is recorded as failed", async () => {
  const outcomes: (readonly [string, Outcome])[] = [];
  const server = await TestServer.start({
    slowTiming: { firstMs: 20, everyMs: 20 },
    audit: { intent: () => {}, outcome: (event, outcome) => void outcomes.push([event.operation, outcome]) },
  });
  try {
    await server.makeBucket();
    await server.send({ method: "PUT", path: "/bucket/k", body: "x" });
    server.store.before.set("copy", async () => {
      await sleep(80);
      throw new ServiceError("SlowDown");
    });
    const headers = { "x-amz-copy-source": "bucket/k" };
    const answer = await server.send({ method: "PUT", path: "/bucket/copy", headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.element("Code"), "SlowDown");
    const [operation, last] = outcomes.at(-1) ?? [];
    assert.deepEqual([operation, last?.status, last?.errorCode], ["CopyObject", 503, "SlowDown"]);
  } finally {
    await server.stop();
  }
});

test("no record, no request", async () => {
  const server = await TestServer.start({
    audit: {
      intent: (event) => {
        if (event.operation === "PutObject") throw new Error("the trail is full");
      },
      outcome: () => {},
    },
  });
  try {
    await server.makeBucket();
    const put = await server.send({ method: "PUT", path: "/bucket/k", body: "x" });
    assert.equal(put.status, 500);
    assert.equal(put.element("Code"), "InternalError");
    assert.equal(server.store.objects.get("bucket")?.has("k"), false);
  } finally {
    await server.stop();
  }
});

test("policies see the KMS key that is meant, however it was named", async () => {
  let last: unknown;
  let asked: unknown;
  const server = await TestServer.start({
    resolveKeyArn: async (_caller, keyId, contexts) => {
      asked = contexts.map((context) => [...context]);
      if (keyId === "foreign") throw new ServiceError("AccessDeniedException", { message: "not let in" });
      return keyId === "alias/mine" || keyId === undefined ? KEY_ARN : undefined;
    },
    authoriser: {
      decide: (_caller, { action, conditions }) => {
        if (action === "s3:PutObject")
          last = conditions.get("s3:x-amz-server-side-encryption-aws-kms-key-id");
        return { kind: "allow" };
      },
    },
  });
  try {
    await server.makeBucket();
    const seen = async (headers: Record<string, string>): Promise<unknown> => {
      last = "not asked";
      await server.send({ method: "PUT", path: "/bucket/k", body: "x", headers });
      return last;
    };
    const sse = "x-amz-server-side-encryption";
    assert.equal(await seen({ [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: "alias/mine" }), KEY_ARN);
    assert.equal(await seen({ [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: KEY_ARN }), KEY_ARN);
    assert.equal(await seen({ [sse]: "aws:kms" }), KEY_ARN);
    assert.equal(await seen({ [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: "nobody" }), "nobody");
    assert.equal(await seen({ [sse]: "AES256" }), undefined);
    assert.equal(await seen({}), undefined);
    // Another account's alias, to whom its key does not let in: no policy sees a value.
    const headers = {
      [sse]: "aws:kms",
      [`${sse}-aws-kms-key-id`]: "foreign",
      [`${sse}-context`]: Buffer.from('{"a":"b"}').toString("base64"),
    };
    const refused = await server.send({ method: "PUT", path: "/bucket/k", body: "x", headers });
    assert.deepEqual([refused.status, refused.element("Code")], [403, "AccessDenied"]);
    assert.equal(refused.element("Message"), "not let in");
    const user = ["a", "b"];
    assert.deepEqual(asked, [
      [user, ["aws:s3:arn", "arn:aws:s3:::bucket/k"]],
      [user, ["aws:s3:arn", "arn:aws:s3:::bucket"]],
    ]);
  } finally {
    await server.stop();
  }
});
