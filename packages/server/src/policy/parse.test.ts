import assert from "node:assert/strict";
import { test } from "node:test";
import { presentPolicy } from "./bindings.ts";
import { parsePolicy, policyCharacters } from "./parse.ts";
import type { PolicyKind } from "./policy.ts";
import { ACCOUNT, allows, document, type Json, type JsonStatement, parsed } from "./testing.ts";

function refused(text: string, kind: PolicyKind, code: string, message: string): void {
  const result = parsePolicy(text, kind, kind === "bucket" ? { bucket: "b" } : {});
  assert.ok(!result.ok, `accepted: ${text}`);
  assert.deepEqual([result.failure.code, result.failure.message], [code, message], text);
}
const OBJECTS = "arn:aws:s3:::b/*";
const open = (more: JsonStatement): string =>
  document([{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: OBJECTS, ...more }]);
const without = (name: string): string => {
  const statement: Record<string, Json> = {
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: OBJECTS,
  };
  delete statement[name];
  return document([statement]);
};

test("bucket policies: the texts of PutBucketPolicy (access 4.1)", () => {
  const first = "Policies must be valid JSON and the first byte must be '{'";
  const combined = "Conditions do not apply to combination of actions and resources in statement";
  const rows: [string, string][] = [
    ["", first],
    [" {}", first],
    ["[]", first],
    ['{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', first],
    ["{}", "Missing required field Statement"],
    ['{"Statement":[]}', "Could not parse the policy: Statement is empty!"],
    [document([], "2012-10-18"), "The policy must contain a valid version string"],
    [without("Effect"), "Missing required field Effect"],
    [without("Principal"), "Missing required field Principal"],
    [without("Action"), "Missing required field Action"],
    [without("Resource"), "Missing required field Resource"],
    [open({ Effect: "allow" }), "Invalid effect: allow"],
    [open({ action: "s3:GetObject" }), "Unknown field action"],
    [open({ NotAction: "s3:GetObject" }), "Invalid value for field NotAction"],
    [open({ Principal: { AWS: "nobody" } }), "Invalid principal in policy"],
    [open({ Principal: { AWS: "arn:aws:iam::111122223333:user/*" } }), "Invalid principal in policy"],
    [open({ Principal: { AWS: "arn:aws:iam::111122223333:group/g" } }), "Invalid principal in policy"],
    [open({ Principal: { AWS: [] } }), "Invalid principal in policy"],
    [open({ Principal: "arn:aws:iam::111122223333:root" }), "Invalid principal in policy"],
    [open({ Action: "s3:HeadObject" }), "Policy has invalid action"],
    [open({ Action: "s3:ListObjectsV2" }), "Policy has invalid action"],
    [open({ Action: "kms:Decrypt" }), "Policy has invalid action"],
    [open({ Action: "GetObject" }), "Policy has invalid action"],
    [open({ Resource: "arn:aws:s3:::other/*" }), "Policy has invalid resource"],
    [open({ Resource: "arn:aws:s3:::bb/*" }), "Policy has invalid resource"],
    [open({ Resource: "b/*" }), "Policy has invalid resource"],
    [open({ Resource: "*" }), "Policy has invalid resource"],
    [open({ Resource: "arn:aws:s3:::b/${aws:username" }), "Policy has invalid resource"],
    [open({ Action: "s3:ListBucket" }), "Action does not apply to any resource(s) in statement"],
    [open({ Resource: "arn:aws:s3:::b" }), "Action does not apply to any resource(s) in statement"],
    [
      open({ Action: ["s3:GetObject", "s3:ListBucket"] }),
      "Action does not apply to any resource(s) in statement",
    ],
    [open({ Action: "s3:ListAllMyBuckets" }), "Action does not apply to any resource(s) in statement"],
    [
      open({ Condition: { StringMatches: { "aws:username": "x" } } }),
      "Invalid Condition type : StringMatches",
    ],
    [
      open({ Condition: { NullIfExists: { "aws:username": "true" } } }),
      "Invalid Condition type : NullIfExists",
    ],
    [open({ Condition: { StringEquals: { "s3:no-such-key": "x" } } }), "Policy has an invalid condition key"],
    [open({ Condition: { StringEquals: { "aws:NoSuchKey": "x" } } }), "Policy has an invalid condition key"],
    [open({ Condition: { StringEquals: { "s3:prefix": "x" } } }), combined],
    [open({ Condition: { StringEquals: { "s3:x-amz-server-side-encryption": "AES256" } } }), combined],
    [
      open({ Condition: { Bool: { "aws:SecureTransport": "perhaps" } } }),
      "The condition Bool aws:securetransport has a value of the wrong type.",
    ],
    [
      open({ Condition: { StringEquals: { "aws:username": { a: 1 } } } }),
      "Invalid value for field Condition",
    ],
    [open({ Sid: "x".repeat(20 * 1024) }), "Policy exceeds the maximum allowed document size."],
  ];
  for (const [text, message] of rows) refused(text, "bucket", "MalformedPolicy", message);
  refused(
    document([
      { Effect: "Allow", NotPrincipal: { AWS: ACCOUNT }, Action: "s3:GetObject", Resource: OBJECTS },
    ]),
    "bucket",
    "MalformedPolicy",
    "NotPrincipal with Effect Allow would include everyone, and is refused.",
  );
});

test("bucket policies that are fine", () => {
  for (const more of [
    { Sid: "With spaces in it" },
    { Action: "s3:*", Resource: ["arn:aws:s3:::b", OBJECTS] },
    { Action: "*" },
    { Action: "S3:getobject" },
    { Resource: "arn:aws:s3:::b*", Action: ["s3:GetObject", "s3:ListBucket"] },
    { Resource: "arn:aws:s3:::b/${aws:username}/*" },
    {
      Principal: {
        AWS: ["111122223333", "arn:aws:iam::111122223333:role/a/b"],
        Service: "logging.s3.amazonaws.com",
      },
    },
    { Principal: { CanonicalUser: "0123456789abcdef".repeat(4) } },
    { Principal: { Federated: "arn:aws:iam::111122223333:oidc-provider/idp.example.org" } },
    { Condition: { StringEquals: { "aws:PrincipalTag/team": "x", "s3:ExistingObjectTag/Color": "red" } } },
    { Condition: { StringEquals: { "idp.example.org:sub": "x", "saml:aud": "y" } } },
    { Action: "s3:PutObject", Condition: { Null: { "strongroom:effective-kms-key-id": "true" } } },
    { Condition: {} },
  ] satisfies JsonStatement[]) {
    const result = parsePolicy(open(more), "bucket", { bucket: "b" });
    assert.ok(result.ok, result.ok ? "" : `${JSON.stringify(more)}: ${result.failure.message}`);
  }
  assert.ok(
    parsePolicy(
      document([{ ...allows("s3:GetObject", OBJECTS), Principal: "*" }])
        .replace("[{", "{")
        .replace("}]", "}"),
      "bucket",
      { bucket: "b" },
    ).ok,
  );
});

test("identity, session, boundary and trust policies: the texts of IAM", () => {
  const bad = (text: string, message: string, kind: PolicyKind = "identity"): void =>
    refused(text, kind, "MalformedPolicyDocument", message);
  bad("nonsense", "This policy contains invalid Json");
  bad("[]", "This policy contains invalid Json");
  bad(document([allows("s3:*", "*", { Principal: "*" })]), "Policy document should not specify a principal.");
  bad(document([allows("*", "b/*")]), 'Resource b/* must be in ARN format or "*".');
  bad(
    document([allows("GetObject")]),
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
  );
  bad(document([{ Effect: "Allow", Action: "s3:*" }]), "Policy statement must contain resources.");
  bad(document([{ Effect: "Allow", Resource: "*" }]), "Policy statement must contain actions.");
  bad(document([allows("s3:*", [])]), "Policy statement must contain resources.");
  bad(
    document([allows("s3:*", "*", { Sid: "a b" })]),
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
  );
  bad(
    document([allows("s3:*", "*", { Sid: "a" }), allows("s3:*", "*", { Sid: "a" })]),
    "Statement IDs (SID) in a single policy must be unique.",
  );
  bad(document([allows("s3:*", "*", { Foo: "a" })]), "Syntax errors in policy.");
  bad(
    document([allows("s3:*", "*", { Condition: { Like: { "a:b": "c" } } })]),
    "Invalid Condition type : Like",
  );
  const trust = { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" };
  assert.ok(parsePolicy(document([trust]), "trust").ok);
  bad(document([{ ...trust, Resource: "*" }]), "Has prohibited field Resource", "trust");
  bad(
    document([{ ...trust, Action: "s3:GetObject" }]),
    "AssumeRole policy may only specify STS AssumeRole actions.",
    "trust",
  );
  bad(document([{ Effect: "Allow", Action: "sts:AssumeRole" }]), "Missing required field Principal", "trust");
  bad(
    document([{ ...trust, Principal: { AWS: "bob" } }]),
    'Invalid principal in policy: "AWS":"bob"',
    "trust",
  );
  // Names that no action has, and keys that nobody knows, are IAM's to accept.
  assert.ok(
    parsePolicy(
      document([allows("s3:HeadObject", "*", { Condition: { Null: { "who:knows": "true" } } })]),
      "identity",
    ).ok,
  );
  assert.equal(policyCharacters('{ "a" :\n 1 }'), 7);
});

test("key policies (kms 9.2)", () => {
  const bad = (text: string, message: string, code = "MalformedPolicyDocumentException"): void =>
    refused(text, "key", code, message);
  bad("{", "The policy is not valid JSON, or has characters that a key policy may not have.");
  bad(
    '{"Id":"\u0100","Statement":{}}',
    "The policy is not valid JSON, or has characters that a key policy may not have.",
  );
  bad(document([{ Effect: "Allow", Action: "kms:*", Resource: "*" }]), "Syntax errors in policy.");
  bad(
    document([{ Effect: "Allow", Principal: { AWS: "x" }, Action: "kms:*", Resource: "*" }]),
    "Policy contains a statement with one or more invalid principals.",
  );
  bad(
    `{"Id":"${"x".repeat(33_000)}"}`,
    "The key policy exceeds the maximum size of 32768 bytes.",
    "LimitExceededException",
  );
  const inert = parsed(
    document([
      { Effect: "Allow", Principal: "*", Action: "kms:*" },
      { Effect: "Allow", Principal: "*", Resource: "*" },
    ]),
    "key",
  );
  assert.deepEqual(inert.statementsFor("kms:decrypt", { left: 1000 }), []);
});

test("policy bombs are refused", () => {
  const statement = JSON.stringify({ Effect: "Allow", Action: "a:b", Resource: "*" });
  const many = `{"Statement":[${Array.from({ length: 501 }, () => statement).join()}]}`;
  refused(many, "identity", "MalformedPolicyDocument", "The policy has too many statements or values.");
  const values = document([allows(Array.from({ length: 5001 }, () => "a:b"))]);
  refused(values, "identity", "MalformedPolicyDocument", "The policy has too many statements or values.");
  refused(
    `{"Statement":${"[".repeat(60_000)}`,
    "identity",
    "MalformedPolicyDocument",
    "This policy contains invalid Json",
  );
  const result = parsePolicy(`{"Id":"${"x".repeat(140_000)}"}`, "identity");
  assert.ok(!result.ok && result.failure.code === "LimitExceeded");
});

test("principals are bound to unique ids and shown by their present names", () => {
  const bob = "arn:aws:iam::111122223333:user/bob";
  const text = `{"Statement": {"Effect":"Allow", "Principal":{"AWS":["${ACCOUNT}","${bob}"]},\n "Action":"kms:*","Resource":"*"}}`;
  const resolve = (principal: string): string | undefined =>
    principal === bob ? "AIDABOB0000000000000" : principal === ACCOUNT ? principal : undefined;
  const stored = parsed(text, "key", { resolve });
  assert.deepEqual([...stored.bindings], [[bob, "AIDABOB0000000000000"]]);
  const loaded = parsed(text, "key", { bindings: stored.bindings });
  assert.equal(
    presentPolicy(text, loaded, () => bob),
    text,
  );
  assert.equal(
    presentPolicy(text, loaded, () => undefined),
    text.replace(bob, "AIDABOB0000000000000"),
  );
  assert.equal(
    presentPolicy(text, loaded, () => `${bob}2`),
    text.replace(bob, `${bob}2`),
  );
  const unknown = parsePolicy(text.replace("user/bob", "user/eve"), "key", { resolve });
  assert.ok(!unknown.ok && unknown.failure.problem.is === "principal");
});
