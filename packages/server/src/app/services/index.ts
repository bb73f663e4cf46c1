/** The services of one port, on an engine. S3 is there from the start; the others' code is loaded when it is asked for, or a moment later. */
import { S3Audit } from "../../api/audit/s3.ts";
import { LazyService } from "../../api/common/lazy-service.ts";
import type { Service } from "../../api/common/serve.ts";
import { s3Service } from "../../api/s3/index.ts";
import type { AuthDeps } from "../../auth/authenticate.ts";
import { serviceRules } from "../../auth/claim-checks.ts";
import type { Principal } from "../../base/caller.ts";
import type { Log } from "../../base/log.ts";
import { bucketPrincipals } from "../../iam/principals.ts";
import { keyArnAsMeant } from "../../kms/key-as-meant.ts";
import type { Engine } from "../engine.ts";

export type Auth = AuthDeps<Principal>;

export async function openServices(engine: Engine, log: Log): Promise<Map<string, Service>> {
  const { settings, clock, identities } = engine;
  const { recorder } = engine.audit;
  const auth: Auth = {
    clock,
    lookup: knowingOwners(engine),
    services: serviceRules(settings.region),
    signingKeys: engine.signingKeys,
    trustedHosts: settings.externalHosts,
    noteUse: (accessKeyId: string, service: string, region: string) =>
      identities.lastUses.note(accessKeyId, service, region),
  };
  await engine.readOwners();
  const s3 = s3Service({
    auth,
    authoriser: engine.authoriser,
    buckets: engine.buckets,
    objects: engine.objects,
    uploads: engine.uploads,
    tokens: engine.tokens,
    ownerOf: engine.ownerOf,
    resolveKeyArn: keyArnAsMeant(engine.kms, recorder),
    principals: bucketPrincipals(identities.directory),
    region: settings.region,
    domains: settings.domain.map((d) => d.toLowerCase()),
    clock,
    log,
    ...(recorder === undefined ? {} : { audit: new S3Audit(recorder) }),
  });
  const services = [
    s3,
    new LazyService("kms", async () => (await LATER.kms()).openKmsService(engine, auth, log)),
    new LazyService("cloudtrail", async () => (await LATER.cloudtrail()).openCloudTrail(engine, auth)),
    new LazyService("iam", async () => (await LATER.identity()).openIam(engine, auth)),
    new LazyService("sts", async () => (await LATER.identity()).openSts(engine, auth)),
  ];
  return new Map(services.map((s) => [s.name, s]));
}

const LATER = {
  kms: () => import("./kms.ts"),
  cloudtrail: () => import("./cloudtrail.ts"),
  identity: () => import("./identity.ts"),
};

/** For who wants all of the server's code. */
export const loadAll = (): Promise<unknown> => Promise.all(Object.values(LATER).map((load) => load()));

/** Whoever signs has an account whose name answers may show: one that was made since is read before it is asked for. */
const knowingOwners =
  ({ identities, knowsOwner, readOwners }: Engine): Auth["lookup"] =>
  (accessKeyId, token) => {
    const looked = identities.lookup(accessKeyId, token);
    const isKnown = (found: Awaited<typeof looked>): boolean =>
      typeof found !== "object" || !("account" in found.principal) || knowsOwner(found.principal.account);
    if (!(looked instanceof Promise) && isKnown(looked)) return looked;
    return Promise.resolve(looked).then(async (found) => {
      if (!isKnown(found)) await readOwners();
      return found;
    });
  };
