/** The worked scenarios of access section 10, as far as policies decide them; the names are the numbers there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "./decision.ts";
import { s3DenialText, serviceDenialText } from "./denial-text.ts";
import { decide } from "./evaluate.ts";
import type { Grant } from "./grants.ts";
import { decideKeyAccess, type KeyAccessRequest } from "./key-access.ts";
import type { Policy } from "./policy.ts";
import type { Principal } from "./principal.ts";
import {
  ACCOUNT,
  ANONYMOUS,
  allows,
  denies,
  identity,
  type JsonStatement,
  OTHER,
  policy,
  ROOT,
  request,
  role,
  user,
} from "./testing.ts";

const K1 = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k1`;
const K2 = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k2`;
const VIA_S3 = { "kms:viaservice": "s3.eu-west-1.amazonaws.com", "aws:viaawsservice": "true" };
const OBJECT = "arn:aws:s3:::B/a";

const keyAdmin = role("KeyAdmin");
const app = role("AppRole");
const storageAdmin = user("StorageAdmin");
const bob = user("bob", OTHER);
const ADMIN_ACTIONS = [
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
  "kms:ScheduleKeyDeletion",
  "kms:CancelKeyDeletion",
];
const USE_ACTIONS = [
  "kms:Encrypt",
  "kms:Decrypt",
  "kms:ReEncrypt*",
  "kms:GenerateDataKey*",
  "kms:DescribeKey",
];

const byRoot: JsonStatement = {
  Sid: "Enable IAM User Permissions",
  Effect: "Allow",
  Principal: { AWS: ROOT.arn },
  Action: "kms:*",
  Resource: "*",
};
const DEFAULT = policy("key", [byRoot]);
const STRICT = policy("key", [
  { Effect: "Allow", Principal: { AWS: keyAdmin.roleArn }, Action: ADMIN_ACTIONS, Resource: "*" },
  {
    Effect: "Allow",
    Principal: { AWS: app.roleArn },
    Action: USE_ACTIONS,
    Resource: "*",
    Condition: { StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } },
  },
]);
const AWS_S3 = policy("key", [
  {
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: USE_ACTIONS,
    Resource: "*",
    Condition: {
      StringEquals: { "kms:CallerAccount": ACCOUNT, "kms:ViaService": "s3.eu-west-1.amazonaws.com" },
    },
  },
  {
    Effect: "Allow",
    Principal: { AWS: ROOT.arn },
    Action: ["kms:Describe*", "kms:Get*", "kms:List*"],
    Resource: "*",
  },
]);

interface Who {
  readonly principal: Principal;
  readonly identity: readonly Policy[];
  readonly session?: readonly Policy[];
}
const STORAGE_ADMIN: Who = { principal: storageAdmin, identity: [identity(allows("s3:*"))] };
const KEY_ADMIN: Who = { principal: keyAdmin, identity: [identity(allows(ADMIN_ACTIONS, K1))] };
const APP: Who = {
  principal: app,
  identity: [identity(allows(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::B/*"))],
};
const IAM_ADMIN: Who = {
  principal: storageAdmin,
  identity: [...STORAGE_ADMIN.identity, identity(allows("kms:*"))],
};
const ROOT_USER: Who = { principal: ROOT, identity: [] };

const s3 = (who: Who, action: string, resource = OBJECT, bucket?: Policy): Decision =>
  decide({
    ...request({
      principal: who.principal,
      action,
      resource,
      policies: { identity: who.identity, session: who.session, resource: bucket },
    }),
  });
function kmsRequest(
  who: Who,
  action: string,
  key: Policy,
  more: { direct?: boolean; grants?: Grant[]; arn?: string; key?: string } = {},
): KeyAccessRequest {
  return {
    ...request({
      principal: who.principal,
      action,
      resource: more.key ?? K1,
      context: more.direct === true ? {} : VIA_S3,
      policies: { identity: who.identity, session: who.session, resource: key },
    }),
    grants: more.grants ?? [],
    encryptionContext: new Map([["aws:s3:arn", more.arn ?? OBJECT]]),
  };
}
const kms = (...args: Parameters<typeof kmsRequest>): Decision => decideKeyAccess(kmsRequest(...args));
const because = (...args: Parameters<typeof kmsRequest>): string => {
  const asked = kmsRequest(...args);
  const text = serviceDenialText(decideKeyAccess(asked), asked);
  return text.slice(text.indexOf("on resource: ") + `on resource: ${asked.resource} `.length);
};
const allowed = (decision: Decision): void => assert.equal(decision.effect, "allow");
const denied = (decision: Decision): void => assert.notEqual(decision.effect, "allow");
const noResource = (action: string): string => `because no resource-based policy allows the ${action} action`;

test("1, 2, 4: a storage administrator without key rights neither reads nor writes under a strict key", () => {
  allowed(s3(STORAGE_ADMIN, "s3:GetObject"));
  assert.equal(because(STORAGE_ADMIN, "kms:Decrypt", STRICT), noResource("kms:Decrypt"));
  assert.equal(because(STORAGE_ADMIN, "kms:GenerateDataKey", STRICT), noResource("kms:GenerateDataKey"));
});
test("3: but manages and destroys", () => {
  for (const action of ["s3:DeleteObject", "s3:GetObject"]) allowed(s3(STORAGE_ADMIN, action));
  for (const action of ["s3:ListBucket", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration"])
    allowed(s3(STORAGE_ADMIN, action, "arn:aws:s3:::B"));
});
test("5: under the default key policy the identity side is missing", () => {
  assert.equal(
    because(STORAGE_ADMIN, "kms:Decrypt", DEFAULT),
    "because no identity-based policy allows the kms:Decrypt action",
  );
});
test("6, 7: who may edit IAM gets in under the default policy, not under a strict one", () => {
  allowed(kms(IAM_ADMIN, "kms:Decrypt", DEFAULT));
  assert.equal(because(IAM_ADMIN, "kms:Decrypt", STRICT), noResource("kms:Decrypt"));
});
test("8: aws/s3 lets everybody in whom S3 lets in", () => {
  allowed(kms(STORAGE_ADMIN, "kms:Decrypt", AWS_S3));
  denied(kms(STORAGE_ADMIN, "kms:Decrypt", AWS_S3, { direct: true }));
});
test("9, 10, 11: a key administrator can't use the key", () => {
  assert.equal(because(KEY_ADMIN, "kms:Decrypt", STRICT, { direct: true }), noResource("kms:Decrypt"));
  allowed(kms(KEY_ADMIN, "kms:PutKeyPolicy", STRICT, { direct: true }));
  allowed(kms(KEY_ADMIN, "kms:DisableKey", STRICT, { direct: true }));
  denied(s3(KEY_ADMIN, "s3:GetObject"));
});
test("12, 13: the application works through S3 only", () => {
  for (const action of ["s3:GetObject", "s3:PutObject"]) allowed(s3(APP, action));
  for (const action of ["kms:Decrypt", "kms:GenerateDataKey"]) allowed(kms(APP, action, STRICT));
  assert.equal(because(APP, "kms:Decrypt", STRICT, { direct: true }), noResource("kms:Decrypt"));
});
test("14: a session policy without kms blocks the key", () => {
  const session = { ...APP, session: [identity(allows("s3:*"))] };
  allowed(s3(session, "s3:GetObject"));
  assert.equal(
    because(session, "kms:Decrypt", STRICT),
    "because no session policy allows the kms:Decrypt action",
  );
});
test("15: an auditor looks but does not open", () => {
  const auditor: Who = {
    principal: user("auditor"),
    identity: [identity(allows(["kms:Describe*", "kms:List*", "kms:GetKeyPolicy"]))],
  };
  allowed(kms(auditor, "kms:DescribeKey", DEFAULT, { direct: true }));
  denied(kms(auditor, "kms:Decrypt", DEFAULT, { direct: true }));
});
test("16, 17: root has over a key what its policy gives", () => {
  allowed(kms(ROOT_USER, "kms:Decrypt", DEFAULT));
  assert.equal(because(ROOT_USER, "kms:Decrypt", STRICT), noResource("kms:Decrypt"));
  assert.equal(
    because(ROOT_USER, "kms:PutKeyPolicy", STRICT, { direct: true }),
    noResource("kms:PutKeyPolicy"),
  );
});
test("18, 19, 20: another account needs bucket policy, key policy and its own IAM", () => {
  const his: Who = { principal: bob, identity: [identity(allows("s3:*"), allows("kms:Decrypt", K1))] };
  const bucket = policy("bucket", [
    { ...allows("s3:GetObject", "arn:aws:s3:::B/*"), Principal: { AWS: bob.arn } },
  ]);
  allowed(s3(his, "s3:GetObject", OBJECT, bucket));
  denied(kms(his, "kms:Decrypt", DEFAULT));
  const shared = policy("key", [
    byRoot,
    { Effect: "Allow", Principal: { AWS: OTHER }, Action: "kms:Decrypt", Resource: "*" },
  ]);
  allowed(kms(his, "kms:Decrypt", shared));
  denied(kms(his, "kms:Decrypt", AWS_S3));
});
test("21: the public reads SSE-S3 objects, never through a KMS key", () => {
  const open = policy("bucket", [{ ...allows("s3:GetObject", "arn:aws:s3:::B/*"), Principal: "*" }]);
  const anyone: Who = { principal: ANONYMOUS, identity: [] };
  allowed(s3(anyone, "s3:GetObject", OBJECT, open));
  for (const key of [DEFAULT, STRICT, AWS_S3]) denied(kms(anyone, "kms:Decrypt", key));
});
test("22: a grant with a constraint opens one object", () => {
  const grants: Grant[] = [
    {
      id: "g",
      grantee: app.roleArn,
      operations: new Set(["Decrypt"]),
      constraint: { kind: "equals", pairs: new Map([["aws:s3:arn", OBJECT]]) },
    },
  ];
  const nobody = policy("key", [
    { Effect: "Allow", Principal: { AWS: keyAdmin.roleArn }, Action: ADMIN_ACTIONS, Resource: "*" },
  ]);
  allowed(kms(APP, "kms:Decrypt", nobody, { grants }));
  denied(kms(APP, "kms:Decrypt", nobody, { grants, arn: "arn:aws:s3:::B/b" }));
});
test("23: an IAM deny holds against aws/s3 too", () => {
  const who: Who = {
    principal: storageAdmin,
    identity: [identity(allows("s3:GetObject"), denies("kms:Decrypt"))],
  };
  assert.equal(because(who, "kms:Decrypt", AWS_S3), "with an explicit deny in an identity-based policy");
});
test("25: a presigned GET is its signer, and ends with the signer's rights", () => {
  allowed(kms(APP, "kms:Decrypt", STRICT));
  denied(s3({ ...APP, identity: [] }, "s3:GetObject"));
});
test("26: changing an object's key needs both keys", () => {
  const two = policy("key", [byRoot]);
  allowed(s3(STORAGE_ADMIN, "s3:UpdateObjectEncryption"));
  denied(kms(STORAGE_ADMIN, "kms:ReEncryptFrom", STRICT));
  denied(kms(STORAGE_ADMIN, "kms:ReEncryptTo", two, { key: K2 }));
});
test("27: require-this-key denies a request without the header", () => {
  const bucket = policy("bucket", [
    {
      ...denies("s3:PutObject", "arn:aws:s3:::B/*"),
      Principal: "*",
      Condition: { StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": K1 } },
    },
  ]);
  const put = request({
    principal: app,
    action: "s3:PutObject",
    resource: OBJECT,
    policies: { identity: APP.identity, resource: bucket },
  });
  assert.match(s3DenialText(decide(put), put), /with an explicit deny in a resource-based policy$/);
  allowed(decide({ ...put, context: new Map([["s3:x-amz-server-side-encryption-aws-kms-key-id", K1]]) }));
});
