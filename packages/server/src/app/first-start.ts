/** What every start makes sure of: the first account, its root user's access key, and what the bootstrap file wants. */
import { type AccountId, parseAccountId, parseBucketName } from "../base/ids.ts";
import type { Caller } from "../base/caller.ts";
import type { ShownOnce } from "../iam/identities.ts";
import { ensureKey } from "../kms/bootstrap.ts";
import type { Buckets } from "../objects/api.ts";
import { type Bootstrap, policyText, readBootstrap } from "./bootstrap-file.ts";
import { applyAccounts } from "./bootstrap-identities.ts";
import type { Engine } from "./engine.ts";

/** The access key that was made on this start, to be shown once; or the id of one that is there. */
export type RootAccess = { readonly made: ShownOnce } | { readonly accessKeyId: string };

export async function ensureRootAccess(engine: Engine): Promise<RootAccess> {
  const { settings, identities } = engine;
  const account = parseAccountId(settings.account);
  await identities.ensureAccount({
    id: account,
    ...((await identities.account(account)) === undefined ? { displayName: "root" } : {}),
  });
  const keys = await identities.rootKeys(account);
  const { rootAccessKeyId: accessKeyId, rootSecretAccessKey: secretAccessKey } = settings;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    await identities.setRootKey(account, { accessKeyId, secretAccessKey }, "configured");
    // The configured key takes the place of whatever was configured or made before; keys of a bootstrap file stay.
    for (const key of keys)
      if (key.origin !== "bootstrap" && key.accessKeyId !== accessKeyId)
        await identities.removeRootKey(key.accessKeyId);
    return { accessKeyId };
  }
  const present = keys.find((key) => key.active);
  return present === undefined
    ? { made: await identities.makeRootKey(account) }
    : { accessKeyId: present.accessKeyId };
}

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

export async function applyBootstrap(engine: Engine, buckets: Buckets): Promise<void> {
  if (engine.settings.bootstrap === undefined) return;
  const file = readBootstrap(engine.settings.bootstrap);
  await applyAccounts(engine.identities, file);
  await applyKeys(engine, file);
  for (const wanted of file.buckets) await applyBucket(engine, buckets, wanted);
}

async function applyKeys(engine: Engine, file: Bootstrap): Promise<void> {
  for (const { account, keyId, aliases, description, policy, tags } of file.keys) {
    await ensureKey(engine.kms, {
      account: parseAccountId(account ?? engine.settings.account),
      keyId,
      aliases,
      description,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      ...(policy === undefined ? {} : { policy: policyText(policy) }),
    });
  }
}

async function applyBucket(
  engine: Engine,
  buckets: Buckets,
  wanted: Bootstrap["buckets"][number],
): Promise<void> {
  const caller = bootstrapCaller(parseAccountId(wanted.account ?? engine.settings.account));
  const name = parseBucketName(wanted.name);
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
  if (wanted.tags !== undefined)
    await buckets.putTags(
      caller,
      bucket,
      Object.entries(wanted.tags).map(([key, value]) => ({ key, value })),
    );
  if (wanted.policy !== undefined) await buckets.putPolicy(caller, bucket, policyText(wanted.policy));
}
