/**
 * The condition values that a use of a key carries (spec kms 16): names in lower case, absent where AWS sends none. What
 * follows from the encryption context is the authoriser's, which gets the context itself.
 */
import type { ConditionValues } from "../base/access.ts";
import type { Requester } from "./kernel.ts";
import type { GrantRecord, KeyAttributes, Tag } from "./model.ts";
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

/** Spec and usage under their present names and under those of old policies, which AWS still answers to. */
export const specConditions = ({
  spec,
  usage,
}: Pick<KeyAttributes, "spec" | "usage">): [string, string][] => [
  ["kms:keyspec", spec],
  ["kms:customermasterkeyspec", spec],
  ["kms:keyusage", usage],
  ["kms:customermasterkeyusage", usage],
];

/** Of CreateKey and PutKeyPolicy: absent where the request does not say, so that a policy can ask whether it does. */
export const bypassCondition = (bypass: boolean | undefined): Record<string, string> =>
  bypass === undefined ? {} : { "kms:bypasspolicylockoutsafetycheck": String(bypass) };

/** Of CreateGrant and RetireGrant. */
export const constraintCondition = (constraint: GrantRecord["constraint"]): Record<string, string> =>
  constraint === undefined
    ? {}
    : {
        "kms:grantconstrainttype":
          constraint.kind === "equals" ? "EncryptionContextEquals" : "EncryptionContextSubset",
      };

/** The part that the record decides; records are immutable and cached, so it is worked out once for each. */
const ofKeys = new WeakMap<KeyAttributes, ReadonlyMap<string, Value>>();

function keyFacts(key: KeyAttributes): ReadonlyMap<string, Value> {
  const known = ofKeys.get(key);
  if (known !== undefined) return known;
  const facts = new Map<string, Value>([
    ...specConditions(key),
    ["kms:keyorigin", key.origin],
    ["kms:multiregion", String(key.multiRegion)],
  ]);
  if (key.multiRegion) facts.set("kms:multiregionkeytype", "PRIMARY");
  if (key.aliases.length > 0) facts.set("kms:resourcealiases", key.aliases);
  for (const tag of key.tags) facts.set(`aws:resourcetag/${tag.key.toLowerCase()}`, tag.value);
  ofKeys.set(key, facts);
  return facts;
}

function ofRequester({ account, via }: Requester, region: string, name: string): Value | undefined {
  switch (name) {
    case "kms:calleraccount":
      return account;
    case "aws:viaawsservice":
      return via === "s3" ? "true" : "false";
    case "kms:viaservice":
      return via === "s3" ? `s3.${region}.amazonaws.com` : undefined;
    default:
      return undefined;
  }
}

const own = (values: RequestFacts["more"], name: string): Value | undefined =>
  values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;

/** Worked out when a policy asks: most policies on keys ask for nothing. */
export function keyConditions(
  requester: Requester,
  region: string,
  key: KeyAttributes,
  { requestAlias, algorithm, more }: RequestFacts,
): ConditionValues {
  return {
    get(name) {
      const given = own(more, name);
      if (given !== undefined) return given;
      if (name === "kms:requestalias") return requestAlias;
      if (name === "kms:encryptionalgorithm") return algorithm;
      return ofRequester(requester, region, name) ?? keyFacts(key).get(name);
    },
  };
}

/** For actions without a key: CreateKey, lists, GenerateRandom, aliases. */
export function plainConditions(
  requester: Requester,
  region: string,
  more: Readonly<Record<string, Value>> = {},
): ConditionValues {
  return { get: (name) => ofRequester(requester, region, name) ?? own(more, name) };
}

export function tagConditions(tags: readonly Tag[]): Record<string, Value> {
  if (tags.length === 0) return {};
  const values: Record<string, Value> = { "aws:tagkeys": tags.map((t) => t.key) };
  for (const tag of tags) values[`aws:requesttag/${tag.key.toLowerCase()}`] = tag.value;
  return values;
}
