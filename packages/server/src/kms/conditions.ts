/**
 * The condition values that a use of a key carries (spec kms 16): names in lower case, absent where AWS sends none. What
 * follows from the encryption context is the authoriser's, which gets the context itself.
 */
import type { ConditionValues } from "../base/access.ts";
import type { Requester } from "./kernel.ts";
import type { KeyAttributes, Tag } from "./model.ts";
import type { EncryptionContext } from "./port.ts";

type Value = string | readonly string[];

/** What an operation adds to the values that every use has. */
export interface RequestFacts {
  readonly requestAlias?: string | undefined;
  readonly context?: EncryptionContext | undefined;
  readonly algorithm?: string | undefined;
  readonly grantTokens?: readonly string[] | undefined;
  /** Condition values of one operation only, by lower-case name. */
  readonly more?: Readonly<Record<string, Value>> | undefined;
}

/** The part that the record decides; records are immutable and cached, so it is worked out once for each. */
const ofKeys = new WeakMap<KeyAttributes, ReadonlyMap<string, Value>>();

function keyFacts(key: KeyAttributes): ReadonlyMap<string, Value> {
  const known = ofKeys.get(key);
  if (known !== undefined) return known;
  const facts = new Map<string, Value>([
    ["kms:keyspec", key.spec],
    ["kms:keyusage", key.usage],
    ["kms:keyorigin", key.origin],
    ["kms:multiregion", String(key.multiRegion)],
  ]);
  if (key.multiRegion) facts.set("kms:multiregionkeytype", "PRIMARY");
  if (key.aliases.length > 0) facts.set("kms:resourcealiases", key.aliases);
  for (const tag of key.tags) facts.set(`aws:resourcetag/${tag.key.toLowerCase()}`, tag.value);
  ofKeys.set(key, facts);
  return facts;
}

function setRequester(values: Map<string, Value>, requester: Requester, region: string): void {
  values.set("kms:calleraccount", requester.account);
  values.set("aws:viaawsservice", requester.via === "s3" ? "true" : "false");
  if (requester.via === "s3") values.set("kms:viaservice", `s3.${region}.amazonaws.com`);
}

export function keyConditions(
  requester: Requester,
  region: string,
  key: KeyAttributes,
  facts: RequestFacts,
): ConditionValues {
  const values = new Map<string, Value>(keyFacts(key));
  setRequester(values, requester, region);
  if (facts.requestAlias !== undefined) values.set("kms:requestalias", facts.requestAlias);
  if (facts.algorithm !== undefined) values.set("kms:encryptionalgorithm", facts.algorithm);
  if (facts.more !== undefined)
    for (const [name, value] of Object.entries(facts.more)) values.set(name, value);
  return values;
}

/** For actions without a key: CreateKey, lists, GenerateRandom, aliases. */
export function plainConditions(
  requester: Requester,
  region: string,
  more: Readonly<Record<string, Value>> = {},
): ConditionValues {
  const values = new Map<string, Value>(Object.entries(more));
  setRequester(values, requester, region);
  return values;
}

export function tagConditions(tags: readonly Tag[]): Record<string, Value> {
  if (tags.length === 0) return {};
  const values: Record<string, Value> = { "aws:tagkeys": tags.map((t) => t.key) };
  for (const tag of tags) values[`aws:requesttag/${tag.key.toLowerCase()}`] = tag.value;
  return values;
}
