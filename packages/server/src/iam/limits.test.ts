/** The largest of everything still fits the row it is kept in; one more is refused, never a failure of the store. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { parseAccountId } from "../base/ids.ts";
import { CountedRecords } from "../store/counted.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { openTestRecords } from "../store/test-keyring.ts";
import { attach, putInline } from "./attachments.ts";
import { Identities } from "./identities.ts";
import { createPolicy } from "./managed-policies.ts";
import { createRole, updateTrust } from "./roles.ts";

const ACCOUNT = parseAccountId("111122223333");
const LIMIT = { code: "LimitExceeded" };
const SMALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}';

test("a role with the most of everything", async () => {
  const { records } = await openTestRecords(new MemoryModel().open());
  const identities = new Identities(records, new CountedRecords(records), systemClock);
  await identities.ensureAccount({ id: ACCOUNT });
  const d = identities.directory;
  const path = `/${"p".repeat(510)}/`;
  const trust = (spaces: number): string =>
    `{"Version":"2012-10-17",${" ".repeat(spaces)}"Statement":{"Effect":"Allow","Principal":{"AWS":"${ACCOUNT}"},"Action":"sts:AssumeRole"}}`;
  const spaces = 12 * 1024 - trust(0).length;
  const tags = (bytes: number) =>
    Array.from({ length: 50 }, (_, i) => ({
      key: `key-${i}`,
      value: "\u{4e2d}".repeat(Math.floor(bytes / 150) - 12),
    }));
  const input = {
    name: "r".repeat(64),
    path,
    trust: trust(spaces),
    description: "\u00ff".repeat(1000),
    tags: tags(16 * 1024),
  };
  const role = await createRole(d, ACCOUNT, input);
  for (let i = 0; i < 10; i++) {
    const made = await createPolicy(d, ACCOUNT, {
      name: `${i}`.padEnd(128, "n"),
      path,
      document: SMALL,
      tags: [],
    });
    await attach(d, ACCOUNT, "Role", role.name, made.arn);
  }
  for (let i = 0; i < 100; i++)
    await putInline(d, ACCOUNT, "Role", role.name, `${i}`.padEnd(128, "i"), SMALL);
  await assert.rejects(putInline(d, ACCOUNT, "Role", role.name, "more", SMALL), LIMIT);
  await assert.rejects(updateTrust(d, ACCOUNT, role.name, trust(spaces + 1)), LIMIT);
  await assert.rejects(createRole(d, ACCOUNT, { ...input, name: "other", tags: tags(40 * 1024) }), LIMIT);
});
