/** Every operation of IAM through the SDK over a real socket. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isKnownAction } from "../../policy/index.ts";
import { IAM_OPERATIONS } from "./index.ts";
import { call, called } from "./test/calls.ts";
import { ACCOUNT, allow, given, policyText, refused, trust, World } from "./test/world.ts";

const READ = policyText(allow("s3:GetObject"));
const arn = (rest: string): string => `arn:aws:iam::${ACCOUNT}:${rest}`;

describe("IAM operations", () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(async () => {
    await world.close();
  });
  const iam = (name: string, input?: unknown) => call(world.iam(), name, input);
  const fails = (name: string, input?: unknown) => refused(iam(name, input));

  test("users are made, shown, renamed, moved and removed", async () => {
    const { User: made } = await iam("CreateUser", {
      UserName: "ann",
      Path: "/staff/",
      Tags: [{ Key: "team", Value: "a b+c" }],
    });
    assert.match(made.UserId, /^AIDA[A-Z2-7]{17}$/);
    assert.equal(made.Arn, arn("user/staff/ann"));
    assert.deepEqual(await fails("CreateUser", { UserName: "ANN" }), [
      "EntityAlreadyExistsException",
      409,
      "User with name ANN already exists.",
    ]);
    await iam("UpdateUser", { UserName: "ann", NewUserName: "anna", NewPath: "/" });
    const { User: shown } = await iam("GetUser", { UserName: "ANNA" });
    assert.equal(shown.UserId, made.UserId);
    assert.equal(shown.Arn, arn("user/anna"));
    assert.deepEqual(shown.Tags, [{ Key: "team", Value: "a b+c" }]);
    assert.deepEqual(await fails("GetUser", { UserName: "ann" }), [
      "NoSuchEntityException",
      404,
      "The user with name ann cannot be found.",
    ]);
    await iam("UpdateUser", { UserName: "anna", NewUserName: "Anna" });
    const { Users } = await iam("ListUsers", {});
    assert.deepEqual(
      Users.map((user: { UserName: string }) => user.UserName),
      ["Anna"],
    );
    await iam("DeleteUser", { UserName: "Anna" });
    assert.equal((await iam("ListUsers", { PathPrefix: "/" })).Users.length, 0);
    const { User: again } = await iam("CreateUser", { UserName: "ann" });
    assert.notEqual(again.UserId, made.UserId);
    await iam("DeleteUser", { UserName: "ann" });
  });

  test("GetUser without a name is the caller", async () => {
    assert.equal((await iam("GetUser")).User.Arn, arn("root"));
  });

  test("access keys: two at most, inactive at once, secret shown once", async () => {
    await iam("CreateUser", { UserName: "keys" });
    await iam("AttachUserPolicy", {
      UserName: "keys",
      PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
    });
    const first = (await iam("CreateAccessKey", { UserName: "keys" })).AccessKey;
    const second = (await iam("CreateAccessKey", { UserName: "keys" })).AccessKey;
    assert.match(first.AccessKeyId, /^AKIA[A-Z2-7]{16}$/);
    assert.equal(first.SecretAccessKey.length, 40);
    assert.equal((await fails("CreateAccessKey", { UserName: "keys" }))[0], "LimitExceededException");
    const own = world.iam(given(first));
    assert.equal((await call(own, "GetUser")).User.UserName, "keys");
    const listed = await call(own, "ListAccessKeys");
    assert.equal(listed.AccessKeyMetadata.length, 2);
    assert.doesNotMatch(
      JSON.stringify(listed),
      new RegExp(first.SecretAccessKey.slice(0, 10).replaceAll(/\W/g, ".")),
    );
    const deactivated = { UserName: "keys", AccessKeyId: first.AccessKeyId, Status: "Inactive" };
    await iam("UpdateAccessKey", deactivated);
    assert.deepEqual((await refused(call(own, "GetUser"))).slice(0, 2), ["InvalidClientTokenId", 403]);
    await iam("UpdateAccessKey", { ...deactivated, Status: "Active" });
    assert.equal((await call(own, "GetUser")).User.UserName, "keys");
    const used = await iam("GetAccessKeyLastUsed", { AccessKeyId: first.AccessKeyId });
    assert.equal(used.UserName, "keys");
    assert.equal(used.AccessKeyLastUsed.ServiceName, "iam");
    const unused = await iam("GetAccessKeyLastUsed", { AccessKeyId: second.AccessKeyId });
    assert.equal(unused.AccessKeyLastUsed.ServiceName, "N/A");
    assert.equal(unused.AccessKeyLastUsed.LastUsedDate, undefined);
    assert.deepEqual(await fails("DeleteUser", { UserName: "keys" }), [
      "DeleteConflictException",
      409,
      "Cannot delete entity, must delete access keys first.",
    ]);
    for (const key of [first, second])
      await iam("DeleteAccessKey", { UserName: "keys", AccessKeyId: key.AccessKeyId });
    assert.equal((await refused(call(own, "GetUser")))[0], "InvalidClientTokenId");
    assert.equal((await fails("GetAccessKeyLastUsed", { AccessKeyId: first.AccessKeyId }))[1], 404);
  });

  test("root makes and lists keys of its own", async () => {
    const { AccessKey } = await iam("CreateAccessKey");
    assert.equal((await iam("ListAccessKeys")).AccessKeyMetadata.length, 2);
    await iam("DeleteAccessKey", { AccessKeyId: AccessKey.AccessKeyId });
    assert.equal((await fails("DeleteAccessKey", { AccessKeyId: AccessKey.AccessKeyId }))[1], 404);
  });

  for (const kind of ["User", "Group", "Role"] as const) {
    test(`policies on a ${kind.toLowerCase()}`, async () => {
      const name = { [`${kind}Name`]: `holder-${kind}` };
      await iam(`Create${kind}`, {
        ...name,
        ...(kind === "Role" ? { AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) } : {}),
      });
      await iam(`Put${kind}Policy`, { ...name, PolicyName: "one", PolicyDocument: READ });
      const spaced = `{ "Version": "2012-10-17",\n "Statement": ${JSON.stringify([allow("kms:*")])} }`;
      await iam(`Put${kind}Policy`, { ...name, PolicyName: "one", PolicyDocument: spaced });
      const got = await iam(`Get${kind}Policy`, { ...name, PolicyName: "one" });
      assert.equal(decodeURIComponent(got.PolicyDocument), spaced);
      assert.doesNotMatch(got.PolicyDocument, /[+ ]/);
      assert.deepEqual((await iam(`List${kind}Policies`, name)).PolicyNames, ["one"]);
      const long = policyText(allow("s3:GetObject", `arn:aws:s3:::${"b".repeat(11_000)}`));
      assert.deepEqual(
        (await fails(`Put${kind}Policy`, { ...name, PolicyName: "two", PolicyDocument: long })).slice(0, 2),
        ["LimitExceededException", 409],
      );
      assert.deepEqual(
        (await fails(`Put${kind}Policy`, { ...name, PolicyName: "two", PolicyDocument: "{" })).slice(0, 3),
        ["MalformedPolicyDocumentException", 400, "This policy contains invalid Json"],
      );
      assert.equal((await fails(`Get${kind}Policy`, { ...name, PolicyName: "two" }))[1], 404);
      assert.deepEqual(
        (await fails(`Delete${kind}`, name))[2],
        "Cannot delete entity, must delete policies first.",
      );
      await iam(`Delete${kind}Policy`, { ...name, PolicyName: "one" });
      assert.equal((await fails(`Delete${kind}Policy`, { ...name, PolicyName: "one" }))[1], 404);

      const PolicyArn = "arn:aws:iam::aws:policy/Auditor";
      await iam(`Attach${kind}Policy`, { ...name, PolicyArn });
      await iam(`Attach${kind}Policy`, { ...name, PolicyArn });
      assert.deepEqual((await iam(`ListAttached${kind}Policies`, name)).AttachedPolicies, [
        { PolicyName: "Auditor", PolicyArn },
      ]);
      assert.equal(
        (await iam(`ListAttached${kind}Policies`, { ...name, PathPrefix: "/x/" })).AttachedPolicies.length,
        0,
      );
      assert.deepEqual(await fails(`Attach${kind}Policy`, { ...name, PolicyArn: arn("policy/none-such") }), [
        "NoSuchEntityException",
        404,
        `Policy ${arn("policy/none-such")} does not exist or is not attachable.`,
      ]);
      assert.deepEqual(
        (await fails(`Attach${kind}Policy`, { ...name, PolicyArn: "arn:aws:s3:::not-a-policy" })).slice(0, 3),
        ["ValidationError", 400, "Invalid ARN:  Could not be parsed!"],
      );
      assert.equal(
        (await fails(`Delete${kind}`, name))[2],
        "Cannot delete entity, must detach all policies first.",
      );
      await iam(`Detach${kind}Policy`, { ...name, PolicyArn });
      assert.equal(
        (await fails(`Detach${kind}Policy`, { ...name, PolicyArn }))[2],
        `Policy ${PolicyArn} was not found.`,
      );
      await iam(`Delete${kind}`, name);
    });
  }

  test("ten managed policies at most", async () => {
    await iam("CreateUser", { UserName: "many" });
    for (let i = 0; i <= 10; i++) {
      const { Policy } = await iam("CreatePolicy", { PolicyName: `many-${i}`, PolicyDocument: READ });
      const attached = iam("AttachUserPolicy", { UserName: "many", PolicyArn: Policy.Arn });
      if (i < 10) await attached;
      else assert.equal((await refused(attached))[0], "LimitExceededException");
    }
  });

  test("managed policies: versions, default, limits, deletion order", async () => {
    const { Policy: made } = await iam("CreatePolicy", {
      PolicyName: "versions",
      Path: "/app/",
      Description: "what <it> does & why",
      PolicyDocument: READ,
      Tags: [{ Key: "a", Value: "1" }],
    });
    const PolicyArn = made.Arn;
    assert.equal(PolicyArn, arn("policy/app/versions"));
    assert.match(made.PolicyId, /^ANPA[A-Z2-7]{17}$/);
    assert.equal((await fails("CreatePolicy", { PolicyName: "Versions", PolicyDocument: READ }))[1], 409);
    // Inline ones may be of the old version; managed ones of AWS may not.
    for (const version of [{}, { Version: "2008-10-17" }]) {
      const PolicyDocument = JSON.stringify({ ...version, Statement: [allow("s3:GetObject")] });
      const refusal = [
        "MalformedPolicyDocumentException",
        400,
        "Policy document must be version 2012-10-17 or greater.",
      ];
      assert.deepEqual(await fails("CreatePolicy", { PolicyName: "old", PolicyDocument }), refusal);
      assert.deepEqual(await fails("CreatePolicyVersion", { PolicyArn, PolicyDocument }), refusal);
      await iam("CreateGroup", { GroupName: "old" });
      await iam("PutGroupPolicy", { GroupName: "old", PolicyName: "old", PolicyDocument });
      await iam("DeleteGroupPolicy", { GroupName: "old", PolicyName: "old" });
      await iam("DeleteGroup", { GroupName: "old" });
    }
    const { PolicyVersion: second } = await iam("CreatePolicyVersion", {
      PolicyArn,
      PolicyDocument: policyText(allow("s3:*")),
      SetAsDefault: true,
    });
    assert.deepEqual([second.VersionId, second.IsDefaultVersion], ["v2", true]);
    for (let i = 3; i <= 5; i++) await iam("CreatePolicyVersion", { PolicyArn, PolicyDocument: READ });
    assert.equal(
      (await fails("CreatePolicyVersion", { PolicyArn, PolicyDocument: READ }))[0],
      "LimitExceededException",
    );
    const { Versions } = await iam("ListPolicyVersions", { PolicyArn });
    assert.deepEqual(
      Versions.map((v: { VersionId: string }) => v.VersionId),
      ["v5", "v4", "v3", "v2", "v1"],
    );
    assert.equal(
      (await fails("DeletePolicyVersion", { PolicyArn, VersionId: "v2" }))[0],
      "DeleteConflictException",
    );
    await iam("SetDefaultPolicyVersion", { PolicyArn, VersionId: "v1" });
    const got = await iam("GetPolicyVersion", { PolicyArn, VersionId: "v1" });
    assert.equal(decodeURIComponent(got.PolicyVersion.Document), READ);
    assert.equal(got.PolicyVersion.IsDefaultVersion, true);
    assert.equal((await fails("DeletePolicy", { PolicyArn }))[0], "DeleteConflictException");
    for (const VersionId of ["v2", "v3", "v4", "v5"])
      await iam("DeletePolicyVersion", { PolicyArn, VersionId });
    assert.equal((await fails("GetPolicyVersion", { PolicyArn, VersionId: "v3" }))[1], 404);
    const sixth = await iam("CreatePolicyVersion", { PolicyArn, PolicyDocument: READ });
    assert.equal(sixth.PolicyVersion.VersionId, "v6");
    await iam("DeletePolicyVersion", { PolicyArn, VersionId: "v6" });

    await iam("TagPolicy", {
      PolicyArn,
      Tags: [
        { Key: "A", Value: "2" },
        { Key: "b", Value: "" },
      ],
    });
    assert.deepEqual((await iam("ListPolicyTags", { PolicyArn })).Tags, [
      { Key: "A", Value: "2" },
      { Key: "b", Value: "" },
    ]);
    await iam("UntagPolicy", { PolicyArn, TagKeys: ["B"] });
    const { Policy: shown } = await iam("GetPolicy", { PolicyArn });
    assert.deepEqual(shown.Tags, [{ Key: "A", Value: "2" }]);
    assert.equal(shown.Description, "what <it> does & why");

    await iam("CreateGroup", { GroupName: "users-of-it" });
    await iam("AttachGroupPolicy", { GroupName: "users-of-it", PolicyArn });
    assert.equal((await iam("GetPolicy", { PolicyArn })).Policy.AttachmentCount, 1);
    assert.equal(
      (await fails("DeletePolicy", { PolicyArn }))[2],
      "Cannot delete a policy attached to entities.",
    );
    const { PolicyGroups } = await iam("ListEntitiesForPolicy", { PolicyArn, EntityFilter: "Group" });
    assert.deepEqual(
      PolicyGroups.map((group: { GroupName: string }) => group.GroupName),
      ["users-of-it"],
    );
    const local = await iam("ListPolicies", { Scope: "Local", OnlyAttached: true, PathPrefix: "/app/" });
    assert.deepEqual(
      local.Policies.map((policy: { PolicyName: string }) => policy.PolicyName),
      ["versions"],
    );
    await iam("DetachGroupPolicy", { GroupName: "users-of-it", PolicyArn });
    await iam("DeletePolicy", { PolicyArn });
    assert.equal((await fails("GetPolicy", { PolicyArn }))[2], `Policy ${PolicyArn} was not found.`);
  });

  test("ready-made policies can be read and attached, and not changed", async () => {
    const { Policies } = await iam("ListPolicies", { Scope: "AWS" });
    const names = Policies.map((policy: { PolicyName: string }) => policy.PolicyName);
    for (const name of [
      "AdministratorAccess",
      "Auditor",
      "KeyAdministrator",
      "KeyUser",
      "StorageAdministrator",
    ])
      assert.ok(names.includes(name), name);
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonS3FullAccess";
    const { PolicyVersion } = await iam("GetPolicyVersion", { PolicyArn, VersionId: "v1" });
    assert.doesNotMatch(PolicyVersion.Document, /kms/);
    assert.equal((await fails("DeletePolicy", { PolicyArn }))[0], "AccessDenied");
    assert.equal(
      (await fails("CreatePolicyVersion", { PolicyArn, PolicyDocument: READ }))[0],
      "AccessDenied",
    );
  });

  test("roles", async () => {
    const { Role: made } = await iam("CreateRole", {
      RoleName: "app",
      Path: "/svc/",
      AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }),
      Description: "first",
      MaxSessionDuration: 7200,
    });
    assert.match(made.RoleId, /^AROA[A-Z2-7]{17}$/);
    assert.equal(made.MaxSessionDuration, undefined);
    assert.equal((await iam("GetRole", { RoleName: "app" })).Role.MaxSessionDuration, 7200);
    await iam("UpdateRole", { RoleName: "app", Description: "second", MaxSessionDuration: 3600 });
    const { Role: described } = await iam("UpdateRoleDescription", { RoleName: "app", Description: "third" });
    assert.deepEqual([described.Description, described.MaxSessionDuration], ["third", 3600]);
    const text = trust({ AWS: arn("root") }, "sts:AssumeRole");
    await iam("UpdateAssumeRolePolicy", { RoleName: "app", PolicyDocument: text });
    const { Role: shown } = await iam("GetRole", { RoleName: "app" });
    assert.equal(decodeURIComponent(shown.AssumeRolePolicyDocument), text);
    assert.equal((await iam("ListRoles", { PathPrefix: "/svc/" })).Roles.length, 1);
    assert.deepEqual((await iam("ListInstanceProfilesForRole", { RoleName: "app" })).InstanceProfiles, []);
    const nobody = trust({ AWS: arn("user/nobody") });
    assert.equal(
      (await fails("UpdateAssumeRolePolicy", { RoleName: "app", PolicyDocument: nobody }))[0],
      "MalformedPolicyDocumentException",
    );
    await iam("DeleteRole", { RoleName: "app" });
    assert.equal((await fails("GetRole", { RoleName: "app" }))[1], 404);
  });

  test("groups and their members", async () => {
    const { Group: made } = await iam("CreateGroup", { GroupName: "crew" });
    assert.match(made.GroupId, /^AGPA[A-Z2-7]{17}$/);
    await iam("UpdateGroup", { GroupName: "crew", NewGroupName: "team", NewPath: "/x/" });
    await iam("CreateUser", { UserName: "member" });
    await iam("AddUserToGroup", { GroupName: "team", UserName: "member" });
    await iam("AddUserToGroup", { GroupName: "team", UserName: "member" });
    const { Group, Users } = await iam("GetGroup", { GroupName: "team" });
    assert.equal(Group.Arn, arn("group/x/team"));
    assert.deepEqual(
      Users.map((user: { UserName: string }) => user.UserName),
      ["member"],
    );
    assert.equal((await iam("ListGroupsForUser", { UserName: "member" })).Groups[0].GroupName, "team");
    assert.equal((await iam("ListGroups", { PathPrefix: "/x/" })).Groups.length, 1);
    assert.equal(
      (await fails("DeleteGroup", { GroupName: "team" }))[2],
      "Cannot delete entity, must remove users from group first.",
    );
    assert.equal(
      (await fails("DeleteUser", { UserName: "member" }))[2],
      "Cannot delete entity, must remove referenced objects first.",
    );
    for (let i = 0; i < 10; i++) {
      await iam("CreateGroup", { GroupName: `more-${i}` });
      const added = iam("AddUserToGroup", { GroupName: `more-${i}`, UserName: "member" });
      if (i < 9) await added;
      else assert.equal((await refused(added))[0], "LimitExceededException");
    }
    await iam("RemoveUserFromGroup", { GroupName: "team", UserName: "member" });
    assert.equal((await fails("RemoveUserFromGroup", { GroupName: "team", UserName: "member" }))[1], 404);
    await iam("DeleteGroup", { GroupName: "team" });
  });

  for (const kind of ["User", "Role"] as const) {
    test(`boundary and tags of a ${kind.toLowerCase()}`, async () => {
      const name = { [`${kind}Name`]: `bounded-${kind}` };
      const PermissionsBoundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
      await iam(`Create${kind}`, {
        ...name,
        PermissionsBoundary,
        ...(kind === "Role" ? { AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) } : {}),
      });
      const bounded = { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: PermissionsBoundary };
      assert.deepEqual((await iam(`Get${kind}`, name))[kind].PermissionsBoundary, bounded);
      const users = await iam("ListEntitiesForPolicy", {
        PolicyArn: PermissionsBoundary,
        PolicyUsageFilter: "PermissionsBoundary",
      });
      assert.equal(users[`Policy${kind}s`].length, 1);
      await iam(`Put${kind}PermissionsBoundary`, {
        ...name,
        PermissionsBoundary: "arn:aws:iam::aws:policy/KeyUser",
      });
      await iam(`Delete${kind}PermissionsBoundary`, name);
      await iam(`Delete${kind}PermissionsBoundary`, name);
      assert.equal((await iam(`Get${kind}`, name))[kind].PermissionsBoundary, undefined);
      assert.equal(
        (
          await fails(`Put${kind}PermissionsBoundary`, {
            ...name,
            PermissionsBoundary: arn("policy/none-such"),
          })
        )[1],
        404,
      );

      await iam(`Tag${kind}`, {
        ...name,
        Tags: [
          { Key: "Team", Value: "x" },
          { Key: "env", Value: "dev" },
        ],
      });
      await iam(`Tag${kind}`, { ...name, Tags: [{ Key: "team", Value: "y" }] });
      assert.deepEqual((await iam(`List${kind}Tags`, name)).Tags, [
        { Key: "env", Value: "dev" },
        { Key: "team", Value: "y" },
      ]);
      const twice = [
        { Key: "a", Value: "" },
        { Key: "A", Value: "" },
      ];
      assert.deepEqual((await fails(`Tag${kind}`, { ...name, Tags: twice })).slice(0, 3), [
        "InvalidInputException",
        400,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      ]);
      await iam(`Untag${kind}`, { ...name, TagKeys: ["ENV"] });
      const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "" }));
      assert.equal((await fails(`Tag${kind}`, { ...name, Tags: many }))[0], "LimitExceededException");
      await iam(`Delete${kind}`, name);
    });
  }

  test("account aliases", async () => {
    await iam("CreateAccountAlias", { AccountAlias: "acme-one" });
    await iam("CreateAccountAlias", { AccountAlias: "acme-two" });
    assert.deepEqual((await iam("ListAccountAliases")).AccountAliases, ["acme-two"]);
    assert.equal((await fails("CreateAccountAlias", { AccountAlias: "-bad-" }))[0], "ValidationError");
    const other = world.iam(await world.identities.makeRootKey((await world.identities.accounts())[1]!.id));
    assert.equal((await refused(call(other, "CreateAccountAlias", { AccountAlias: "acme-two" })))[1], 409);
    await call(other, "CreateAccountAlias", { AccountAlias: "acme-one" });
    await iam("DeleteAccountAlias", { AccountAlias: "acme-two" });
    assert.equal((await fails("DeleteAccountAlias", { AccountAlias: "acme-two" }))[1], 404);
  });

  test("summary and details", async () => {
    await iam("PutGroupPolicy", { GroupName: "users-of-it", PolicyName: "in", PolicyDocument: READ });
    const { SummaryMap } = await iam("GetAccountSummary");
    const all = await iam("GetAccountAuthorizationDetails", {
      Filter: ["User", "Group", "LocalManagedPolicy"],
    });
    assert.equal(all.UserDetailList.length, SummaryMap.Users);
    assert.equal(all.GroupDetailList.length, SummaryMap.Groups);
    assert.equal(all.Policies.length, SummaryMap.Policies);
    const shown = all.GroupDetailList.find(
      (group: { GroupName: string }) => group.GroupName === "users-of-it",
    );
    assert.equal(decodeURIComponent(shown.GroupPolicyList[0].PolicyDocument), READ);
  });

  test("simulation tells what the evaluator would say", async () => {
    await iam("CreateUser", { UserName: "simulated" });
    await iam("PutUserPolicy", {
      UserName: "simulated",
      PolicyName: "p",
      PolicyDocument: policyText(allow("s3:Get*", "arn:aws:s3:::b/*"), {
        ...allow("s3:*"),
        Effect: "Deny",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      }),
    });
    const decisions = async (ContextKeyValues: string[]) => {
      const { EvaluationResults } = await iam("SimulatePrincipalPolicy", {
        PolicySourceArn: arn("user/simulated"),
        ActionNames: ["s3:GetObject", "s3:PutObject"],
        ResourceArns: ["arn:aws:s3:::b/k"],
        ContextEntries: [
          { ContextKeyName: "aws:SecureTransport", ContextKeyType: "boolean", ContextKeyValues },
        ],
      });
      return EvaluationResults.map((result: { EvalDecision: string }) => result.EvalDecision);
    };
    assert.deepEqual(await decisions(["true"]), ["allowed", "implicitDeny"]);
    assert.deepEqual(await decisions(["false"]), ["explicitDeny", "explicitDeny"]);
    const custom = await iam("SimulateCustomPolicy", {
      PolicyInputList: [policyText(allow("kms:Decrypt"))],
      ActionNames: ["kms:Decrypt"],
    });
    assert.equal(custom.EvaluationResults[0].EvalDecision, "allowed");
    assert.equal(custom.EvaluationResults[0].MatchedStatements[0].SourcePolicyId, "PolicyInputList.1");
    const asked = {
      PolicyInputList: [policyText(allow("s3:Get*", "arn:aws:s3:::b/*"))],
      ActionNames: ["s3:GetObject", "s3:PutObject", "s3:GetObjectTagging"],
      ResourceArns: ["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"],
    };
    const seen: string[][] = [];
    for (let Marker: string | undefined, more = true; more; ) {
      const page = await iam("SimulateCustomPolicy", { ...asked, MaxItems: 4, Marker });
      seen.push(page.EvaluationResults.map((result: { EvalDecision: string }) => result.EvalDecision));
      Marker = page.Marker;
      more = page.IsTruncated === true;
    }
    assert.deepEqual(seen, [
      ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"],
      ["allowed", "implicitDeny"],
    ]);
  });

  test("what users never have here is answered as AWS answers where there is none", async () => {
    await iam("CreateUser", { UserName: "plain" });
    for (const name of ["GetLoginProfile", "DeleteLoginProfile"])
      assert.equal(
        (await fails(name, { UserName: "plain" }))[2],
        "Login Profile for User plain cannot be found.",
      );
    for (const name of [
      "ListMFADevices",
      "ListSigningCertificates",
      "ListSSHPublicKeys",
      "ListServiceSpecificCredentials",
    ])
      assert.equal((await iam(name, { UserName: "plain" })).IsTruncated ?? false, false);
    // Terraform's, before it deletes a user with force_destroy.
    const { VirtualMFADevices } = await iam("ListVirtualMFADevices", { AssignmentStatus: "Assigned" });
    assert.deepEqual(VirtualMFADevices, []);
  });

  test("validation texts are those that SDK users know", async () => {
    assert.deepEqual(await fails("GetRole", { RoleName: "a b" }), [
      "ValidationError",
      400,
      "1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
    ]);
    assert.match(
      (await fails("CreateRole", { RoleName: "x", MaxSessionDuration: 60 }))[2],
      /^2 validation errors detected: /,
    );
  });

  test("every operation is called here, under an action that policies can name", () => {
    for (const name of IAM_OPERATIONS.keys()) {
      assert.ok(isKnownAction(`iam:${name}`), name);
      assert.ok(called.has(name), `${name} has no test`);
    }
  });
});
