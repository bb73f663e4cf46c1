/** Secrets leave once, in the answer that makes them: never in an error, a log line, another answer or a row at rest. */
import { AssumeRoleCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { MemoryModel } from "../../store/memory/model.ts";
import type { Store } from "../../store/port.ts";
import { call } from "./test/calls.ts";
import { ACCOUNT, given, refused, trust, World } from "./test/world.ts";

function send(endpoint: string, body: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = request(endpoint, { method: "POST", headers }, (res) => void text(res).then(resolve, reject));
    req.on("error", reject);
    req.end(body);
  });
}

test("secret access keys and session secrets", async () => {
  const plain = new MemoryModel().open();
  const written: Uint8Array[] = [];
  const store: Store = {
    ...plain,
    commit: (commit) => {
      for (const put of commit.put ?? []) written.push(put.value, put.key);
      return plain.commit(commit);
    },
  };
  const world = await World.open({ store });
  try {
    const iam = world.iam();
    await call(iam, "CreateUser", { UserName: "ann" });
    const key = given((await call(iam, "CreateAccessKey", { UserName: "ann" })).AccessKey);
    await call(iam, "CreateRole", {
      RoleName: "app",
      AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/ann` }),
    });
    const assumed = await world
      .sts(key)
      .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/app`, RoleSessionName: "s1" }));
    const session = given(assumed.Credentials);
    const own = given((await world.sts(key).send(new GetSessionTokenCommand({}))).Credentials);
    const secrets = [
      world.rootKey.secretAccessKey,
      key.secretAccessKey,
      session.secretAccessKey,
      own.secretAccessKey,
    ];

    const said: string[] = [];
    for (const name of ["GetUser", "ListAccessKeys"])
      said.push(JSON.stringify(await call(iam, name, { UserName: "ann" })));
    said.push(JSON.stringify(await call(iam, "GetAccountAuthorizationDetails")));
    for (const as of [key, session, own]) said.push((await refused(call(world.iam(as), "ListUsers")))[2]);
    for (const as of [key, session]) {
      const wrong = {
        ...as,
        secretAccessKey: as.secretAccessKey.replace(/.$/, (last) => (last === "x" ? "y" : "x")),
      };
      said.push((await refused(call(world.iam(wrong), "ListUsers")))[2]);
    }
    // Values where they do not belong, unsigned and signed wrongly.
    const form = { "content-type": "application/x-www-form-urlencoded" };
    for (const secret of secrets) {
      const value = encodeURIComponent(secret);
      const bodies = [
        `Action=${value}&Version=${value}`,
        `Action=AssumeRoleWithWebIdentity&WebIdentityToken=${value}&RoleArn=arn:aws:iam::${ACCOUNT}:role/app&RoleSessionName=xy`,
        `${value}=${value}&${value}=1`,
      ];
      for (const body of bodies) said.push(await send(world.endpoint, body, form));
    }
    said.push(JSON.stringify(world.logged));
    const all = said.join("\n");
    for (const secret of secrets) {
      assert.ok(!all.includes(secret), "a secret was said again");
      const bytes = Buffer.from(secret);
      assert.ok(!written.some((row) => Buffer.from(row).includes(bytes)), "a secret rests in clear");
    }
    assert.ok(!all.includes((session.sessionToken ?? "").slice(50, 90)), "a session token was said again");
  } finally {
    await world.close();
  }
});
