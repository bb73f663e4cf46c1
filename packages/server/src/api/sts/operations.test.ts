/** Every operation of STS through the SDK over a real socket; web identities and tokens that are lent have files of their own. */
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetAccessKeyInfoCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isKnownAction } from "../../policy/index.ts";
import { call } from "../iam/test/calls.ts";
import {
  ACCOUNT,
  allow,
  type Credentials,
  deny,
  given,
  OTHER,
  policyText,
  refused,
  REGION,
  type Statement,
  trust,
  World,
} from "../iam/test/world.ts";
import { IAM_OPERATIONS } from "../iam/index.ts";
import { IAM_UNSUPPORTED } from "../iam/unsupported.ts";
import { STS_OPERATIONS, STS_UNSUPPORTED } from "./index.ts";
import { arn, mayListKeys, userOf, whoIs } from "./test/people.ts";

describe("STS operations", () => {
  let world: World;
  let ann: Credentials;
  before(async () => {
    world = await World.open();
    ann = await makeUser("ann");
  });
  after(async () => {
    await world.close();
  });

  const makeUser = (name: string, ...statements: readonly Statement[]) => userOf(world, name, ...statements);
  async function makeRole(RoleName: string, document: string, ...statements: readonly unknown[]) {
    const iam = world.iam();
    await call(iam, "CreateRole", { RoleName, AssumeRolePolicyDocument: document });
    if (statements.length > 0)
      await call(iam, "PutRolePolicy", {
        RoleName,
        PolicyName: "own",
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
      });
  }
  const assume = (as: Credentials, role: string, more: Partial<AssumeRoleCommandInput> = {}) =>
    world
      .sts(as)
      .send(new AssumeRoleCommand({ RoleArn: arn(`role/${role}`), RoleSessionName: "s1", ...more }));
  const session = async (...args: Parameters<typeof assume>) => given((await assume(...args)).Credentials);
  const mayList = (as: Credentials): Promise<boolean> => mayListKeys(world, as);

  test("GetCallerIdentity tells who signed, whatever policies say", async () => {
    assert.equal(await whoIs(world.sts()), arn("root"));
    const denied = await makeUser("denied", deny("*"));
    assert.equal(await whoIs(world.sts(denied)), arn("user/denied"));
    const unknown = { accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey: "x".repeat(40) };
    assert.deepEqual((await refused(whoIs(world.sts(unknown)))).slice(0, 2), ["InvalidClientTokenId", 403]);
    const wrong = { ...ann, secretAccessKey: "x".repeat(40) };
    assert.deepEqual((await refused(whoIs(world.sts(wrong)))).slice(0, 2), ["SignatureDoesNotMatch", 403]);
  });

  test("a role that names the user needs nothing more; the session has the role's rights alone", async () => {
    await makeRole("named", trust({ AWS: arn("user/ann") }), allow("kms:ListKeys"));
    assert.equal(await mayList(ann), false);
    const answer = await assume(ann, "named");
    assert.equal(answer.AssumedRoleUser?.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/named/s1`);
    assert.match(answer.AssumedRoleUser?.AssumedRoleId ?? "", /^AROA[A-Z2-7]{17}:s1$/);
    const as = given(answer.Credentials);
    assert.match(as.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.equal(as.secretAccessKey.length, 40);
    assert.equal(await whoIs(world.sts(as)), answer.AssumedRoleUser?.Arn);
    assert.equal(await mayList(as), true);
    await call(world.iam(), "PutRolePolicy", {
      RoleName: "named",
      PolicyName: "stop",
      PolicyDocument: policyText(deny("kms:*")),
    });
    assert.equal(await mayList(as), false);
    await call(world.iam(), "DeleteRolePolicy", { RoleName: "named", PolicyName: "stop" });
    assert.equal(await mayList(as), true);
  });

  test("a role that names the account needs the caller's own policies too", async () => {
    await makeRole("delegated", trust({ AWS: ACCOUNT }));
    assert.deepEqual(await refused(assume(ann, "delegated")), [
      "AccessDenied",
      403,
      `User: ${arn("user/ann")} is not authorized to perform: sts:AssumeRole on resource: ${arn("role/delegated")}`,
    ]);
    const allowed = await makeUser("allowed", allow("sts:AssumeRole", arn("role/delegated")));
    assert.ok((await assume(allowed, "delegated")).Credentials);
    // What is not there is refused alike.
    const missing = await refused(assume(ann, "no-such-role"));
    assert.deepEqual(missing.slice(0, 2), ["AccessDenied", 403]);
  });

  test("an external id is part of the bargain", async () => {
    const condition = { Condition: { StringEquals: { "sts:ExternalId": "deal-42" } } };
    await makeRole("external", trust({ AWS: arn("user/ann") }, "sts:AssumeRole", condition));
    assert.equal((await refused(assume(ann, "external")))[0], "AccessDenied");
    assert.equal((await refused(assume(ann, "external", { ExternalId: "deal-43" })))[0], "AccessDenied");
    assert.ok((await assume(ann, "external", { ExternalId: "deal-42" })).Credentials);
  });

  test("session policies only narrow", async () => {
    await makeRole("narrow", trust({ AWS: arn("user/ann") }), allow("kms:ListKeys"));
    const s3Only = { Policy: policyText(allow("s3:*")) };
    const answer = await assume(ann, "narrow", s3Only);
    assert.ok((answer.PackedPolicySize ?? 0) > 0);
    assert.equal(await mayList(given(answer.Credentials)), false);
    assert.equal(await mayList(await session(ann, "narrow", { Policy: policyText(allow("kms:*")) })), true);
    const PolicyArns = [{ arn: "arn:aws:iam::aws:policy/AmazonS3FullAccess" }];
    assert.equal(await mayList(await session(ann, "narrow", { PolicyArns })), false);
    assert.equal(
      await mayList(await session(ann, "narrow", { PolicyArns, Policy: policyText(allow("kms:*")) })),
      true,
    );
    assert.deepEqual((await refused(assume(ann, "narrow", { Policy: "{" }))).slice(0, 2), [
      "MalformedPolicyDocumentException",
      400,
    ]);
    const long = policyText(allow("s3:*", `arn:aws:s3:::${"b".repeat(2100)}`));
    assert.equal(
      (await refused(assume(ann, "narrow", { Policy: long })))[0],
      "PackedPolicyTooLargeException",
    );
  });

  test("tags need sts:TagSession, are unique ignoring case, and speak in policies", async () => {
    const Tags = [{ Key: "Team", Value: "red" }];
    await makeRole("untagged", trust({ AWS: arn("user/ann") }));
    assert.match((await refused(assume(ann, "untagged", { Tags })))[2], /sts:TagSession/);
    await makeRole(
      "tagged",
      trust({ AWS: arn("user/ann") }, ["sts:AssumeRole", "sts:TagSession"]),
      allow("kms:ListKeys", "*", { Condition: { StringEquals: { "aws:PrincipalTag/team": "red" } } }),
    );
    assert.equal(await mayList(await session(ann, "tagged", { Tags })), true);
    assert.equal(
      await mayList(await session(ann, "tagged", { Tags: [{ Key: "team", Value: "blue" }] })),
      false,
    );
    assert.equal(await mayList(await session(ann, "tagged")), false);
    assert.deepEqual(await refused(assume(ann, "tagged", { Tags: [...Tags, { Key: "team", Value: "" }] })), [
      "InvalidParameterValue",
      400,
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ]);
  });

  test("a chain hands on transitive tags and the source identity, for an hour at most", async () => {
    const actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    await makeRole("first", trust({ AWS: arn("user/ann") }, actions), allow("sts:*"));
    await makeRole(
      "second",
      trust({ AWS: arn("role/first") }, actions),
      allow("kms:ListKeys", "*", {
        Condition: {
          StringEquals: { "aws:PrincipalTag/team": "red", "aws:SourceIdentity": "ann-in-person" },
        },
      }),
    );
    await call(world.iam(), "UpdateRole", { RoleName: "second", MaxSessionDuration: 7200 });
    const first = await session(ann, "first", {
      Tags: [
        { Key: "team", Value: "red" },
        { Key: "mood", Value: "good" },
      ],
      TransitiveTagKeys: ["Team"],
      SourceIdentity: "ann-in-person",
    });
    assert.equal((await refused(assume(first, "second", { DurationSeconds: 7200 })))[0], "ValidationError");
    assert.deepEqual(await refused(assume(first, "second", { Tags: [{ Key: "TEAM", Value: "blue" }] })), [
      "InvalidParameterValue",
      400,
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ]);
    assert.deepEqual(await refused(assume(first, "second", { TransitiveTagKeys: ["mood"] })), [
      "InvalidParameterValue",
      400,
      "The specified transitive tag key must be included in the requested tags.",
    ]);
    assert.deepEqual(await refused(assume(first, "second", { SourceIdentity: "somebody-else" })), [
      "AccessDenied",
      403,
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/first/s1 is not authorized to perform: sts:SetSourceIdentity on resource: ${arn("role/second")}`,
    ]);
    assert.equal(await mayList(await session(first, "second", { SourceIdentity: "ann-in-person" })), true);
    assert.equal(await mayList(await session(first, "second")), true);
  });

  test("a chain that hands on tags needs sts:TagSession, also where it adds none", async () => {
    await makeRole("tagging", trust({ AWS: arn("user/ann") }, ["sts:AssumeRole", "sts:TagSession"]));
    await makeRole("plain", trust({ AWS: arn("role/tagging") }));
    const Tags = [{ Key: "team", Value: "red" }];
    await session(await session(ann, "tagging", { Tags }), "plain");
    const handing = await session(ann, "tagging", { Tags, TransitiveTagKeys: ["team"] });
    assert.deepEqual(await refused(assume(handing, "plain")), [
      "AccessDenied",
      403,
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/tagging/s1 is not authorized to perform: sts:TagSession on resource: ${arn("role/plain")}`,
    ]);
  });

  test("the tags of a role are conditions of assuming it, under both of their names", async () => {
    await makeRole("owned", trust({ AWS: ACCOUNT }));
    await call(world.iam(), "TagRole", { RoleName: "owned", Tags: [{ Key: "team", Value: "red" }] });
    for (const name of ["aws:ResourceTag/team", "iam:ResourceTag/team"]) {
      const by = { Condition: { StringEquals: { [name]: "red" } } };
      const word = name.slice(0, 3);
      await assume(await makeUser(`may-${word}`, allow("sts:AssumeRole", "*", by)), "owned");
      const never = await makeUser(`never-${word}`, allow("sts:*"), deny("sts:AssumeRole", "*", by));
      assert.equal((await refused(assume(never, "owned")))[0], "AccessDenied");
    }
  });

  test("durations", async () => {
    await makeRole("short", trust({ AWS: arn("user/ann") }));
    assert.match(
      (await refused(assume(ann, "short", { DurationSeconds: 7200 })))[2],
      /exceeds the MaxSessionDuration set for this role/,
    );
    assert.equal((await refused(assume(ann, "short", { DurationSeconds: 899 })))[0], "ValidationError");
    const { Credentials } = await assume(ann, "short", { DurationSeconds: 900 });
    const leftMs = (Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    assert.ok(leftMs > 890_000 && leftMs <= 900_000, String(leftMs));
    const as = given(Credentials);
    world.clock.aheadMs = 901_000;
    try {
      const credentials = { ...as, sessionToken: as.sessionToken ?? "" };
      const late = new STSClient({
        endpoint: world.endpoint,
        region: REGION,
        credentials,
        maxAttempts: 1,
        systemClockOffset: 901_000,
      });
      const [name, status, text] = await refused(whoIs(late));
      assert.deepEqual(
        [name, status, text],
        ["ExpiredToken", 403, "The security token included in the request is expired"],
      );
      late.destroy();
    } finally {
      world.clock.aheadMs = 0;
    }
  });

  test("a clock that jumps: sessions end and come back with it, and nothing outlives its time by a jump back", async () => {
    await makeRole("jumping", trust({ AWS: arn("user/ann") }), allow("kms:ListKeys"));
    const as = await session(ann, "jumping", { DurationSeconds: 900 });
    const { accessKeyId, secretAccessKey, sessionToken = "" } = as;
    /** Asks with a clock of the client's own that is as far off as the server's. */
    const ask = async (aheadSeconds: number): Promise<string> => {
      world.clock.aheadMs = aheadSeconds * 1000;
      const client = new STSClient({
        endpoint: world.endpoint,
        region: REGION,
        credentials: { accessKeyId, secretAccessKey, sessionToken },
        maxAttempts: 1,
        systemClockOffset: aheadSeconds * 1000,
      });
      try {
        return (await whoIs(client))?.endsWith("/jumping/s1") === true ? "ok" : "";
      } catch (error) {
        return error instanceof Error ? error.name : "";
      } finally {
        client.destroy();
        world.clock.aheadMs = 0;
      }
    };
    const day = 86_400;
    assert.deepEqual(
      [await ask(0), await ask(901), await ask(365 * day), await ask(0)],
      ["ok", "ExpiredToken", "ExpiredToken", "ok"],
    );
    // Set back, it is still the session that was issued, and ends when the clock says so.
    assert.deepEqual([await ask(-day), await ask(899 - 60), await ask(901)], ["ok", "ok", "ExpiredToken"]);
    // The server's clock alone: the request's own date decides, before anything else does.
    world.clock.aheadMs = -day * 1000;
    try {
      assert.equal((await refused(whoIs(world.sts(as))))[0], "SignatureDoesNotMatch");
    } finally {
      world.clock.aheadMs = 0;
    }
  });

  test("validation", async () => {
    assert.deepEqual(await refused(assume(ann, "named", { RoleSessionName: "Session1:2" })), [
      "ValidationError",
      400,
      "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ]);
    const RoleArn = "arn:aws:iam::nonsense:role/x";
    assert.deepEqual((await refused(assume(ann, "named", { RoleArn }))).slice(0, 3), [
      "ValidationError",
      400,
      `${RoleArn} is invalid`,
    ]);
    assert.equal(
      (await refused(assume(world.rootKey, "named")))[2],
      "Roles may not be assumed by root accounts.",
    );
  });

  test("another account comes in when both sides allow", async () => {
    const otherRoot = await world.identities.makeRootKey(OTHER);
    await call(world.iam(otherRoot), "CreateUser", { UserName: "bob" });
    const bob = given((await call(world.iam(otherRoot), "CreateAccessKey", { UserName: "bob" })).AccessKey);
    await makeRole("guest", trust({ AWS: `arn:aws:iam::${OTHER}:user/bob` }));
    assert.equal((await refused(assume(bob, "guest")))[0], "AccessDenied");
    await call(world.iam(otherRoot), "PutUserPolicy", {
      UserName: "bob",
      PolicyName: "p",
      PolicyDocument: policyText(allow("sts:AssumeRole", arn("role/guest"))),
    });
    assert.equal(
      await whoIs(world.sts(await session(bob, "guest"))),
      `arn:aws:sts::${ACCOUNT}:assumed-role/guest/s1`,
    );
  });

  test("a name made again inherits nothing: not the trust, not the session", async () => {
    let eve = await makeUser("eve");
    await makeRole("trusting", trust({ AWS: arn("user/eve") }));
    const old = await session(eve, "trusting");
    const iam = world.iam();
    await call(iam, "DeleteAccessKey", { UserName: "eve", AccessKeyId: eve.accessKeyId });
    const { User: gone } = await call(iam, "GetUser", { UserName: "eve" });
    await call(iam, "DeleteUser", { UserName: "eve" });
    const { Role: shown } = await call(iam, "GetRole", { RoleName: "trusting" });
    assert.equal(
      JSON.parse(decodeURIComponent(shown.AssumeRolePolicyDocument)).Statement[0].Principal.AWS,
      gone.UserId,
    );
    eve = await makeUser("eve");
    assert.equal((await refused(assume(eve, "trusting")))[0], "AccessDenied");
    assert.ok(await whoIs(world.sts(old)));
    await call(iam, "DeleteRole", { RoleName: "trusting" });
    assert.equal((await refused(whoIs(world.sts(old))))[0], "InvalidClientTokenId");
    await makeRole("trusting", trust({ AWS: arn("user/eve") }));
    assert.equal((await refused(whoIs(world.sts(old))))[0], "InvalidClientTokenId");
  });

  test("a token is of one key and of one store", async () => {
    const one = await session(ann, "named");
    const two = await session(ann, "named");
    const token = one.sessionToken ?? "";
    const broken: Credentials[] = [
      { ...one, sessionToken: two.sessionToken ?? "" },
      { ...one, sessionToken: token.replace(/..$/, (last) => (last === "AA" ? "BB" : "AA")) },
      { ...one, sessionToken: token.slice(0, 40) },
      { ...one, sessionToken: "not a token" },
      { ...ann, sessionToken: token },
      { accessKeyId: one.accessKeyId, secretAccessKey: one.secretAccessKey },
    ];
    for (const as of broken) assert.equal((await refused(whoIs(world.sts(as))))[0], "InvalidClientTokenId");
    assert.equal(
      (await refused(whoIs(world.sts({ ...one, secretAccessKey: two.secretAccessKey }))))[0],
      "SignatureDoesNotMatch",
    );
    const elsewhere = await World.open();
    assert.equal((await refused(whoIs(elsewhere.sts(one))))[0], "InvalidClientTokenId");
    await elsewhere.close();
  });

  test("old sessions are cut off by a Deny on aws:TokenIssueTime", async () => {
    await makeRole("revoked", trust({ AWS: arn("user/ann") }), allow("kms:ListKeys"));
    const as = await session(ann, "revoked");
    assert.equal(await mayList(as), true);
    const soon = new Date(Date.now() + 60_000).toISOString();
    await call(world.iam(), "PutRolePolicy", {
      RoleName: "revoked",
      PolicyName: "AWSRevokeOlderSessions",
      PolicyDocument: policyText({
        ...deny("*"),
        Condition: { DateLessThan: { "aws:TokenIssueTime": soon } },
      }),
    });
    assert.equal(await mayList(as), false);
  });

  test("what STS and IAM of AWS have besides is NotImplemented by name; what nobody has is InvalidAction", async () => {
    const nope = await refused(
      world.sts().send(new GetAccessKeyInfoCommand({ AccessKeyId: ann.accessKeyId })),
    );
    assert.deepEqual(nope, [
      "NotImplemented",
      501,
      "The operation GetAccessKeyInfo is not implemented by this service.",
    ]);
    assert.equal((await refused(call(world.iam(), "ListSAMLProviders")))[0], "NotImplemented");
    for (const names of [STS_UNSUPPORTED, IAM_UNSUPPORTED])
      for (const name of names) assert.ok(!STS_OPERATIONS.has(name) && !IAM_OPERATIONS.has(name), name);
  });

  test("every operation is under an action that policies can name", () => {
    for (const name of STS_OPERATIONS.keys()) assert.ok(isKnownAction(`sts:${name}`), name);
  });
});
