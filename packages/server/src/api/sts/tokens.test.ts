/** GetSessionToken and GetFederationToken through the SDK over a real socket: credentials that a user lends. */
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  ListAliasesCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import {
  GetFederationTokenCommand,
  type GetFederationTokenCommandInput,
  GetSessionTokenCommand,
} from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call } from "../iam/test/calls.ts";
import {
  ACCOUNT,
  allow,
  type Credentials,
  deny,
  given,
  policyText,
  refused,
  World,
} from "../iam/test/world.ts";
import { arn, mayListKeys, userOf, whoIs } from "./test/people.ts";

describe("tokens that are lent", () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(async () => {
    await world.close();
  });

  test("GetSessionToken keeps the identity and opens neither IAM nor another session", async () => {
    const user = await userOf(world, "temp", allow(["iam:*", "kms:ListKeys"]));
    const { Credentials } = await world.sts(user).send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const as = given(Credentials);
    assert.equal(await whoIs(world.sts(as)), arn("user/temp"));
    assert.equal(await mayListKeys(world, as), true);
    assert.deepEqual((await refused(call(world.iam(as), "ListUsers"))).slice(0, 2), [
      "InvalidClientTokenId",
      403,
    ]);
    assert.equal((await refused(world.sts(as).send(new GetSessionTokenCommand({}))))[0], "AccessDenied");
    const mfa = { SerialNumber: "arn:aws:iam::111122223333:mfa/temp", TokenCode: "123456" };
    assert.equal((await refused(world.sts(user).send(new GetSessionTokenCommand(mfa))))[0], "AccessDenied");
    const root = await world.sts().send(new GetSessionTokenCommand({}));
    const leftMs = (root.Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    assert.ok(leftMs <= 3_600_000, "root's sessions last an hour at most");
    await world.kmsClient(given(root.Credentials)).send(new CreateKeyCommand());
  });

  const lend = (by: Credentials | undefined, more: Partial<GetFederationTokenCommandInput> = {}) =>
    world.sts(by).send(new GetFederationTokenCommand({ Name: "bob", ...more }));

  test("a federated user has what lender and session policies both allow, and may lend nothing on", async () => {
    const lender = await userOf(
      world,
      "lender",
      allow(["kms:ListKeys", "kms:CreateKey", "iam:*", "sts:GetFederationToken"]),
    );
    const answer = await lend(lender, { Policy: policyText(allow(["kms:ListKeys", "kms:ListAliases"])) });
    const federated = `arn:aws:sts::${ACCOUNT}:federated-user/bob`;
    assert.deepEqual(answer.FederatedUser, { FederatedUserId: `${ACCOUNT}:bob`, Arn: federated });
    assert.ok((answer.PackedPolicySize ?? 0) > 0);
    assert.equal((await lend(lender)).PackedPolicySize, 0);
    const as = given(answer.Credentials);
    assert.equal(await whoIs(world.sts(as)), federated);
    assert.equal(await mayListKeys(world, as), true);
    const kms = world.kmsClient(as);
    for (const [attempt, reason] of [
      [kms.send(new CreateKeyCommand({})), /no session policy allows/],
      [kms.send(new ListAliasesCommand({})), /no identity-based policy allows/],
    ] as const)
      await assert.rejects(attempt, reason);
    assert.equal((await refused(call(world.iam(as), "ListUsers")))[0], "InvalidClientTokenId");
    for (const attempt of [lend(as), world.sts(as).send(new GetSessionTokenCommand({}))])
      assert.equal((await refused(attempt))[0], "AccessDenied");
    // Without policies of its own it has nothing, until a resource's policy names it.
    const bare = given((await lend(lender)).Credentials);
    assert.equal(await mayListKeys(world, bare), false);
    const { KeyMetadata } = await world.kmsClient().send(new CreateKeyCommand({}));
    const describe = new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId });
    await assert.rejects(world.kmsClient(bare).send(describe), /no identity-based policy allows/);
    const statements = [
      { ...allow("kms:*"), Principal: { AWS: arn("root") } },
      { ...allow("kms:DescribeKey"), Principal: { AWS: federated } },
    ];
    await world
      .kmsClient()
      .send(new PutKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId, Policy: policyText(...statements) }));
    await world.kmsClient(bare).send(describe);
    // What a resource's policy denies the lender, it denies whomever the lender lends to.
    const lent = given((await lend(lender, { Policy: policyText(allow("kms:*")) })).Credentials);
    await world.kmsClient(lent).send(describe);
    const without = { ...deny("kms:DescribeKey"), Principal: { AWS: arn("user/lender") } };
    await world
      .kmsClient()
      .send(
        new PutKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId, Policy: policyText(...statements, without) }),
      );
    for (const as of [lender, lent])
      await assert.rejects(world.kmsClient(as).send(describe), /explicit deny in a resource-based policy/);
    // Gone with the lender's rights.
    await call(world.iam(), "DeleteUserPolicy", { UserName: "lender", PolicyName: "own" });
    assert.equal(await mayListKeys(world, as), false);
  });

  test("GetFederationToken: root lends for an hour at most; a user needs the permission; tags need another", async () => {
    const root = await lend(undefined, { Policy: policyText(allow("kms:*")) });
    const leftMs = (root.Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    assert.ok(leftMs <= 3_600_000);
    await world.kmsClient(given(root.Credentials)).send(new CreateKeyCommand());
    assert.equal((await refused(lend(await userOf(world, "mean", allow("kms:*")))))[0], "AccessDenied");
    const tagger = await userOf(world, "tagger", allow("sts:GetFederationToken"));
    const Tags = [{ Key: "team", Value: "red" }];
    assert.match((await refused(lend(tagger, { Tags })))[2], /sts:TagSession/);
    assert.equal((await refused(lend(tagger, { Name: "b b" })))[0], "ValidationError");
    const long = policyText(allow("s3:*", `arn:aws:s3:::${"b".repeat(2100)}`));
    assert.deepEqual(await refused(lend(tagger, { Policy: long })), [
      "ValidationError",
      400,
      "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
    ]);
  });
});
