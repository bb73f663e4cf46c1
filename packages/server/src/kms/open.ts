/** Wires the key service: rows over the store, material under the keyring's domain key. */
import type { Authoriser } from "../base/access.ts";
import type { Clock } from "../base/clock.ts";
import { IntegrityError } from "../base/errors.ts";
import { KMS_KEYS_PER_ACCOUNT_MAX } from "../base/limits.ts";
import type { Keyring } from "../store/keyring.ts";
import type { Records } from "../store/records.ts";
import type { Tokens } from "../store/tokens.ts";
import { GrantRows } from "./grant-rows.ts";
import type { CountDependents, Kernel, KmsHooks } from "./kernel.ts";
import type { KeyPrincipals } from "./policies.ts";
import { KeyNames } from "./key-id.ts";
import { Materials } from "./materials.ts";
import { Rows } from "./rows.ts";
import { Usage } from "./usage.ts";

export interface KmsOptions {
  readonly records: Records;
  /** The keyring as it is now: it grows while the process runs. */
  readonly keyring: () => Keyring;
  /** Reads it again, for a term that another process has added. */
  readonly reloadKeyring?: () => Promise<Keyring>;
  readonly authoriser: Authoriser;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly region: string;
  readonly hooks: KmsHooks;
  /** Absent: AWS's quota. */
  readonly keysPerAccountMax?: number;
  readonly countDependents?: CountDependents;
  readonly principals?: KeyPrincipals;
}

export function openKms(options: KmsOptions): Kernel {
  const { keyring, clock } = options;
  const rows = new Rows(options.records, options.region);
  const domain = {
    storeId: keyring().storeId,
    current: () => keyring().current("domain"),
    at: async (term: number) =>
      keyring().byTerm("domain", term) ??
      (await options.reloadKeyring?.())?.byTerm("domain", term) ??
      unknownTerm(term),
  };
  return {
    region: options.region,
    names: new KeyNames(options.region),
    rows,
    grants: new GrantRows(options.records),
    materials: new Materials(domain, rows, clock),
    usage: new Usage(options.records, () => clock.now()),
    authoriser: options.authoriser,
    clock,
    tokens: options.tokens,
    hooks: options.hooks,
    keysPerAccountMax: options.keysPerAccountMax ?? KMS_KEYS_PER_ACCOUNT_MAX,
    ...(options.countDependents === undefined ? {} : { countDependents: options.countDependents }),
    ...(options.principals === undefined ? {} : { principals: options.principals }),
  };
}

function unknownTerm(term: number): never {
  throw new IntegrityError(`the keyring has no domain key of term ${term}`);
}
