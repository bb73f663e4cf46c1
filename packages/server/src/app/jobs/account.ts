/** `strongroom account create | list`: accounts are the operator's to make. A new one has a root user with one access key. */
import { ServiceError } from "../../base/errors.ts";
import { type AccountId, parseAccountId } from "../../base/ids.ts";
import type { Account } from "../../iam/account-records.ts";
import { UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { recorded } from "../recorded.ts";
import type { Job, JobInput, JobOutput } from "./job.ts";

export const account: Job = async (engine, input, output) => {
  const [action] = input.args;
  switch (action) {
    case "create":
      return create(engine, input, output);
    case "list":
      return list(engine, input, output);
    case undefined:
    default:
      throw new UsageError("account: the actions are `create` and `list`");
  }
};

async function create(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  const id = text(options.get("id"));
  const displayName = text(options.get("name"));
  const { identities } = engine;
  const wanted = {
    ...(id === undefined ? {} : { id: accountId(id) }),
    ...(displayName === undefined ? {} : { displayName }),
  };
  const { account: made, key } = await recorded(engine, {
    name: "AccountCreate",
    what: wanted,
    work: () => orUsage(() => identities.createAccount(wanted)),
    // Its secret was never shown, and there is no other way in.
    undo: (unheard) => identities.removeNewAccount(unheard),
    outcome: (result) =>
      result === undefined ? {} : { id: result.account.id, accessKeyId: result.key.accessKeyId },
  });
  if (options.has("json")) {
    output.out(JSON.stringify({ ...shown(made), ...key }));
    return 0;
  }
  output.out(`account            ${made.id} (${made.displayName})
canonical id       ${made.canonicalId}
access key id      ${key.accessKeyId}
secret access key  ${key.secretAccessKey}

This is the root user's access key. The secret is shown now and never again.`);
  return 0;
}

async function list(engine: Engine, { options }: JobInput, output: JobOutput): Promise<number> {
  for (const one of await engine.identities.accounts())
    output.out(
      options.has("json") ? JSON.stringify(shown(one)) : `${one.id} ${one.canonicalId} ${one.displayName}`,
    );
  return 0;
}

const shown = ({ id, canonicalId, displayName, createdMs }: Account) => ({
  account: id,
  displayName,
  canonicalId,
  created: new Date(createdMs).toISOString(),
});

function accountId(given: string): AccountId {
  if (!/^[0-9]{12}$/.test(given)) throw new UsageError("account create: --id has 12 digits");
  return parseAccountId(given);
}

async function orUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServiceError && error.status < 500)
      throw new UsageError(`account create: ${error.message}`, { cause: error });
    throw error;
  }
}

const text = (option: readonly string[] | true | undefined): string | undefined =>
  option === undefined || option === true ? undefined : option[0];
