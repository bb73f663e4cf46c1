/**
 * The one way to a key for every operation: resolution, authorisation, managed-key protection, account and state, in the
 * order of spec kms 1.6 steps 5 to 8.
 */
import { fail, IntegrityError, ServiceError } from "../base/errors.ts";
import { type KeyArn, keyArn } from "../base/ids.ts";
import { COMMIT_RETRIES_MAX } from "../base/limits.ts";
import { andThen, type Soon } from "../base/soon.ts";
import { deny, denyForeign, noResourcePolicy, requireIdentityAccess, requireKeyAccess } from "./authorise.ts";
import type { RequestFacts } from "./conditions.ts";
import { checkGrantTokens } from "./grant-tokens.ts";
import { type Kernel, noteKey, type Requester } from "./kernel.ts";
import { aliasArn, invalidKeyId, isIssuedKeyId, type KeyName } from "./key-id.ts";
import { type KeyRecord, stateOf } from "./model.ts";
import { type KeyOperation, OPERATIONS, type OperationRule } from "./operations.ts";
import { type HeldKey, unlessDestroying } from "./rows.ts";
import type { KeyUsage } from "./specs.ts";
import { requireState } from "./states.ts";

export interface Entered {
  readonly held: HeldKey;
  readonly key: KeyRecord;
  /** Under the region that the service runs in; what answers and policies show. */
  readonly arn: KeyArn;
  /** The grant that allowed it, where one did. */
  readonly grantId?: string;
}

interface Resolved {
  readonly held: HeldKey;
  readonly requestAlias?: string;
}

/** How an operation names keys. */
type Resolution = Pick<OperationRule, "action" | "aliases">;

async function findAlias(
  k: Kernel,
  { account, name }: Extract<KeyName, { kind: "alias" }>,
): Promise<Resolved | undefined> {
  // An alias that moves between the two reads is read again: its old target may be gone by then.
  for (let attempt = 0; attempt < COMMIT_RETRIES_MAX; attempt++) {
    const alias = await k.rows.alias(account, name);
    if (alias === undefined) return undefined;
    const target = await k.rows.keyEvenDestroying(account, alias.value.targetKeyId);
    // The key's record, which cannot be rolled back, says whether the row is of today.
    if (target?.value.aliases.includes(name) !== true) continue;
    const held = unlessDestroying(target);
    return held && { held, requestAlias: name };
  }
  throw new IntegrityError("an alias names a key that does not know it");
}

function find(k: Kernel, name: KeyName): Soon<Resolved | undefined> {
  if (name.kind === "alias") return findAlias(k, name);
  return andThen(k.rows.key(name.account, name.keyId, name.place), (held) => held && { held });
}

function parse(k: Kernel, requester: Requester, keyId: string, rule: Resolution): KeyName {
  const name = k.names.parse(keyId, requester.account);
  return name.kind === "alias" && !rule.aliases ? invalidKeyId(keyId) : name;
}

const arnAsNamed = (k: Kernel, name: KeyName): string =>
  name.kind === "alias"
    ? aliasArn(k.region, name.account, name.name)
    : keyArn(k.region, name.account, name.keyId);

/** Spec kms 1.6 step 5. */
export function resolve(k: Kernel, requester: Requester, keyId: string, rule: Resolution): Soon<Resolved> {
  const name = parse(k, requester, keyId, rule);
  return andThen(find(k, name), (found) => found ?? refuseUnknown(k, requester, keyId, name, rule));
}

async function refuseUnknown(
  k: Kernel,
  requester: Requester,
  keyId: string,
  name: KeyName,
  { action }: Resolution,
): Promise<never> {
  const arn = arnAsNamed(k, name);
  if (name.account !== requester.account) return denyForeign(k, requester, action, arn, name.account);
  if (name.kind === "key" && !isIssuedKeyId(name.keyId)) return invalidKeyId(keyId);
  await requireIdentityAccess(k, requester, action, arn, name.account);
  return fail(
    "NotFoundException",
    name.kind === "alias" ? `Alias ${arn} is not found.` : `Key '${arn}' does not exist`,
  );
}

/** Steps 6 to 8 for a key that is at hand already. */
export function enterHeld(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  held: HeldKey,
  facts: RequestFacts = {},
): Soon<Entered> {
  const rule: OperationRule = OPERATIONS[operation];
  const { value: key, arn } = held;
  noteKey(requester, arn);
  checkGrantTokens(k, facts.grantTokens);
  const asked = rule.asksLastUse === true ? withLastUse(k, key, facts) : facts;
  return andThen(
    andThen(asked, (all) => requireKeyAccess(k, requester, rule.action, held, all)),
    (grantId) => enterAllowed(k, requester, rule, { held, key, arn }, grantId),
  );
}

/** What the policies let in. */
function enterAllowed(
  k: Kernel,
  requester: Requester,
  rule: OperationRule,
  entered: Entered,
  grantId: string | undefined,
): Entered {
  const { key, arn } = entered;
  if (key.manager === "AWS") protectManaged(requester, rule, key, arn);
  if (key.account !== requester.account && !rule.crossAccount)
    deny(requester, rule.action, arn, noResourcePolicy(rule.action));
  requireState(arn, stateOf(key, k.clock.now()).kind, rule.states);
  return grantId === undefined ? entered : { ...entered, grantId };
}

async function withLastUse(k: Kernel, key: KeyRecord, facts: RequestFacts): Promise<RequestFacts> {
  const days = await k.usage.daysWithout(key);
  return { ...facts, more: { ...facts.more, "kms:trailingdayswithoutkeyusage": String(days) } };
}

export function enter(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  keyId: string,
  facts: RequestFacts = {},
): Soon<Entered> {
  const rule: OperationRule = OPERATIONS[operation];
  const name = parse(k, requester, keyId, rule);
  if (name.account !== requester.account) return enterForeign(k, requester, operation, name, facts);
  const resolved = andThen(find(k, name), (found) => found ?? refuseUnknown(k, requester, keyId, name, rule));
  return andThen(resolved, (found) => enterResolved(k, requester, operation, found, facts));
}

function enterResolved(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  { held, requestAlias }: Resolved,
  facts: RequestFacts,
): Soon<Entered> {
  return enterHeld(
    k,
    requester,
    operation,
    held,
    requestAlias === undefined ? facts : { ...facts, requestAlias },
  );
}

/** Whoever is not let in is not told whether there is such a key, nor which one an alias names. */
async function enterForeign(
  k: Kernel,
  requester: Requester,
  operation: KeyOperation,
  name: KeyName,
  facts: RequestFacts,
): Promise<Entered> {
  // Before the key is looked for: a bad token must not tell either.
  checkGrantTokens(k, facts.grantTokens);
  const refuse = (cause?: unknown) => {
    if (name.kind === "key") requester.seen.refused.named.push(keyArn(k.region, name.account, name.keyId));
    return denyForeign(k, requester, OPERATIONS[operation].action, arnAsNamed(k, name), name.account, cause);
  };
  const found = await find(k, name);
  if (found === undefined) return refuse();
  return orRefused(requester, () => enterResolved(k, requester, operation, found, facts), refuse);
}

/** What another account's key decides. The key that refuses is its owner's to know of, in the trail as in the answer. */
export async function orRefused<T>(
  { seen }: Requester,
  enterIt: () => Soon<T>,
  refuse: (cause: ServiceError) => T | Promise<T>,
): Promise<T> {
  const before = seen.arns.length;
  try {
    return await enterIt();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "AccessDeniedException") throw error;
    seen.refused.keys.push(...seen.arns.splice(before));
    return refuse(error);
  }
}

/** Spec kms 9.4: what the managed key's own policy says, kept also where an authoriser does not read policies. */
function protectManaged(requester: Requester, rule: OperationRule, key: KeyRecord, arn: KeyArn): void {
  const allowed =
    key.account === requester.account &&
    (rule.managed === "open" || (rule.managed === "viaS3" && requester.via === "s3"));
  if (allowed) return;
  if (rule.managed === "refusedRotation" && key.account === requester.account)
    fail("UnsupportedOperationException", `${arn} is an AWS managed key, whose rotation cannot be changed.`);
  deny(requester, rule.action, arn, noResourcePolicy(rule.action));
}

/** Throws InvalidKeyUsageException, for the operations that say so (Decrypt says IncorrectKey instead). */
export function requireUsage(entered: Entered, usage: KeyUsage, operation: string): void {
  if (entered.key.usage !== usage)
    fail(
      "InvalidKeyUsageException",
      `${entered.arn} key usage is ${entered.key.usage} which is not valid for ${operation}.`,
    );
}

/** The key that a KeyId names, if there is one: to compare keys before anybody is let in. Malformed ids throw. */
export async function peek(k: Kernel, requester: Requester, keyId: string): Promise<HeldKey | undefined> {
  const name = k.names.parse(keyId, requester.account);
  if (name.kind === "key") return k.rows.key(name.account, name.keyId, name.place);
  const alias = await k.rows.alias(name.account, name.name);
  const held = alias && (await k.rows.key(name.account, alias.value.targetKeyId));
  return held?.value.aliases.includes(name.name) === true ? held : undefined;
}
