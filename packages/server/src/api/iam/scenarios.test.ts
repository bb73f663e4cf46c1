/**
 * The role-separation scenarios of spec access section 10, as far as they need no bucket: real identities and sessions,
 * key policies put over the wire, keys used directly and as S3 uses them for its caller.
 */
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Caller } from "../../base/caller.ts";
import { callerAs } from "../../base/test-caller.ts";
import { ServiceError } from "../../base/errors.ts";
import { embeddedKeyService } from "../../kms/embedded.ts";
import type { KeyService } from "../../kms/port.ts";
import { defaultPolicy } from "../../kms/policies.ts";
import { call } from "./test/calls.ts";
import {
  ACCOUNT,
  allow,
  type Credentials,
  deny,
  given,
  OTHER,
  policyText,
  refused,
  trust,
  World,
} from "./test/world.ts";

const arn = (rest: string): string => `arn:aws:iam::${ACCOUNT}:${rest}`;
const USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
const ADMINISTER = [
  "kms:Create*",
  "kms:Describe*",
  "kms:Enable*",
  "kms:List*",
  "kms:Put*",
  "kms:Update*",
  "kms:Revoke*",
  "kms:Disable*",
  "kms:Get*",
  "kms:Delete*",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:ScheduleKeyDeletion",
  "kms:CancelKeyDeletion",
  "kms:RotateKeyOnDemand",
];
const VIA_S3 = { Condition: { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } } };

describe("spec access section 10", () => {
  let world: World;
  let keys: KeyService;
  let lent: Record<"storage" | "admin" | "user" | "auditor" | "denied" | "bob" | "otherRoot", Credentials>;
  let byDefault: string;
  let strict: string;

  before(async () => {
    world = await World.open();
    keys = embeddedKeyService(world.kms);
    const managed = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
    const otherRoot = await world.identities.makeRootKey(OTHER);
    lent = {
      storage: await makeUser("StorageAdmin", [managed("AmazonS3FullAccess")]),
      admin: await makeUser("KeyAdmin", []),
      user: await makeUser("Plain", [managed("AmazonS3FullAccess"), managed("KeyUser")]),
      auditor: await makeUser("Auditor", [managed("Auditor")]),
      denied: await makeUser("Denied", [managed("AmazonS3FullAccess")]),
      otherRoot,
      bob: await makeUser("Bob", [managed("AmazonS3FullAccess"), managed("KeyUser")], otherRoot),
    };
    await call(world.iam(), "PutUserPolicy", {
      UserName: "Denied",
      PolicyName: "no",
      PolicyDocument: policyText(deny("kms:Decrypt")),
    });
    await call(world.iam(), "CreateRole", {
      RoleName: "AppRole",
      AssumeRolePolicyDocument: trust({ AWS: arn("user/Plain") }),
    });
    await call(world.iam(), "PutRolePolicy", {
      RoleName: "AppRole",
      PolicyName: "s3",
      PolicyDocument: policyText(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*")),
    });
    byDefault = await makeKey(defaultPolicy(ACCOUNT));
    strict = await makeKey(
      policyText(
        { Effect: "Allow", Principal: { AWS: arn("user/KeyAdmin") }, ...allow(ADMINISTER) },
        { Effect: "Allow", Principal: { AWS: arn("role/AppRole") }, ...allow(USE, "*", VIA_S3) },
      ),
    );
  });
  after(async () => {
    await world.close();
  });

  async function makeUser(
    UserName: string,
    policies: readonly string[],
    as?: Credentials,
  ): Promise<Credentials> {
    const iam = world.iam(as);
    await call(iam, "CreateUser", { UserName });
    for (const PolicyArn of policies) await call(iam, "AttachUserPolicy", { UserName, PolicyArn });
    return given((await call(iam, "CreateAccessKey", { UserName })).AccessKey);
  }
  async function makeKey(Policy: string): Promise<string> {
    const made = await world
      .kmsClient()
      .send(new CreateKeyCommand({ Policy, BypassPolicyLockoutSafetyCheck: true }));
    return made.KeyMetadata?.Arn ?? "";
  }
  async function appRole(Policy?: string): Promise<Credentials> {
    const input = { RoleArn: arn("role/AppRole"), RoleSessionName: "app", Policy };
    return given((await world.sts(lent.user).send(new AssumeRoleCommand(input))).Credentials);
  }
  async function callerOf({ accessKeyId, sessionToken }: Credentials): Promise<Caller> {
    const found = await world.identities.lookup(accessKeyId, sessionToken);
    assert.ok(found !== undefined && found !== "invalid-token");
    return callerAs(found.principal, { accessKeyId });
  }
  const s3 = async (as: Credentials, action: string): Promise<string> => {
    const decision = world.authoriser.decide(await callerOf(as), {
      action,
      resource: "arn:aws:s3:::b/k",
      resourceAccount: ACCOUNT,
      conditions: new Map(),
    });
    return decision.kind;
  };
  const context = new Map([["aws:s3:arn", "arn:aws:s3:::b/a"]]);
  /** What S3 does for its caller: a data key for a PUT, and a decryption for a GET. Empty when allowed. */
  async function put(as: Credentials, key: string | undefined): Promise<string> {
    return outcome(async () => void (await keys.generateDataKey(await callerOf(as), key, context)));
  }
  async function get(as: Credentials, key: string | undefined, pairs = context): Promise<string> {
    const writer = await callerOf(key === undefined || key === byDefault ? world.rootKey : await appRole());
    const sealed = await keys.generateDataKey(writer, key, pairs);
    return outcome(
      async () => void (await keys.decrypt(await callerOf(as), sealed.keyArn, sealed.blob, pairs)),
    );
  }
  async function outcome(use: () => Promise<void>): Promise<string> {
    try {
      await use();
      return "";
    } catch (error) {
      assert.ok(error instanceof ServiceError, String(error));
      return `${error.code}: ${error.message}`;
    }
  }
  const NO_RESOURCE =
    /^AccessDeniedException: .*kms:Decrypt .* because no resource-based policy allows the kms:Decrypt action$/;
  const NO_IDENTITY =
    /^AccessDeniedException: .*kms:Decrypt .* because no identity-based policy allows the kms:Decrypt action$/;

  test("1, 2, 4: a storage administrator neither reads nor writes under a strict key", async () => {
    assert.equal(await s3(lent.storage, "s3:GetObject"), "allow");
    assert.match(await get(lent.storage, strict), NO_RESOURCE);
    assert.match(await put(lent.storage, strict), /kms:GenerateDataKey .*no resource-based policy/);
  });
  test("3: metadata and destruction are not the key's to protect", async () => {
    for (const action of [
      "s3:ListBucket",
      "s3:DeleteObject",
      "s3:PutBucketPolicy",
      "s3:PutEncryptionConfiguration",
    ])
      assert.equal(await s3(lent.storage, action), "allow");
  });
  test("5: nor does one read under the default policy", async () => {
    assert.match(await get(lent.storage, byDefault), NO_IDENTITY);
  });
  test("6, 7: who edits IAM gets in under the default policy, and not under a strict one", async () => {
    const name = { UserName: "StorageAdmin", PolicyName: "grab" };
    await call(world.iam(), "PutUserPolicy", {
      ...name,
      PolicyDocument: policyText(allow(["kms:*", "iam:PutUserPolicy"])),
    });
    assert.equal(await get(lent.storage, byDefault), "");
    assert.match(await get(lent.storage, strict), NO_RESOURCE);
    await call(world.iam(), "DeleteUserPolicy", name);
    assert.match(await get(lent.storage, byDefault), NO_IDENTITY);
  });
  test("8, 20: the managed key lets in whom S3 lets in, of its own account alone", async () => {
    assert.equal(await get(lent.storage, undefined), "");
    assert.match(await get(lent.bob, undefined), /^AccessDeniedException/);
  });
  test("9, 10, 11: a key administrator administers, and does not read", async () => {
    const client = world.kmsClient(lent.admin);
    const writer = await callerOf(await appRole());
    const { blob } = await keys.generateDataKey(writer, strict, context);
    const captured = new DecryptCommand({
      CiphertextBlob: blob,
      EncryptionContext: Object.fromEntries(context),
      KeyId: strict,
    });
    const [name, status, text] = await refused(client.send(captured));
    assert.deepEqual([name, status], ["AccessDeniedException", 400]);
    assert.match(text, /no resource-based policy allows the kms:Decrypt action/);

    const { Policy: before = "" } = await client.send(new GetKeyPolicyCommand({ KeyId: strict }));
    const grabbing = JSON.parse(before);
    grabbing.Statement.push({
      Effect: "Allow",
      Principal: { AWS: arn("user/KeyAdmin") },
      ...allow("kms:Decrypt"),
    });
    await client.send(new PutKeyPolicyCommand({ KeyId: strict, Policy: JSON.stringify(grabbing) }));
    await client.send(captured);
    assert.equal(await s3(lent.admin, "s3:GetObject"), "implicit-deny");
    await client.send(new PutKeyPolicyCommand({ KeyId: strict, Policy: before }));

    const sealed = await keys.generateDataKey(writer, strict, context);
    await client.send(new DisableKeyCommand({ KeyId: strict }));
    const disabled = await outcome(
      async () => void (await keys.decrypt(writer, strict as never, sealed.blob, context)),
    );
    assert.match(disabled, /^DisabledException/);
    await client.send(new EnableKeyCommand({ KeyId: strict }));
  });
  test("12, 13: the application reads and writes through S3 and cannot use the key itself", async () => {
    const app = await appRole();
    assert.equal(await put(app, strict), "");
    assert.equal(await get(app, strict), "");
    const { blob } = await keys.generateDataKey(await callerOf(app), strict, context);
    const raw = new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: Object.fromEntries(context) });
    assert.match(
      (await refused(world.kmsClient(app).send(raw)))[2],
      /no resource-based policy allows the kms:Decrypt/,
    );
  });
  test("14: a session policy of s3:* alone keeps the key shut", async () => {
    const narrow = await appRole(policyText(allow("s3:*")));
    assert.equal(await s3(narrow, "s3:GetObject"), "allow");
    assert.match(await get(narrow, strict), /no session policy allows the kms:Decrypt action/);
  });
  test("15: an auditor sees the key and reads nothing", async () => {
    const client = world.kmsClient(lent.auditor);
    await client.send(new DescribeKeyCommand({ KeyId: byDefault }));
    await client.send(new GetKeyPolicyCommand({ KeyId: byDefault }));
    assert.match(await get(lent.auditor, byDefault), NO_IDENTITY);
    assert.equal(await s3(lent.auditor, "s3:GetObject"), "implicit-deny");
  });
  test("16, 17: root has on a key what its policy gives, and no more", async () => {
    assert.equal(await get(world.rootKey, byDefault), "");
    assert.match(await get(world.rootKey, strict), NO_RESOURCE);
    const rescue = new PutKeyPolicyCommand({ KeyId: strict, Policy: defaultPolicy(ACCOUNT) });
    assert.equal((await refused(world.kmsClient().send(rescue)))[0], "AccessDeniedException");
  });
  test("18, 19: another account comes in when both sides allow", async () => {
    const policyOf = (more: readonly unknown[]): string =>
      JSON.stringify({
        ...JSON.parse(defaultPolicy(ACCOUNT)),
        Statement: [...JSON.parse(defaultPolicy(ACCOUNT)).Statement, ...more],
      });
    assert.match(await get(lent.bob, byDefault), NO_RESOURCE);
    const open = { Effect: "Allow", Principal: { AWS: OTHER }, Action: "kms:Decrypt", Resource: "*" };
    await world.kmsClient().send(new PutKeyPolicyCommand({ KeyId: byDefault, Policy: policyOf([open]) }));
    assert.equal(await get(lent.bob, byDefault), "");
    await world.kmsClient().send(new PutKeyPolicyCommand({ KeyId: byDefault, Policy: policyOf([]) }));
    assert.match(await get(lent.bob, byDefault), NO_RESOURCE);
  });
  test("22: a grant lets in for one object", async () => {
    const granting = new CreateGrantCommand({
      KeyId: byDefault,
      GranteePrincipal: arn("role/AppRole"),
      Operations: ["Decrypt"],
      Constraints: { EncryptionContextEquals: Object.fromEntries(context) },
    });
    const app = await appRole();
    assert.match(await get(app, byDefault), NO_IDENTITY);
    await world.kmsClient().send(granting);
    assert.equal(await get(app, byDefault), "");
    assert.match(await get(app, byDefault, new Map([["aws:s3:arn", "arn:aws:s3:::b/b"]])), NO_IDENTITY);
  });
  test("23: a Deny of the caller's own wins over the managed key's policy", async () => {
    assert.match(await get(lent.denied, undefined), /with an explicit deny in an identity-based policy$/);
  });
  test("25: permissions taken away end a session at once", async () => {
    const app = await appRole();
    assert.equal(await get(app, strict), "");
    await call(world.iam(), "PutRolePolicy", {
      RoleName: "AppRole",
      PolicyName: "stop",
      PolicyDocument: policyText(deny("kms:*")),
    });
    assert.equal(
      (await outcome(async () => void (await keys.generateDataKey(await callerOf(app), strict, context)))) ===
        "",
      false,
    );
    await call(world.iam(), "DeleteRolePolicy", { RoleName: "AppRole", PolicyName: "stop" });
    assert.equal(await get(app, strict), "");
  });

  test("a key policy means the principal it was put for, not whoever has the name later (kms 9.2)", async () => {
    const iam = world.iam();
    const heir = { UserName: "Heir" };
    let key = await makeUser("Heir", []);
    const named = policyText(
      { Effect: "Allow", Principal: { AWS: arn("root") }, ...allow("kms:*") },
      { Effect: "Allow", Principal: { AWS: arn("user/Heir") }, ...allow("kms:DescribeKey") },
    );
    const KeyId = await makeKey(named);
    const client = world.kmsClient();
    const shown = async () =>
      JSON.parse((await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? "").Statement[1].Principal
        .AWS;
    assert.equal(await shown(), arn("user/Heir"));
    await world.kmsClient(key).send(new DescribeKeyCommand({ KeyId }));
    await call(iam, "UpdateUser", { ...heir, NewPath: "/new/" });
    assert.equal(await shown(), arn("user/new/Heir"));
    await world.kmsClient(key).send(new DescribeKeyCommand({ KeyId }));
    const { User } = await call(iam, "GetUser", heir);
    await call(iam, "DeleteAccessKey", { ...heir, AccessKeyId: key.accessKeyId });
    await call(iam, "DeleteUser", heir);
    assert.equal(await shown(), User.UserId);
    key = await makeUser("Heir", []);
    assert.equal(
      (await refused(world.kmsClient(key).send(new DescribeKeyCommand({ KeyId }))))[0],
      "AccessDeniedException",
    );
    assert.equal(await shown(), User.UserId);
    const nobody = policyText({
      Effect: "Allow",
      Principal: { AWS: arn("user/NoSuchUser") },
      ...allow("kms:*"),
    });
    const bad = new PutKeyPolicyCommand({ KeyId, Policy: nobody, BypassPolicyLockoutSafetyCheck: true });
    assert.equal((await refused(client.send(bad)))[0], "MalformedPolicyDocumentException");
  });

  test("a right to rename reaches from one place to another only if it covers both", async () => {
    const root = world.iam();
    const admin = world.iam(await makeUser("DevAdmin", []));
    await call(root, "PutUserPolicy", {
      UserName: "DevAdmin",
      PolicyName: "rename",
      PolicyDocument: policyText(allow(["iam:UpdateUser", "iam:UpdateGroup"], arn("*/dev/*"))),
    });
    await call(root, "CreateUser", { UserName: "mallory", Path: "/dev/" });
    await call(root, "CreateUser", { UserName: "top" });
    await call(root, "CreateGroup", { GroupName: "crew", Path: "/dev/" });
    const denied = async (name: string, input: unknown, resource: string) => {
      const [error, status, text] = await refused(call(admin, name, input));
      assert.deepEqual([error, status], ["AccessDenied", 403]);
      assert.ok(text.includes(`perform: iam:${name} on resource: ${arn(resource)} because`), text);
    };
    const mallory = { UserName: "mallory" };
    await denied("UpdateUser", { ...mallory, NewPath: "/admins/" }, "user/admins/mallory");
    await denied("UpdateUser", { ...mallory, NewPath: "/", NewUserName: "Departed" }, "user/Departed");
    await denied("UpdateUser", { UserName: "top", NewPath: "/dev/" }, "user/top");
    await denied("UpdateUser", { UserName: "absent", NewPath: "/dev/" }, "user/absent");
    await denied("UpdateGroup", { GroupName: "crew", NewPath: "/admins/" }, "group/admins/crew");
    await call(admin, "UpdateUser", { ...mallory, NewUserName: "molly" });
    await call(admin, "UpdateUser", { UserName: "molly", NewPath: "/dev/new/" });
    await call(admin, "UpdateGroup", { GroupName: "crew", NewPath: "/dev/new/", NewGroupName: "team" });
    assert.equal((await call(root, "GetUser", { UserName: "molly" })).User.Arn, arn("user/dev/new/molly"));
  });

  test("who may make a user, role or policy, but not tag one, makes none with tags", async () => {
    const root = world.iam();
    const maker = await makeUser("Maker", []);
    const may = (...actions: string[]) =>
      call(root, "PutUserPolicy", {
        UserName: "Maker",
        PolicyName: "make",
        PolicyDocument: policyText(allow(["iam:Create*", ...actions]), deny("iam:TagPolicy")),
      });
    await may();
    const Tags = [{ Key: "clearance", Value: "high" }];
    const PolicyDocument = policyText(allow("s3:*"));
    const AssumeRolePolicyDocument = trust({ AWS: arn("root") });
    for (const [kind, input, made] of [
      ["User", { UserName: "spy" }, "user/spy"],
      ["Role", { RoleName: "spy", AssumeRolePolicyDocument }, "role/spy"],
      ["Policy", { PolicyName: "spy", PolicyDocument }, "policy/spy"],
    ] as const) {
      const create = (more: object) => call(world.iam(maker), `Create${kind}`, { ...input, ...more });
      const [error, , text] = await refused(create({ Tags }));
      assert.equal(error, "AccessDenied");
      assert.ok(text.includes(`perform: iam:Tag${kind} on resource: ${arn(made)} `), text);
      if (kind === "Policy") await create({});
      else {
        await may(`iam:Tag${kind}`);
        await create({ Tags });
      }
    }
  });
});
