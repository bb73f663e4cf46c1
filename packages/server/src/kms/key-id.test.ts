import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../base/errors.ts";
import { parseAccountId } from "../base/ids.ts";
import { KeyNames, parseKeyName } from "./key-id.ts";

const REGION = "us-east-1";
const ACCOUNT = parseAccountId("111122223333");
const arn = (resource: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:${resource}`;
const notFound = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === "NotFoundException" && error.message.length < 300;

test("no key has an id of more than 128 characters: it is not looked for, and the answer does not repeat it", () => {
  const longest = "k".repeat(128);
  for (const text of [longest, arn(`key/${longest}`)])
    assert.deepEqual(parseKeyName(text, ACCOUNT, REGION), {
      kind: "key",
      account: ACCOUNT,
      keyId: longest,
      place: `${ACCOUNT}/${longest}`,
    });
  for (const id of [`${longest}k`, "k".repeat(30_000)])
    for (const text of [id, arn(`key/${id}`)])
      assert.throws(() => parseKeyName(text, ACCOUNT, REGION), notFound);
});

test("names that are kept parsed are the same as those parsed anew, short or long", () => {
  const names = new KeyNames(REGION);
  const long = `arn:aws-${"x".repeat(600)}:kms:${REGION}:${ACCOUNT}:key/a`;
  for (const text of [arn("key/a"), arn("alias/b"), "a", "alias/b", long])
    for (let i = 0; i < 2; i++)
      assert.deepEqual(names.parse(text, ACCOUNT), parseKeyName(text, ACCOUNT, REGION));
  assert.equal(names.parse(long, ACCOUNT) === names.parse(long, ACCOUNT), false);
  assert.equal(names.parse(arn("key/a"), ACCOUNT), names.parse(arn("key/a"), ACCOUNT));
});
