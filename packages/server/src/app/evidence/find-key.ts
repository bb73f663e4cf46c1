/** A KMS key as an operator names it: id, ARN, alias, alias ARN; also one that is destroyed, which no API shows any more. */
import type { AccountId } from "../../base/ids.ts";
import { arnOf } from "../../kms/kernel.ts";
import { parseKeyName } from "../../kms/key-id.ts";
import type { KeyRecord } from "../../kms/model.ts";
import type { Tombstone } from "../../kms/tombstone.ts";
import { ServiceError } from "../../base/errors.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";

export interface NamedKey {
  readonly account: AccountId;
  readonly keyId: string;
  /** In the region that the store serves under now. */
  readonly arn: string;
  /** Absent once it is destroyed. */
  readonly key?: KeyRecord;
  readonly tombstone?: Tombstone;
}

/** Bare ids and aliases are looked for in every account. Throws UsageError where there is none, or more than one. */
export async function findKey(engine: Engine, text: string): Promise<NamedKey> {
  const accounts = (await engine.identities.accounts()).map(({ id }) => id);
  const found: NamedKey[] = [];
  for (const account of text.startsWith("arn:") ? accounts.slice(0, 1) : accounts) {
    const named = await lookUp(engine, text, account);
    if (named !== undefined) found.push(named);
  }
  const [first, second] = found;
  if (first === undefined)
    throw new UsageError(`key: there is no KMS key ${JSON.stringify(text)}, and none was destroyed`);
  if (second !== undefined)
    throw new UsageError(
      `key: ${JSON.stringify(text)} is in several accounts; say which: ${found.map(({ arn }) => arn).join(", ")}`,
    );
  return first;
}

async function lookUp(engine: Engine, text: string, account: AccountId): Promise<NamedKey | undefined> {
  const { rows } = engine.kms;
  const name = parsed(text, account, engine.kms.region);
  const keyId =
    name.kind === "key" ? name.keyId : (await rows.alias(name.account, name.name))?.value.targetKeyId;
  if (keyId === undefined) return undefined;
  const key = (await rows.keyEvenDestroying(name.account, keyId))?.value;
  const tombstone = await rows.tombstone(name.account, keyId);
  if (key === undefined && tombstone === undefined) return undefined;
  const arn = arnOf(engine.kms, { account: name.account, keyId });
  return {
    account: name.account,
    keyId,
    arn,
    ...(key === undefined ? {} : { key }),
    ...(tombstone === undefined ? {} : { tombstone }),
  };
}

function parsed(text: string, account: AccountId, region: string): ReturnType<typeof parseKeyName> {
  try {
    return parseKeyName(text, account, region);
  } catch (error) {
    if (error instanceof ServiceError) throw new UsageError(`key: ${error.message}`, { cause: error });
    throw error;
  }
}
