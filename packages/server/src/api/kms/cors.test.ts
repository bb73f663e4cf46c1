/** Browser pages and the key service: what a preflight and an answer say to which page. */
import { KMSServiceException, ListKeysCommand } from "@aws-sdk/client-kms";
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../iam/test/world.ts";

const PAGE = "https://app.example";
const ASKED = "authorization,content-type,x-amz-date,x-amz-target";

function preflight(world: World, origin: string, more: Record<string, string> = {}): Promise<Response> {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": ASKED,
    ...more,
  };
  return fetch(world.endpoint, { method: "OPTIONS", headers });
}
const unsigned = (world: World, origin: string): Promise<Response> =>
  fetch(world.endpoint, {
    method: "POST",
    headers: { origin, "x-amz-target": "TrentService.ListKeys" },
    body: "{}",
  });

test("a page of a named origin may ask and read, errors too; others may not; credentials mode never", async () => {
  const world = await World.open({ kmsOrigins: [PAGE] });
  try {
    const may = await preflight(world, PAGE);
    assert.equal(may.status, 200);
    assert.equal(may.headers.get("access-control-allow-origin"), PAGE);
    assert.equal(may.headers.get("access-control-allow-methods"), "POST");
    assert.equal(may.headers.get("access-control-allow-headers"), ASKED);
    assert.match(may.headers.get("vary") ?? "", /Origin/);
    const answer = await unsigned(world, PAGE);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("access-control-allow-origin"), PAGE);
    assert.match(answer.headers.get("access-control-expose-headers") ?? "", /x-amzn-ErrorType/);
    const refusals = [
      preflight(world, "https://evil.example"),
      preflight(world, `${PAGE}:8443`),
      preflight(world, PAGE, { "access-control-request-method": "GET" }),
      preflight(world, PAGE, { "access-control-request-headers": "x-amz-target, b@d" }),
    ];
    const answers = [...(await Promise.all(refusals)), await unsigned(world, "https://evil.example")];
    for (const refused of answers.slice(0, -1)) assert.equal(refused.status, 403);
    for (const told of [...answers, may, answer])
      assert.equal(told.headers.get("access-control-allow-credentials"), null);
    assert.equal(answers.at(-1)?.headers.get("access-control-allow-origin"), null);
    // A signed call reads as before.
    const kms = world.kmsClient();
    kms.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { headers: Record<string, string> };
        request.headers["origin"] = PAGE;
        return next(args);
      },
      { step: "build", name: "origin" },
    );
    assert.deepEqual((await kms.send(new ListKeysCommand({}))).Keys, []);
  } finally {
    await world.close();
  }
});

test("every page where the operator says so; none by default", async () => {
  const open = await World.open({ kmsOrigins: ["*"] });
  const closed = await World.open();
  try {
    assert.equal((await preflight(open, "null")).headers.get("access-control-allow-origin"), "*");
    assert.equal((await preflight(closed, PAGE)).status, 403);
    const answer = await unsigned(closed, PAGE);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    await assert.rejects(
      open.kmsClient({ ...open.rootKey, secretAccessKey: "wrong" }).send(new ListKeysCommand({})),
      KMSServiceException,
    );
  } finally {
    await open.close();
    await closed.close();
  }
});
