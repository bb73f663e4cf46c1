/** Accounts made beside a running server, and web identities of a configured issuer. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CreateBucketCommand, ListBucketsCommand } from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Actor } from "./access/world.ts";
import { command, CREDENTIALS, serve, temporaryDirectory } from "./serve.ts";

test("an account that is made beside the server works with the next request, under its own name", async (t) => {
  const data = temporaryDirectory();
  const served = await serve({ data });
  t.after(() => served.stop());
  const strongroom = (...args: string[]) => command([...args, "--data", data]);
  const made = await strongroom("account", "create", "--id", "222233334444", "--name", "lab", "--json");
  assert.equal(made.code, 0, made.err);
  const { accessKeyId, secretAccessKey, canonicalId } = JSON.parse(made.out);
  const lab = new Actor(served.endpoint, { accessKeyId, secretAccessKey });
  t.after(() => lab.destroy());
  assert.equal((await lab.sts.send(new GetCallerIdentityCommand({}))).Account, "222233334444");
  await lab.s3.send(new CreateBucketCommand({ Bucket: "lab-bucket" }));
  const { Owner, Buckets } = await lab.s3.send(new ListBucketsCommand({}));
  assert.deepEqual(Owner, { DisplayName: "lab", ID: canonicalId });
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    ["lab-bucket"],
  );

  const again = await strongroom("account", "create", "--id", "222233334444");
  assert.deepEqual([again.code, again.out], [2, ""]);
  assert.match(again.err, /222233334444 already exists/);
  const listed = await strongroom("account", "list");
  assert.match(listed.out, new RegExp(`^222233334444 ${canonicalId} lab$`, "m"));
  assert.ok(!listed.out.includes(secretAccessKey));
  const random = await strongroom("account", "create");
  assert.match(random.out, /^account {12}[0-9]{12} /);
  assert.match(random.out, /never again/);
  assert.equal((await strongroom("account", "remove")).code, 2);
});

test("a token of a configured issuer opens the roles that trust it", async (t) => {
  const data = temporaryDirectory();
  const issuer = "https://issuer.example";
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwksFile = join(data, "jwks.json");
  writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1" }] }));
  const config = join(data, "config.json");
  writeFileSync(config, JSON.stringify({ oidcIssuers: [{ issuer, audiences: ["strongroom"], jwksFile }] }));
  const served = await serve({ data, args: ["--config", config] });
  t.after(() => served.stop());
  const root = new Actor(served.endpoint, CREDENTIALS);
  t.after(() => root.destroy());
  await root.iam.send(
    new CreateRoleCommand({
      RoleName: "ci",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: "arn:aws:iam::000000000000:oidc-provider/issuer.example" },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition: { StringEquals: { "issuer.example:sub": "repo:main" } },
          },
        ],
      }),
    }),
  );
  const assume = async (subject: string) => {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "1" })
      .setIssuer(issuer)
      .setAudience("strongroom")
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(privateKey);
    return root.sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: "arn:aws:iam::000000000000:role/ci",
        RoleSessionName: "build",
        WebIdentityToken: token,
      }),
    );
  };
  const { AssumedRoleUser } = await assume("repo:main");
  assert.equal(AssumedRoleUser?.Arn, "arn:aws:sts::000000000000:assumed-role/ci/build");
  await assert.rejects(assume("repo:fork"), { name: "AccessDenied" });
});
