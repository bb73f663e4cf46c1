/** The four forms in which clients name a key (spec kms section 2): id, key ARN, alias name, alias ARN. */
import { fail } from "../base/errors.ts";
import { type AccountId, parseAccountId } from "../base/ids.ts";
import { KMS_KEY_NAMES_HELD_MAX } from "../base/limits.ts";
import { RecentMap } from "../base/recent-map.ts";

export type KeyName =
  | {
      readonly kind: "key";
      readonly account: AccountId;
      readonly keyId: string;
      /** {@link placeOf} both. */
      readonly place: string;
    }
  | { readonly kind: "alias"; readonly account: AccountId; readonly name: string };

/** Under this text a key is kept in memory. A name that is asked for again brings it along: to make it costs more than to look it up. */
export const placeOf = (account: AccountId, keyId: string): string => `${account}/${keyId}`;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MULTI_REGION = /^mrk-[0-9a-f]{32}$/;
const ALIAS_NAME = /^alias\/[a-zA-Z0-9:/_-]{1,250}$/;
const ACCOUNT = /^[0-9]{12}$/;
export const ALIAS_PREFIX = "alias/";
export const RESERVED_ALIAS_PREFIX = "alias/aws/";

/** A well-formed id that KMS itself would issue. Operators may choose others at bootstrap: those exist or don't. */
export const isIssuedKeyId = (keyId: string): boolean => UUID.test(keyId) || MULTI_REGION.test(keyId);
export const isAliasName = (name: string): boolean => ALIAS_NAME.test(name);

export const invalidKeyId = (given: string): never => fail("NotFoundException", `Invalid keyId '${given}'`);

/** No key has a longer id, chosen ones included: nothing is looked up, and nothing of it is kept. */
const KEY_ID_CHARS_MAX = 128;
/** Anybody may ask for a name: a long one is parsed each time. */
const ARN_KEPT_CHARS_MAX = 512;

/** Names of one region. ARNs are parsed once: every stored object has the one of its key. */
export class KeyNames {
  readonly #region: string;
  readonly #ofArns = new RecentMap<string, KeyName>(KMS_KEY_NAMES_HELD_MAX);

  constructor(region: string) {
    this.#region = region;
  }

  /** As {@link parseKeyName}. */
  parse(text: string, callerAccount: AccountId): KeyName {
    const known = this.#ofArns.get(text);
    if (known !== undefined) return known;
    const name = parseKeyName(text, callerAccount, this.#region);
    if (isArn(text) && text.length <= ARN_KEPT_CHARS_MAX) this.#ofArns.set(text, name);
    return name;
  }
}

const isArn = (text: string): boolean => text.startsWith("arn:");

/**
 * Parses a KeyId; bare ids and aliases belong to the caller's account. Throws NotFoundException for a malformed id and
 * for another region, InvalidArnException for an ARN that is no key's or alias's.
 */
export function parseKeyName(text: string, callerAccount: AccountId, region: string): KeyName {
  if (isArn(text)) return parseArn(text, region);
  return named(text, text, callerAccount);
}

function named(resource: string, given: string, account: AccountId): KeyName {
  if (!resource.startsWith(ALIAS_PREFIX)) return keyNamed(account, resource);
  if (!isAliasName(resource)) invalidKeyId(given);
  return { kind: "alias", account, name: resource };
}

/** Partition, service, region, account and resource. An alias name may hold colons. */
const ARN = /^arn:([^:]*):([^:]*):([^:]*):([^:]*)(?::(.*))?$/s;

function parseArn(arn: string, region: string): KeyName {
  const [, partition = "", service, arnRegion, account = "", resource = ""] = ARN.exec(arn) ?? [];
  if (!partition.startsWith("aws") || service !== "kms" || arnRegion === undefined || !ACCOUNT.test(account))
    fail("InvalidArnException", `Invalid arn ${arn}`);
  if (arnRegion !== region) fail("NotFoundException", `Invalid arn ${arnRegion}`);
  const owner = parseAccountId(account);
  if (resource.startsWith(ALIAS_PREFIX)) return named(resource, arn, owner);
  if (!resource.startsWith("key/") || resource.length === 4)
    fail("InvalidArnException", `Invalid arn ${arn}`);
  return keyNamed(owner, resource.slice(4));
}

function keyNamed(account: AccountId, keyId: string): KeyName {
  if (keyId.length > KEY_ID_CHARS_MAX) invalidKeyId(`${keyId.slice(0, KEY_ID_CHARS_MAX)}...`);
  return { kind: "key", account, keyId, place: placeOf(account, keyId) };
}

const CHOSEN = new RegExp(`^[A-Za-z0-9-]{1,${KEY_ID_CHARS_MAX}}$`);
/** A key id that an operator chose. Throws ValidationException. */
export function parseChosenKeyId(keyId: string): string {
  if (!CHOSEN.test(keyId))
    fail("ValidationException", `A chosen key id has 1 to 128 of [A-Za-z0-9-]: ${keyId}`);
  return keyId;
}

export const aliasArn = (region: string, account: AccountId, name: string): string =>
  `arn:aws:kms:${region}:${account}:${name}`;
