/** A key service over the in-memory store, for tests: accounts with a root each, a clock to set, calls counted. */
import { SecretKey } from "@strongroom/crypto";
import type { AccessDecision, AccessRequest, Authoriser } from "../../base/access.ts";
import { accountOf, type Caller } from "../../base/caller.ts";
import { callerAs } from "../../base/test-caller.ts";
import { type AccountId, parseAccountId } from "../../base/ids.ts";
import { openKeyring } from "../../store/keyring.ts";
import { MemoryModel } from "../../store/memory/model.ts";
import type { Store } from "../../store/port.ts";
import { Records } from "../../store/records.ts";
import { tokensUnder } from "../../store/tokens.ts";
import { type Kernel, type Requester, requesterOf } from "../kernel.ts";
import { openKms } from "../open.ts";

export const REGION = "us-east-1";
export const ACCOUNT: AccountId = parseAccountId("111122223333");
export const OTHER_ACCOUNT: AccountId = parseAccountId("444455556666");

export function rootCaller(account: AccountId = ACCOUNT): Caller {
  return callerAs(
    { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    { requestId: "00000000-0000-4000-8000-000000000000", sessionKey: `root/${account}` },
  );
}

export const directRequester = (account: AccountId = ACCOUNT): Requester =>
  requesterOf(rootCaller(account), "direct", "kms:Test");

/** Whoever is of the resource's account may do all; remembers what it was asked. */
export class OwnerAuthoriser implements Authoriser {
  readonly asked: AccessRequest[] = [];
  /** Overrides the answer. */
  answer: ((caller: Caller, request: AccessRequest) => AccessDecision | undefined) | undefined;

  decide(caller: Caller, request: AccessRequest): AccessDecision {
    this.asked.push(request);
    const own = this.answer?.(caller, request);
    if (own !== undefined) return own;
    if (accountOf(caller.principal) === request.resourceAccount) return { kind: "allow" };
    return {
      kind: "implicit-deny",
      reason: `because no resource-based policy allows the ${request.action} action`,
    };
  }
}

export interface TestKms {
  readonly kms: Kernel;
  readonly records: Records;
  readonly authoriser: OwnerAuthoriser;
  readonly calls: Map<string, number>;
  readonly clock: { nowMs: number; now(): number };
  readonly deleted: { readonly materialIds: readonly string[]; readonly aliases: readonly string[] }[];
}

export const ROOT_KEY = { generation: 1, key: SecretKey.generate("root") };

/** Another opening of the same store behaves as another process on it. */
export async function testKms(
  store: Store = new MemoryModel().open(),
  root = ROOT_KEY,
  region = REGION,
): Promise<TestKms> {
  const keyring = await openKeyring(store, [root]);
  const authoriser = new OwnerAuthoriser();
  const calls = new Map<string, number>();
  const deleted: TestKms["deleted"] = [];
  const clock = {
    nowMs: Date.UTC(2026, 10, 1),
    now(): number {
      return this.nowMs;
    },
  };
  const records = new Records(store, keyring);
  const kms = openKms({
    records,
    keyring: () => keyring,
    authoriser,
    tokens: tokensUnder({
      current: () => keyring.current("token"),
      all: () => new Map(keyring.terms("token").map(({ term, key }) => [term, key])),
    }),
    clock,
    region,
    hooks: {
      kmsCall: (operation) => void calls.set(operation, (calls.get(operation) ?? 0) + 1),
      keyDeleted: (event, phase) => void (phase === "done" && deleted.push(event)),
    },
  });
  return { kms, records, authoriser, calls, clock, deleted };
}
