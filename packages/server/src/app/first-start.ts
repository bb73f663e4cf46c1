/** What every start makes sure of: the first account, its root user's access key, and what the bootstrap file wants. */
import { ServiceError } from "../base/errors.ts";
import { type AccountId, parseAccountId, parseBucketName } from "../base/ids.ts";
import type { Caller } from "../base/caller.ts";
import type { AccessKey } from "../iam/account-records.ts";
import type { ShownOnce } from "../iam/identities.ts";
import { ALL_BLOCKED } from "../objects/buckets/bucket-record.ts";
import { bindPrincipals } from "../iam/principals.ts";
import { ensureKey } from "../kms/bootstrap.ts";
import type { Buckets } from "../objects/api.ts";
import { type Bootstrap, policyText, readBootstrap } from "./bootstrap-file.ts";
import { applyAccounts, type Note } from "./bootstrap-identities.ts";
import { UsageError } from "./config.ts";
import type { Engine } from "./engine.ts";
import { recorded, someNames } from "./recorded.ts";

/** The access key that was made on this start, to be shown once; or the id of one that is there. */
export type RootAccess = { readonly made: ShownOnce } | { readonly accessKeyId: string };

export async function ensureRootAccess(engine: Engine): Promise<RootAccess> {
  const { settings, identities } = engine;
  const account = parseAccountId(settings.account);
  const known = await identities.account(account);
  const keys = known === undefined ? [] : await identities.rootKeys(account);
  const { rootAccessKeyId: accessKeyId, rootSecretAccessKey: secretAccessKey } = settings;
  const given =
    accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey };
  // The configured key takes the place of whatever was configured or made before; keys of a bootstrap file stay.
  const former = given === undefined ? [] : keys.filter((key) => isFormer(key, given));
  const present =
    given === undefined ? keys.find((key) => key.active) : keys.find((key) => isSet(key, given));
  if (known !== undefined && present !== undefined && former.length === 0)
    return { accessKeyId: present.accessKeyId };
  return recorded<RootAccess>(engine, {
    name: "RootAccessChange",
    what: {
      account,
      by: given === undefined ? "store" : "settings",
      removed: former.map((key) => key.accessKeyId),
      ...(given === undefined ? {} : { accessKeyId: given.accessKeyId }),
    },
    work: async () => {
      await identities.ensureAccount({
        id: account,
        ...(known === undefined ? { displayName: "root" } : {}),
      });
      if (given === undefined)
        return present === undefined
          ? { made: await identities.makeRootKey(account) }
          : { accessKeyId: present.accessKeyId };
      await identities.setRootKey(account, given, "configured");
      for (const key of former) await identities.removeRootKey(key.accessKeyId);
      return { accessKeyId: given.accessKeyId };
    },
    undo: async (access) => {
      // It was never shown; the next start makes another.
      if ("made" in access) await identities.removeRootKey(access.made.accessKeyId);
    },
    outcome: (access) =>
      access === undefined
        ? {}
        : { accessKeyId: "made" in access ? access.made.accessKeyId : access.accessKeyId },
  });
}

const isFormer = (key: AccessKey, given: ShownOnce): boolean =>
  key.origin !== "bootstrap" && key.accessKeyId !== given.accessKeyId;

const isSet = ({ accessKeyId, active, secret }: AccessKey, given: ShownOnce): boolean =>
  active &&
  accessKeyId === given.accessKeyId &&
  Buffer.compare(secret, Buffer.from(given.secretAccessKey)) === 0;

const never = new AbortController().signal;

/** The store's own hand at start. It acts as the account's root user and never touches an object. */
function bootstrapCaller(account: AccountId): Caller {
  return {
    requestId: "bootstrap",
    principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    sessionKey: "bootstrap",
    signature: "AWS4-HMAC-SHA256",
    authType: "none",
    secureTransport: true,
    keysMayPass: true,
    sourceIp: "127.0.0.1",
    signal: never,
  };
}

/** Throws ServiceUnavailable, and applies nothing, where the trail can't be written. */
export async function applyBootstrap(engine: Engine, buckets: Buckets): Promise<void> {
  if (engine.settings.bootstrap === undefined) return;
  const path = engine.settings.bootstrap;
  const { file, sha256 } = readBootstrap(path);
  const of: Asked = (what, work) => asked(`the bootstrap file ${path}, ${what}`, work);
  const changed: string[] = [];
  const note: Note = (account, what, outcome) => {
    if (outcome !== "present" && outcome !== "unchanged") changed.push(`${account}:${what}`);
  };
  await recorded(engine, {
    name: "BootstrapApply",
    what: { sha256 },
    work: async () => {
      await of("accounts", () => applyAccounts(engine.identities, file, note));
      for (const key of file.keys) await of(`key ${key.keyId}`, () => applyKey(engine, key, note));
      for (const bucket of file.buckets)
        await of(`bucket ${bucket.name}`, () => applyBucket(engine, buckets, bucket, note));
    },
    outcome: () => ({ changed: someNames(changed) }),
  });
}

type Asked = (what: string, work: () => Promise<void>) => Promise<void>;

/** What the file asks for and the store refuses is its author's to mend: another start would only repeat it. */
async function asked(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status >= 500) throw error;
    throw new UsageError(`${what}: ${error.message}`, { cause: error });
  }
}

async function applyKey(engine: Engine, wanted: Bootstrap["keys"][number], note: Note): Promise<void> {
  const { account, keyId, aliases, description, policy, tags } = wanted;
  const owner = parseAccountId(account ?? engine.settings.account);
  const outcome = await ensureKey(engine.kms, {
    account: owner,
    keyId,
    aliases,
    description,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    ...(policy === undefined ? {} : { policy: policyText(policy) }),
  });
  // Nothing is made of an id whose key was destroyed.
  note(owner, `key/${keyId}`, outcome === "deleted" ? "unchanged" : outcome);
}

async function applyBucket(
  engine: Engine,
  buckets: Buckets,
  wanted: Bootstrap["buckets"][number],
  note: Note,
): Promise<void> {
  const owner = parseAccountId(wanted.account ?? engine.settings.account);
  const caller = bootstrapCaller(owner);
  const name = parseBucketName(wanted.name);
  // Its rules are written whether or not they differ.
  note(owner, `bucket/${name}`, "set");
  const bucket =
    (await buckets.find(name)) ?? (await buckets.create(caller, name, { region: engine.settings.region }));
  if (wanted.versioning !== undefined && bucket.versioning !== wanted.versioning)
    await buckets.setVersioning(caller, bucket, wanted.versioning);
  const { encryption } = wanted;
  if (encryption !== undefined) {
    const { algorithm, kmsKeyId, bucketKey, blockSsec } = encryption;
    await buckets.putEncryption(caller, bucket, {
      ...(blockSsec === undefined ? {} : { ssecBlocked: blockSsec }),
      ...(algorithm === undefined
        ? {}
        : {
            rule:
              algorithm === "AES256"
                ? { algorithm, bucketKey }
                : { algorithm, bucketKey, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) },
          }),
    });
  }
  if (wanted.blockPublic !== undefined)
    await buckets.putPublicAccess(caller, bucket, wanted.blockPublic ? ALL_BLOCKED : undefined);
  if (wanted.tags !== undefined)
    await buckets.putTags(
      caller,
      bucket,
      Object.entries(wanted.tags).map(([key, value]) => ({ key, value })),
    );
  if (wanted.policy !== undefined) {
    const text = policyText(wanted.policy);
    const parsed = await bindPrincipals(engine.identities.directory, text, "bucket", { bucket: name });
    if (!parsed.ok)
      throw new UsageError(`the bootstrap file's policy of bucket ${name}: ${parsed.failure.message}`);
    await buckets.putPolicy(caller, bucket, { text, bindings: parsed.policy.bindings });
  }
}
