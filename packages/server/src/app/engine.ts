/**
 * Everything below the API, opened on a data directory: by each worker, and by the commands that run beside or without a
 * server. The only place that says `new` on a layer.
 */
import { existsSync } from "node:fs";
import { callOpenSslDirectly } from "@strongroom/crypto";
import { SigningKeyCache } from "../auth/signing-key.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { AccountId, Rev } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { ACCOUNTS_PARENT } from "../iam/account-records.ts";
import { sameRev } from "../iam/directory.ts";
import { Identities } from "../iam/identities.ts";
import { PolicyAuthoriser } from "../iam/policy-authoriser.ts";
import { keyPrincipals } from "../iam/principals.ts";
import type { Surroundings } from "../iam/request-context.ts";
import { embeddedKeyService } from "../kms/embedded.ts";
import type { Kernel } from "../kms/kernel.ts";
import { openKms } from "../kms/open.ts";
import type { Buckets, Owner, UploadsService } from "../objects/api.ts";
import { BucketStore } from "../objects/buckets/buckets.ts";
import { BUCKET_KEY_LIMITS } from "../objects/encryption/bucket-keys.ts";
import { makeCore, Objects } from "../objects/service.ts";
import { Uploads } from "../objects/uploads/service.ts";
import { CountedRecords } from "../store/counted.ts";
import { type Keyring, keyringChanged, loadKeyring, type RootKey, sealingTerm } from "../store/keyring.ts";
import { DamagedRows } from "../store/damaged-rows.ts";
import { hexOf } from "../store/key-order.ts";
import { listKey } from "../store/list-page.ts";
import { type LocalStore, openLocalStore } from "../store/local/open.ts";
import { Records } from "../store/records.ts";
import { type Tokens, tokensUnder } from "../store/tokens.ts";
import { type AuditParts, openAudit } from "./audit.ts";
import { UsageError } from "./config.ts";
import { countGently } from "./evidence/dependents.ts";
import { type DataDir, dataDir, ensureDataDir } from "./data-dir.ts";
import { kmsHooks } from "./kms-hooks.ts";
import { lookTwice, openRoot } from "./open-root.ts";
import type { OpeningTurn } from "./opening-turn.ts";
import { type RootKeyProvider, rootKeyProvider } from "./root-key.ts";
import type { Settings } from "./settings.ts";

export interface EngineHooks {
  readonly log: Log;
  readonly kmsCall: (operation: string) => void;
  /** A key's deletion was scheduled, or carried out. */
  readonly keyDeletion?: (what: "scheduled" | "destroyed") => void;
  /** The process has become unfit to write. */
  readonly onFatal: (cause: Error) => void;
}

export interface Engine {
  readonly settings: Settings;
  readonly dir: DataDir;
  readonly clock: Clock;
  readonly store: LocalStore;
  readonly keyrings: KeyringHolder;
  readonly audit: AuditParts;
  readonly records: Records;
  readonly counted: CountedRecords;
  readonly identities: Identities;
  readonly authoriser: PolicyAuthoriser;
  readonly surroundings: Surroundings;
  readonly kms: Kernel;
  readonly buckets: Buckets;
  readonly objects: Objects;
  readonly uploads: UploadsService;
  /** Canonical id and display name of an account, as of the last `readOwners`. */
  readonly ownerOf: (account: AccountId) => Owner;
  knowsOwner(this: void, account: AccountId): boolean;
  /** Reads the accounts' names if any has changed. */
  readOwners(this: void): Promise<void>;
  readonly tokens: Tokens;
  readonly signingKeys: SigningKeyCache;
  /** The root key was made just now: tell the operator to keep a copy. */
  readonly madeRootKey: boolean;
  /** Aborted as the process begins to end: long walks stop. */
  readonly stopping: AbortController;
  close(): Promise<void>;
}

/** The keyring as it is now. Other processes add terms; whoever meets an unknown one reads it again. */
export class KeyringHolder {
  readonly #store: LocalStore;
  readonly #roots: readonly RootKey[];
  readonly provider: RootKeyProvider;
  #keyring: Keyring;
  /** Once for all who ask at the same time. */
  #loading: Promise<Keyring> | undefined;

  constructor(store: LocalStore, provider: RootKeyProvider, roots: readonly RootKey[], keyring: Keyring) {
    this.#store = store;
    this.#roots = roots;
    this.provider = provider;
    this.#keyring = keyring;
  }

  readonly current = (): Keyring => this.#keyring;

  /**
   * As it is in the store now. Cheap where nothing has changed: whoever sends a token can name a term that nobody has, and
   * a passphrase is derived anew only for a change.
   */
  readonly refresh = async (): Promise<Keyring> => {
    if (!(await keyringChanged(this.#store, this.#keyring))) return this.#keyring;
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  };

  async #load(): Promise<Keyring> {
    const now = await lookTwice(() => loadKeyring(this.#store, this.roots()));
    if (now !== undefined) this.#keyring = now;
    return this.#keyring;
  }

  use(keyring: Keyring): void {
    this.#keyring = keyring;
  }

  /** A root-key change by another process brings a generation that this one has not read yet. */
  roots(): readonly RootKey[] {
    const present = this.provider.load();
    return present.length === 0 ? this.#roots : present;
  }
}

/**
 * Throws UsageError or KeyringError, whose texts name cause and cure. `turn`: other processes have the store open, or may
 * come to open it.
 */
export async function openEngine(
  settings: Settings,
  hooks: EngineHooks,
  mayCreate: boolean,
  turn?: OpeningTurn,
): Promise<Engine> {
  const whyNot = settings.openssl === "direct" ? callOpenSslDirectly() : undefined;
  // Bun's own ciphers are meant, not missed.
  if (whyNot !== undefined && process.versions["bun"] === undefined)
    hooks.log.info("OpenSSL is called through node:crypto, which is slower", { reason: whyNot });
  const dir = dataDir(settings.data);
  if (mayCreate) ensureDataDir(dir);
  else if (!existsSync(dir.store))
    throw new UsageError(
      `there is no store in ${dir.path}; name its directory with --data, or make one with strongroom serve`,
    );
  const provider = rootKeyProvider(settings.rootKey, dir);
  await turn?.mine();
  const store = await openLocalStore({
    directory: dir.store,
    onFatal: hooks.onFatal,
    ...(settings.minFreeBytes === undefined ? {} : { reserveBytes: settings.minFreeBytes }),
  });
  turn?.opened(store);
  try {
    const { roots, keyring, made } = await openRoot(store, provider, mayCreate);
    const keyrings = new KeyringHolder(store, provider, roots, keyring);
    const clock = systemClock;
    const records = new Records(store, keyring, { reloadKeyring: keyrings.refresh });
    const counted = new CountedRecords(records);
    const surroundings = { clock, region: settings.region };
    const authoriser = new PolicyAuthoriser(surroundings);
    const tokenKeys = {
      current: () => sealingTerm(keyrings.current(), "token", clock.now()),
      all: () =>
        new Map(
          keyrings
            .current()
            .terms("token")
            .map(({ term, key }) => [term, key]),
        ),
      reload: keyrings.refresh,
    };
    const tokens = tokensUnder(tokenKeys);
    const identities = new Identities(records, counted, clock, { tokenKeys, log: hooks.log });
    const stopping = new AbortController();
    const audit = openAudit({
      directory: dir.audit,
      records,
      keyring: keyrings.current,
      clock,
      log: hooks.log,
      region: settings.region,
      on: settings.audit === "on",
      onFatal: hooks.onFatal,
    });
    const kms = openKms({
      records,
      keyring: keyrings.current,
      reloadKeyring: keyrings.refresh,
      authoriser,
      tokens,
      clock,
      region: settings.region,
      hooks: kmsHooks(hooks, audit.recorder),
      countDependents: countGently(() => core, stopping.signal),
      principals: keyPrincipals(identities.directory),
    });
    const core = makeCore({
      records,
      keyring: { current: keyrings.current, reload: keyrings.refresh },
      kms: embeddedKeyService(kms, audit.recorder),
      clock,
      bucketKeyLimits: { ...BUCKET_KEY_LIMITS, ageMs: settings.bucketKeySeconds * 1000 },
      damaged: new DamagedRows(({ table, key }, error) => {
        hooks.log.error("a damaged version is removed; what it led to stays: run strongroom verify", {
          table,
          key: hexOf(key),
          error,
        });
      }),
    });
    const owners = new Map<AccountId, Owner>();
    let ownersRead: Rev | undefined;
    const ownerOf = (account: AccountId): Owner =>
      owners.get(account) ?? { account, canonicalId: "0".repeat(64), displayName: account };
    return {
      settings,
      dir,
      clock,
      store,
      keyrings,
      audit,
      records,
      counted,
      identities,
      authoriser,
      surroundings,
      kms,
      buckets: new BucketStore({
        records,
        clock,
        blockSsecOnNew: settings.blockSsecOnNewBuckets,
        blockPublicOnNew: settings.blockPublicOnNewBuckets,
        onRemoved: (id) => core.sources.epochs.forget(id),
      }),
      objects: new Objects(core),
      uploads: new Uploads({ core, ownerOf }),
      ownerOf,
      knowsOwner: (account) => owners.has(account),
      async readOwners() {
        const [head] = await store.get([{ table: "list", key: listKey(ACCOUNTS_PARENT, 0) }]);
        if (ownersRead !== undefined && sameRev(head?.rev, ownersRead)) return;
        ownersRead = head?.rev;
        for (const { id, canonicalId, displayName } of await identities.accounts()) {
          owners.set(id, { account: id, canonicalId, displayName });
        }
      },
      tokens,
      signingKeys: new SigningKeyCache(),
      madeRootKey: made,
      stopping,
      close: async () => {
        await audit.trail.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
