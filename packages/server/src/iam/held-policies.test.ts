/** What is kept compiled is bounded by the text of its policies, not only by their number. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { AccessRequest } from "../base/access.ts";
import { systemClock } from "../base/clock.ts";
import { parseAccountId } from "../base/ids.ts";
import { KEY_POLICY_BYTES_MAX, POLICY_CHARS_HELD_MAX, SESSION_POLICY_CHARS_MAX } from "../base/limits.ts";
import { CountedRecords } from "../store/counted.ts";
import { MemoryModel } from "../store/memory/model.ts";
import { openTestRecords } from "../store/test-keyring.ts";
import { callerAs } from "../base/test-caller.ts";
import { Identities } from "./identities.ts";
import { PolicyAuthoriser } from "./policy-authoriser.ts";

const ACCOUNT = parseAccountId("111122223333");
const caller = callerAs({
  kind: "root",
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  userId: ACCOUNT,
});
const ALLOWING = JSON.stringify({
  Version: "2012-10-17",
  Statement: {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: "kms:*",
    Resource: "*",
  },
});

test("policies of resources", () => {
  /** Asked about one policy, many others, and the first again: how often the first was parsed. */
  const parsed = (chars: number): number => {
    const authoriser = new PolicyAuthoriser();
    const read = new Set<number>();
    let times = 0;
    const ask = (n: number): void => {
      read.delete(n);
      const resourcePolicy = {
        revision: String(n),
        get text() {
          read.add(n);
          return ALLOWING.padEnd(chars);
        },
      };
      const request: AccessRequest = {
        action: "kms:DescribeKey",
        resource: `arn:aws:kms:us-east-1:${ACCOUNT}:key/k`,
        resourceAccount: ACCOUNT,
        conditions: new Map(),
        resourcePolicy,
      };
      assert.deepEqual(authoriser.decide(caller, request), { kind: "allow" });
      if (n === 0 && read.has(0)) times++;
    };
    ask(0);
    ask(0);
    for (let n = 1; n <= Math.ceil(POLICY_CHARS_HELD_MAX / KEY_POLICY_BYTES_MAX); n++) ask(n);
    ask(0);
    return times;
  };
  assert.equal(parsed(ALLOWING.length), 1);
  assert.equal(parsed(KEY_POLICY_BYTES_MAX), 2);
});

test("policies of sessions", async () => {
  const { keyring, records } = await openTestRecords(new MemoryModel().open());
  const tokenKeys = {
    current: () => keyring.current("token"),
    all: () => new Map(keyring.terms("token").map(({ term, key }) => [term, key])),
  };
  const many = Math.ceil(POLICY_CHARS_HELD_MAX / SESSION_POLICY_CHARS_MAX);
  /** The same for sessions: how often the first one's token was opened. */
  const opened = async (chars: number): Promise<number> => {
    const identities = new Identities(records, new CountedRecords(records), systemClock, { tokenKeys });
    const { sessions } = identities;
    assert.ok(sessions !== undefined);
    const claims = { kind: "root", account: ACCOUNT, id: ACCOUNT, issuedAtMs: 0, expiresAtMs: 1 } as const;
    const issue = () => sessions.issue({ ...claims, policy: ALLOWING.padEnd(chars) });
    const open = mock.method(sessions, "open");
    const first = issue();
    const look = async ({ accessKeyId, sessionToken }: typeof first): Promise<void> => {
      const found = await identities.lookup(accessKeyId, sessionToken);
      assert.ok(typeof found === "object" && found.active);
    };
    await look(first);
    await look(first);
    for (let n = 0; n < many; n++) await look(issue());
    await look(first);
    return open.mock.calls.filter(({ arguments: [token] }) => token === first.sessionToken).length;
  };
  assert.equal(await opened(ALLOWING.length), 1);
  assert.equal(await opened(SESSION_POLICY_CHARS_MAX), 2);
});
