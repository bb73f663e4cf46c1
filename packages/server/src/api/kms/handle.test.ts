import assert from "node:assert/strict";
import { test } from "node:test";
import { IntegrityError, ServiceError } from "../../base/errors.ts";
import { rootCaller, testKms } from "../../kms/test/kernel.ts";
import { findOperation, handleKms, isFault, kmsErrorAnswer } from "./handle.ts";
import { OPERATIONS, UNSUPPORTED } from "./index.ts";
import { REQUEST_ID, send } from "./test/wire.ts";

const { kms } = await testKms();
const raw = (target: string | undefined, body: string | Uint8Array) =>
  handleKms(kms, {
    target,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    caller: rootCaller(),
    requestId: REQUEST_ID,
  });

test("every answer carries its request id and is kept by nobody", async () => {
  for (const answer of [await send(kms, "ListKeys", {}), await send(kms, "Nonsense", {})]) {
    assert.equal(answer.headers["x-amzn-RequestId"], REQUEST_ID);
    assert.equal(answer.headers["Content-Type"], "application/x-amz-json-1.1");
    assert.equal(answer.headers["Cache-Control"], "no-cache, no-store, must-revalidate, private");
    assert.equal(answer.headers["Content-Length"], String(Buffer.byteLength(answer.body)));
  }
});

test("an operation without output answers an empty body", async () => {
  const made = await send(kms, "CreateKey", {});
  const { KeyId } = JSON.parse(made.body).KeyMetadata;
  const answer = await send(kms, "DisableKey", { KeyId });
  assert.deepEqual([answer.status, answer.body, answer.headers["Content-Length"]], [200, "", "0"]);
  assert.equal(answer.operation, "DisableKey");
});

test("an empty body is an empty object", async () => {
  assert.equal((await raw("TrentService.ListKeys", "")).status, 200);
  assert.match((await raw("TrentService.DescribeKey", "")).body, /Value null at 'keyId'/);
});

test("targets: unknown, missing, of another service, known to KMS but not here", async () => {
  for (const target of [
    undefined,
    "",
    "TrentService",
    "TrentService.",
    "TrentService.toString",
    "Other.ListKeys",
    "trentservice.ListKeys",
  ]) {
    const answer = await raw(target, "{}");
    assert.deepEqual(
      [answer.status, answer.body],
      [400, '{"__type":"UnknownOperationException"}'],
      String(target),
    );
    assert.equal(answer.headers["x-amzn-ErrorType"], "UnknownOperationException");
  }
  for (const name of UNSUPPORTED) {
    assert.ok(!OPERATIONS.has(name));
    assert.deepEqual(JSON.parse((await raw(`TrentService.${name}`, "{}")).body), {
      __type: "UnsupportedOperationException",
      message: `The operation ${name} is not supported by this service.`,
    });
  }
  assert.equal(findOperation("TrentService.Encrypt").name, "Encrypt");
  assert.equal(OPERATIONS.size + UNSUPPORTED.size, 54);
});

test("bodies that are no JSON object are SerializationException, and quote nothing", async () => {
  const bodies = [
    "{",
    "[]",
    "7",
    "null",
    '"x"',
    '{"Plaintext":"c2VjcmV0"',
    new Uint8Array([0x7b, 0xff, 0x7d]),
    " ".repeat(2 ** 20 + 1),
  ];
  for (const body of bodies) {
    const answer = await raw("TrentService.Encrypt", body);
    assert.equal(answer.status, 400);
    assert.match(answer.body, /^\{"__type":"SerializationException","message":"[^"]*"\}$/);
    assert.ok(!answer.body.includes("c2VjcmV0"));
    assert.ok(answer.error instanceof Error && !String(answer.error.cause).includes("c2VjcmV0"));
  }
});

test("deeply nested JSON is an answer, not a crash", async () => {
  const answer = await raw("TrentService.ListKeys", `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
  assert.ok([200, 400].includes(answer.status));
});

test("an error without a text has no message member, as AWS has it", () => {
  for (const code of ["InvalidCiphertextException", "KMSInvalidSignatureException"] as const) {
    const answer = kmsErrorAnswer(REQUEST_ID, new ServiceError(code));
    assert.deepEqual([answer.status, answer.body], [400, JSON.stringify({ __type: code })]);
  }
});

test("access denied has a capital Message; faults of ours say nothing", () => {
  const denied = kmsErrorAnswer(REQUEST_ID, new ServiceError("AccessDeniedException", { message: "no" }));
  assert.equal(denied.body, '{"__type":"AccessDeniedException","Message":"no"}');
  assert.ok(!isFault(denied.error));
  for (const error of [
    new IntegrityError("a row does not open"),
    new Error("INVARIANT: x"),
    "text",
    new ServiceError("SlowDown"),
  ]) {
    const answer = kmsErrorAnswer(REQUEST_ID, error);
    assert.equal(answer.status, 500);
    assert.equal(
      answer.body,
      '{"__type":"KMSInternalException","message":"The request was rejected because of an internal error."}',
    );
  }
  assert.ok(isFault(new IntegrityError("x")));
});
