/** CreateGrant (spec kms section 8). A grant allows and never denies; it needs neither key policy nor identity policy. */
import { randomBytes } from "@strongroom/crypto";
import type { KeyGrant } from "../base/access.ts";
import { fail } from "../base/errors.ts";
import { GRANT_PAIRS_MAX, GRANT_VALUE_CHARS_MAX, GRANTS_PER_KEY_MAX } from "../base/limits.ts";
import { isWithinGrant, parseAwsPrincipal } from "../policy/index.ts";
import { allowedWith, deny, grantsOf } from "./authorise.ts";
import { type Attempt, retried } from "./change.ts";
import { constraintCondition, type RequestFacts } from "./conditions.ts";
import { parseEncryptionContext } from "./context.ts";
import { type Entered, enter } from "./enter.ts";
import { grantToken } from "./grant-tokens.ts";
import type { Kernel, Requester } from "./kernel.ts";
import type { GrantRecord, KeyRecord } from "./model.ts";
import { type KeySpec, SPECS } from "./specs.ts";
import { stopIfDryRun } from "./use.ts";

export const GRANT_OPERATIONS = [
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
  "Sign",
  "Verify",
  "GetPublicKey",
  "CreateGrant",
  "RetireGrant",
  "DescribeKey",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "GenerateMac",
  "VerifyMac",
  "DeriveSharedSecret",
] as const;
export type GrantOperation = (typeof GRANT_OPERATIONS)[number];

export interface NewGrant {
  readonly keyId: string;
  readonly grantee: string;
  readonly retiring?: string | undefined;
  readonly operations: readonly GrantOperation[];
  readonly subset?: ReadonlyMap<string, string> | undefined;
  readonly equals?: ReadonlyMap<string, string> | undefined;
  readonly name?: string | undefined;
  readonly grantTokens?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}
type Constraint = NonNullable<GrantRecord["constraint"]>;

/** Rules that need no key (spec kms 8.2 to 8.4). An empty map counts as absent. */
function checkGrant(input: NewGrant): Constraint | undefined {
  const { operations } = input;
  if (operations.every((operation) => operation === "CreateGrant"))
    fail("ValidationException", "Grants must not contain only the CreateGrant operation.");
  for (const principal of [input.grantee, input.retiring])
    if (principal !== undefined) checkPrincipal(principal);
  const subset = input.subset === undefined || input.subset.size === 0 ? undefined : input.subset;
  const equals = input.equals === undefined || input.equals.size === 0 ? undefined : input.equals;
  if (subset !== undefined && equals !== undefined)
    fail("ValidationException", "More than one constraint supplied");
  const pairs = subset ?? equals;
  if (pairs === undefined) return undefined;
  checkPairs(pairs);
  return { kind: subset === undefined ? "equals" : "subset", pairs };
}

function checkPrincipal(arn: string): void {
  const { kind } = parseAwsPrincipal(arn) ?? {};
  const named =
    kind === "user" ||
    kind === "role" ||
    kind === "session" ||
    (kind === "account" && arn.startsWith("arn:"));
  if (!named) fail("InvalidArnException", `Invalid principal ${arn}`);
}

/** Keys match in any case, so two that are equal but for case could never both be met as meant. */
function checkPairs(pairs: ReadonlyMap<string, string>): void {
  if (pairs.size > GRANT_PAIRS_MAX)
    fail(
      "ValidationException",
      `A grant constraint can have at most ${GRANT_PAIRS_MAX} encryption context pairs.`,
    );
  for (const value of pairs.values())
    if (value.length > GRANT_VALUE_CHARS_MAX)
      fail(
        "ValidationException",
        `A grant constraint's values can have at most ${GRANT_VALUE_CHARS_MAX} characters.`,
      );
  if (new Set([...pairs.keys()].map((key) => key.toLowerCase())).size !== pairs.size)
    fail("ValidationException", "A grant constraint must not name one encryption context key in two cases.");
  // What no request can carry constrains nothing, and is stored all the same.
  parseEncryptionContext(pairs);
}

const ANY_KEY: readonly string[] = ["CreateGrant", "RetireGrant", "DescribeKey"];
const DATA_KEYS: readonly string[] = [
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
];
const ENCRYPTION: readonly string[] = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"];

/** What a key of this spec and usage can do at all. */
function possible({ spec, usage }: Pick<KeyRecord, "usage"> & { readonly spec: KeySpec }): readonly string[] {
  const { kind } = SPECS[spec];
  const publicKey = kind === "asymmetric" ? ["GetPublicKey"] : [];
  switch (usage) {
    case "ENCRYPT_DECRYPT":
      return [...ANY_KEY, ...ENCRYPTION, ...publicKey, ...(kind === "symmetric" ? DATA_KEYS : [])];
    case "SIGN_VERIFY":
      return [...ANY_KEY, "Sign", "Verify", ...publicKey];
    case "GENERATE_VERIFY_MAC":
      return [...ANY_KEY, "GenerateMac", "VerifyMac"];
    case "KEY_AGREEMENT":
      return [...ANY_KEY, "DeriveSharedSecret", ...publicKey];
  }
}

function checkFits({ key }: Entered, input: NewGrant, constraint: Constraint | undefined): void {
  const can = possible(key);
  const not = input.operations.find((operation) => !can.includes(operation));
  if (not !== undefined)
    fail(
      "ValidationException",
      `The operation ${not} is not valid for a key of spec ${key.spec} and usage ${key.usage}.`,
    );
  if (constraint !== undefined && SPECS[key.spec].kind !== "symmetric")
    fail("ValidationException", "Grant constraints are only valid for symmetric encryption keys.");
}

function grantFacts(input: NewGrant, constraint: Constraint | undefined): RequestFacts {
  return {
    // Conditions on the context are decided on the constraint.
    context: constraint?.pairs,
    grantTokens: input.grantTokens,
    more: {
      "kms:granteeprincipal": input.grantee,
      "kms:grantoperations": input.operations,
      "kms:grantisforawsresource": "false",
      ...(input.retiring !== undefined && { "kms:retiringprincipal": input.retiring }),
      ...constraintCondition(constraint),
    },
  };
}

/**
 * Who may grant by a grant alone may grant no more than that (spec kms 8.6). A grant that names the caller is not yet one that
 * lets it: one to an account lets whom the account's own policies let.
 */
async function requireWithinParent(
  k: Kernel,
  requester: Requester,
  { held, key, arn, grantId }: Entered,
  facts: RequestFacts,
  child: { readonly operations: ReadonlySet<string>; readonly constraint?: Constraint },
): Promise<void> {
  if (grantId === undefined) return;
  const allowed = (parents?: readonly KeyGrant[]) =>
    allowedWith(k, requester, "kms:CreateGrant", held, facts, parents);
  if ((await allowed()) !== undefined) return;
  for (const parent of await grantsOf(k, requester, key))
    if (isWithinGrant(parent, child) && (await allowed([parent]))?.grantId === parent.id) return;
  deny(requester, "kms:CreateGrant", arn, "because the grant exceeds the one that allows it");
}

type GrantPrincipals = Pick<GrantRecord, "grantee" | "granteeId" | "retiring" | "retiringId">;

/** Bound to unique ids, as principals of key policies are (spec kms 9.2). Throws for a principal that is not there. */
async function boundPrincipals(k: Kernel, input: NewGrant): Promise<GrantPrincipals> {
  const { principals } = k;
  const idOf = async (arn: string): Promise<string | undefined> => {
    if (principals === undefined) return undefined;
    const id = await principals.idOf(arn);
    if (id === undefined) fail("InvalidArnException", `ARN does not refer to a valid principal: ${arn}`);
    return id === arn ? undefined : id;
  };
  const { grantee, retiring } = input;
  const granteeId = await idOf(grantee);
  const retiringId = retiring === undefined ? undefined : await idOf(retiring);
  return {
    grantee,
    ...(granteeId !== undefined && { granteeId }),
    ...(retiring !== undefined && { retiring }),
    ...(retiringId !== undefined && { retiringId }),
  };
}

export async function createGrant(
  k: Kernel,
  requester: Requester,
  input: NewGrant,
): Promise<{ readonly token: string; readonly id: string }> {
  const constraint = checkGrant(input);
  const operations = [...new Set(input.operations)];
  const facts = grantFacts(input, constraint);
  return retried(async (): Promise<Attempt<{ readonly token: string; readonly id: string }>> => {
    const entered = await enter(k, requester, "CreateGrant", input.keyId, facts);
    checkFits(entered, input, constraint);
    const child = {
      operations: new Set<string>(operations),
      ...(constraint !== undefined && { constraint }),
    };
    await requireWithinParent(k, requester, entered, facts, child);
    // Only now: whether a principal exists is nothing for those who may not grant.
    const principals = await boundPrincipals(k, input);
    const { key, held } = entered;
    const wanted: GrantRecord = {
      account: key.account,
      keyId: key.keyId,
      id: Buffer.from(randomBytes(32)).toString("hex"),
      ...principals,
      operations,
      createdMs: k.clock.now(),
      issuingAccount: requester.account,
      ...(input.name !== undefined && { name: input.name }),
      ...(constraint !== undefined && { constraint }),
    };
    // A name makes the call repeatable: the same again is the same grant.
    const known = await k.grants.alike(key, wanted);
    const count = key.grants?.count ?? 0;
    if (known === undefined && count >= GRANTS_PER_KEY_MAX)
      fail("LimitExceededException", `A key can have at most ${GRANTS_PER_KEY_MAX} grants.`);
    stopIfDryRun(input.dryRun);
    if (known !== undefined) return { done: { token: grantToken(k, known), id: known.id } };
    const ok = await k.rows.commit({
      keys: [{ before: held, after: { ...key, grants: { count: count + 1, edition: wanted.id } } }],
      with: await k.grants.draft(key, { make: wanted }),
    });
    return ok ? { done: { token: grantToken(k, wanted), id: wanted.id } } : "again";
  });
}
