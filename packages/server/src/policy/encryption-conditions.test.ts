/** Bucket policies on encryption: the standard statements of s3-encryption I.3, the cases of M.7, and our own keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "./evaluate.ts";
import { denies, type Json, type JsonStatement, policy, request, user } from "./testing.ts";
import { allows, identity } from "./testing.ts";

const SSE = "s3:x-amz-server-side-encryption";
const KID = "s3:x-amz-server-side-encryption-aws-kms-key-id";
const SSE_C = "s3:x-amz-server-side-encryption-customer-algorithm";
const CMK1 = "arn:aws:kms:eu-west-1:111122223333:key/1";
const CMK2 = "arn:aws:kms:eu-west-1:111122223333:key/2";
const FULL = [identity(allows("s3:*"))];

const denyPut = (...conditions: Json[]): JsonStatement[] =>
  conditions.map((condition) =>
    denies("s3:PutObject", "arn:aws:s3:::b/*", { Principal: "*", Condition: condition }),
  );

/** 200 or 403 for a request with these keys under these statements. */
function status(
  statements: JsonStatement[],
  context: Record<string, string>,
  action = "s3:PutObject",
): number {
  const resource = policy("bucket", statements, { bucket: "b" });
  const asked = request({ principal: user("ann"), action, context, policies: { identity: FULL, resource } });
  return decide(asked).effect === "allow" ? 200 : 403;
}

const nullSse = { Null: { [SSE]: "true" } };
const notKms = { StringNotEquals: { [SSE]: "aws:kms" } };
const notAes = { StringNotEquals: { [SSE]: "AES256" } };

test("M.7", () => {
  const rows: [string, Json[], Record<string, string>, number][] = [
    ["111", [nullSse], {}, 403],
    ["111", [nullSse], { [SSE]: "AES256" }, 200],
    ["113", [notAes], { [SSE]: "AES192" }, 403],
    ["113", [notAes], { [SSE]: "AES256" }, 200],
    ["114", [notAes], {}, 403],
    ["115", [notAes, nullSse], { [SSE]: "aws:kms" }, 403],
    ["116", [notKms, nullSse], { [SSE]: "aws:kms", [KID]: CMK1 }, 200],
    ["116", [notKms, nullSse], {}, 403],
    ["116", [notKms, nullSse], { [SSE]: "AES256" }, 403],
    ["117", [{ Null: { [SSE_C]: "true" } }], {}, 403],
    ["117", [{ Null: { [SSE_C]: "true" } }], { [SSE_C]: "AES256" }, 200],
    ["118", [{ StringNotEquals: { [SSE_C]: "AES256" } }], { [SSE_C]: "AES192" }, 403],
    ["118", [{ StringNotEquals: { [SSE_C]: "AES256" } }], { [SSE_C]: "AES256" }, 200],
    ["119", [{ Null: { [SSE_C]: "false" } }], { [SSE_C]: "AES256" }, 403],
    ["119", [{ Null: { [SSE_C]: "false" } }], {}, 200],
    ["120", [{ StringNotEquals: { [KID]: CMK1 } }], { [SSE]: "aws:kms", [KID]: CMK2 }, 403],
    ["120", [{ StringNotEquals: { [KID]: CMK1 } }], { [SSE]: "aws:kms", [KID]: CMK1 }, 200],
  ];
  for (const [name, conditions, context, expected] of rows) {
    assert.equal(status(denyPut(...conditions), context), expected, `${name} ${JSON.stringify(context)}`);
  }
});

test("I.3: allow defaults but forbid a downgrade; require one key when a key is named", () => {
  const downgrade = denyPut({ ...notKms, Null: { [SSE]: "false" } });
  assert.equal(status(downgrade, {}), 200);
  assert.equal(status(downgrade, { [SSE]: "AES256" }), 403);
  assert.equal(status(downgrade, { [SSE]: "aws:kms" }), 200);
  const ifExists = denyPut({ ArnNotEqualsIfExists: { [KID]: CMK1 } });
  // IfExists is true on absence also for a negated operator, so this denies requests that name no key.
  assert.equal(status(ifExists, {}), 403);
  assert.equal(status(ifExists, { [KID]: CMK1 }), 200);
  assert.equal(status(ifExists, { [KID]: CMK2 }), 403);
});

test("I.3: require TLS, and a version of it", () => {
  const everything = {
    Principal: "*",
    Effect: "Deny",
    Action: "s3:*",
    Resource: ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
  };
  const tls = [{ ...everything, Condition: { Bool: { "aws:SecureTransport": "false" } } }];
  assert.equal(status(tls, { "aws:securetransport": "false" }, "s3:GetObject"), 403);
  assert.equal(status(tls, { "aws:securetransport": "true" }, "s3:GetObject"), 200);
  const tls12 = [{ ...everything, Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } }];
  assert.equal(status(tls12, { "s3:tlsversion": "1.1" }, "s3:GetObject"), 403);
  assert.equal(status(tls12, { "s3:tlsversion": "1.3" }, "s3:GetObject"), 200);
  assert.equal(status(tls12, {}, "s3:GetObject"), 200);
});

test("ours: the effective encryption after defaults", () => {
  const kmsOnly = denyPut({ StringNotLike: { "strongroom:effective-encryption": "aws:kms*" } });
  assert.equal(status(kmsOnly, { "strongroom:effective-encryption": "aws:kms" }), 200);
  assert.equal(status(kmsOnly, { "strongroom:effective-encryption": "aws:kms:dsse" }), 200);
  assert.equal(status(kmsOnly, { "strongroom:effective-encryption": "AES256" }), 403);
  const thisKey = denyPut({ ArnNotEquals: { "strongroom:effective-kms-key-id": CMK1 } });
  assert.equal(status(thisKey, { "strongroom:effective-kms-key-id": CMK1 }), 200);
  assert.equal(status(thisKey, { "strongroom:effective-encryption": "AES256" }), 403);
});
