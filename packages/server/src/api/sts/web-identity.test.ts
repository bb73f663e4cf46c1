/** AssumeRoleWithWebIdentity through the SDK over a real socket, against an issuer whose keys are served here. */
import { AssumeRoleWithWebIdentityCommand } from "@aws-sdk/client-sts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { call } from "../iam/test/calls.ts";
import { ACCOUNT, given, refused, trust, World } from "../iam/test/world.ts";
import { arn, whoIs } from "./test/people.ts";

describe("AssumeRoleWithWebIdentity", () => {
  test("a token of the configured issuer, under the trust policy's conditions", async (t) => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const { privateKey: nextKey, publicKey: nextPublic } = await generateKeyPair("ES256");
    let keys = [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }];
    let fetches = 0;
    let fails = false;
    const jwks = createServer((_, res) => {
      fetches++;
      if (fails) res.statusCode = 500;
      res.end(JSON.stringify({ keys }));
    }).listen(0, "127.0.0.1");
    t.after(() => jwks.close());
    await once(jwks, "listening");
    const url = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/keys`;
    const issuer = "https://ci.example.com/pool";
    const world = await World.open({ issuers: [{ issuer, audiences: ["strongroom"], jwks: { url } }] });
    try {
      const provider = arn("oidc-provider/ci.example.com/pool");
      await call(world.iam(), "CreateRole", {
        RoleName: "ci",
        AssumeRolePolicyDocument: trust({ Federated: provider }, "sts:AssumeRoleWithWebIdentity", {
          Condition: {
            StringEquals: { "ci.example.com/pool:aud": "strongroom" },
            StringLike: { "ci.example.com/pool:sub": "repo:acme/*" },
          },
        }),
      });
      const token = (
        claims: Record<string, unknown> = {},
        header: { alg: string; kid: string } = { alg: "RS256", kid: "one" },
      ) => {
        const nowSeconds = Math.floor(Date.now() / 1000);
        return new SignJWT({
          iss: issuer,
          aud: "strongroom",
          sub: "repo:acme/app",
          iat: nowSeconds,
          exp: nowSeconds + 600,
          ...claims,
        })
          .setProtectedHeader(header)
          .sign(
            header.alg === "HS256"
              ? new TextEncoder().encode(JSON.stringify(keys[0]))
              : header.kid === "two"
                ? nextKey
                : privateKey,
          );
      };
      const unsigned = world.sts();
      const come = (WebIdentityToken: string, RoleArn = arn("role/ci")) =>
        unsigned.send(
          new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "build-7", WebIdentityToken }),
        );

      const answer = await come(await token());
      assert.equal(answer.SubjectFromWebIdentityToken, "repo:acme/app");
      assert.equal(answer.Provider, provider);
      assert.equal(answer.Audience, "strongroom");
      assert.equal(
        await whoIs(world.sts(given(answer.Credentials))),
        `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build-7`,
      );

      const names = async (given: string | Promise<string>, RoleArn?: string) =>
        (await refused(come(await given, RoleArn))).slice(0, 2);
      assert.deepEqual(await names(token({ sub: "repo:evil/app" })), ["AccessDenied", 403]);
      // A claim of the issuer's users' choice is not the subject, whatever its case.
      assert.deepEqual(await names(token({ sub: "repo:evil/app", SUB: "repo:acme/app" })), [
        "AccessDenied",
        403,
      ]);
      assert.deepEqual(await names(token(), arn("role/none")), ["AccessDenied", 403]);
      assert.deepEqual(await names(token({ aud: "others" })), ["InvalidIdentityTokenException", 400]);
      assert.deepEqual(await names(token({ iss: "https://evil.example.com" })), [
        "InvalidIdentityTokenException",
        400,
      ]);
      assert.deepEqual(await names(token({ exp: 1 })), ["ExpiredTokenException", 400]);
      assert.deepEqual(await names(token({}, { alg: "HS256", kid: "one" })), [
        "InvalidIdentityTokenException",
        400,
      ]);
      const [, body] = (await token()).split(".");
      const none = Buffer.from('{"alg":"none"}').toString("base64url");
      assert.deepEqual(await names(`${none}.${body}.`), ["InvalidIdentityTokenException", 400]);
      assert.equal(fetches, 1);

      // The issuer changes its key: an unknown key id makes us look again, but not at every request.
      keys = [...keys, { ...(await exportJWK(nextPublic)), kid: "two", alg: "ES256" }];
      world.clock.aheadMs = 6000;
      assert.ok((await come(await token({}, { alg: "ES256", kid: "two" }))).Credentials);
      assert.equal(fetches, 2);

      // Many tokens at once make us ask once; an issuer that fails is left in peace for a while.
      world.clock.aheadMs = 20 * 60_000;
      const lasting = await token({ exp: Math.floor(Date.now() / 1000) + 7200 });
      await Promise.all(Array.from({ length: 5 }, () => come(lasting)));
      assert.equal(fetches, 3);
      fails = true;
      world.clock.aheadMs = 40 * 60_000;
      const unavailable = async () =>
        assert.equal((await refused(come(lasting)))[0], "IDPCommunicationErrorException");
      await Promise.all([unavailable(), unavailable()]);
      await unavailable();
      assert.equal(fetches, 4);
      fails = false;
      world.clock.aheadMs += 6000;
      assert.ok((await come(lasting)).Credentials);
      assert.equal(fetches, 5);
      const said = JSON.stringify(world.logged);
      assert.doesNotMatch(said, new RegExp((body ?? "").slice(0, 30)));
    } finally {
      await world.close();
    }
  });
});
