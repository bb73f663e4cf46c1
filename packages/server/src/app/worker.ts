/**
 * A worker: one process that serves requests on the data directory. It holds the root key and all caches; nothing of it
 * has to survive. Its parent restarts it when it ends.
 */
import { randomBytes } from "node:crypto";
import type { AuthDeps } from "../auth/authenticate.ts";
import { TrailReader } from "../audit/reader.ts";
import { serviceRules } from "../auth/claim-checks.ts";
import { KmsAudit } from "../api/audit/kms.ts";
import { QueryAudit } from "../api/audit/query.ts";
import { S3Audit } from "../api/audit/s3.ts";
import { cloudTrailOperations } from "../api/cloudtrail/index.ts";
import { CloudTrailService } from "../api/cloudtrail/service.ts";
import { keyArnAsMeant } from "../kms/embedded.ts";
import { KmsService } from "../api/kms/service.ts";
import { handle, type Service } from "../api/common/serve.ts";
import { iamService } from "../api/iam/service.ts";
import { s3Service } from "../api/s3/index.ts";
import { stsService } from "../api/sts/service.ts";
import type { Principal } from "../base/caller.ts";
import type { Log } from "../base/log.ts";
import { oldestUploadMs } from "../objects/uploads/jobs.ts";
import { bucketPrincipals } from "../iam/principals.ts";
import { OidcIssuers } from "../iam/web-identity.ts";
import { KeyringError } from "../store/keyring.ts";
import { endUnfitProcess, isStoreFailure } from "../store/local/fail-stop.ts";
import { Background } from "./background.ts";
import { UsageError } from "./config.ts";
import { type Engine, openEngine } from "./engine.ts";
import { applyBootstrap, ensureRootAccess, type RootAccess } from "./first-start.ts";
import { openListeners } from "./listen.ts";
import { openLog } from "./log.ts";
import { openMetrics, type WorkerMetrics } from "./metrics.ts";
import type { HostPort, Settings } from "./settings.ts";
import { settleLater } from "./settle.ts";
import { recordEnd, recordStart } from "./start-record.ts";
import { DRAIN_MS, type WorkerMessage, type WorkerStart } from "./supervisor.ts";

/** After a failed commit: time for open requests to hear of it before the process ends. */
const FATAL_GRACE_MS = 200;

const tell = (message: WorkerMessage): void => void process.send?.(message);

export async function runWorker(given: Settings, { index, endpoints }: WorkerStart): Promise<void> {
  const settings = withPorts(given, endpoints);
  const log = openLog(settings.logLevel, { worker: index, pid: process.pid });
  let dying = false;
  const onFatal = (cause: Error): void => {
    if (dying) return;
    dying = true;
    log.error("the store failed; this worker ends and another starts", { error: cause });
    setTimeout(endUnfitProcess, FATAL_GRACE_MS);
  };
  // lmdb reports a failed commit a second time, as an unhandled rejection or an uncaught exception.
  const stray = (error: unknown): void => {
    if (isStoreFailure(error)) return onFatal(error instanceof Error ? error : new Error("the store failed"));
    log.error("an error that nobody handled ends this worker", { error });
    endUnfitProcess();
  };
  process.on("unhandledRejection", stray);
  process.on("uncaughtException", stray);

  let metrics: WorkerMetrics | undefined;
  let engine: Engine;
  try {
    engine = await openEngine(
      settings,
      {
        log,
        onFatal,
        kmsCall: (operation) => metrics?.kmsCall(operation),
        keyDeletion: (what) => metrics?.keyDeletion(what),
      },
      index === 0,
    );
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof KeyringError)) throw error;
    tell({ kind: "refused", message: error.message });
    return;
  }
  try {
    metrics = openMetrics({
      oldestUploadSeconds: async () => {
        const oldest = await oldestUploadMs(engine.objects.core);
        return oldest === undefined ? 0 : (engine.clock.now() - oldest) / 1000;
      },
      freeBytes: () => engine.store.freeBytes(),
      writable: () => engine.store.writable().kind === "ok",
    });
    await serve(engine, metrics, log, index);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    tell({ kind: "refused", message: error.message });
    await engine.close();
  }
}

/** Whoever signs has an account whose name answers may show: one that was made since is read before it is asked for. */
const knowingOwners =
  ({ identities, knowsOwner, readOwners }: Engine): AuthDeps<Principal>["lookup"] =>
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

/** The ports that the first worker bound, where the settings left them to the system. */
function withPorts(settings: Settings, bound: WorkerStart["endpoints"]): Settings {
  const at = (setting: HostPort, endpoint: string | undefined): HostPort =>
    setting.port !== 0 || endpoint === undefined
      ? setting
      : { ...setting, port: Number(endpoint.slice(endpoint.lastIndexOf(":") + 1)) };
  const { listen, tlsListen } = settings;
  const tls = tlsListen === undefined ? {} : { tlsListen: at(tlsListen, bound["https"]) };
  return { ...settings, listen: at(listen, bound["http"]), ...tls };
}

async function serve(engine: Engine, metrics: WorkerMetrics, log: Log, index: number): Promise<void> {
  const { settings } = engine;
  let access: RootAccess | undefined;
  if (index === 0) {
    access = await ensureRootAccess(engine);
    await applyBootstrap(engine, engine.buckets);
    // On a full disk a server starts, too: to delete.
    await recordStart(engine).catch((error: unknown) => log.warn("the start is not on record", { error }));
  }
  const services = await openServices(engine, log);
  const deps = {
    services,
    transport: {
      plainHttpKeys: settings.keysOverPlainHttp,
      trustedProxies: new Set(settings.trustedProxies),
    },
    clock: engine.clock,
    log,
    meter: metrics.meter,
    hostId: randomBytes(24).toString("base64"),
  };
  const listeners = await openListeners(
    settings,
    (request, response) => void handle(request, response, deps),
  );
  const background = new Background(engine, log, index);
  background.start();

  process.on("message", (message: unknown) => void answerParent(message, metrics));
  process.on("SIGHUP", () => {
    listeners.reloadCertificates().then(
      () => log.info("certificates read again"),
      (error: unknown) => log.error("the certificates can't be used; the old ones stay", { error }),
    );
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const drained = listeners.close(DRAIN_MS);
    await background.stop();
    await drained;
    if (index === 0) recordEnd(engine);
    await engine.close();
    process.disconnect?.();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => {
    // A terminal sends it to the whole group; the parent says SIGTERM.
  });
  // A parent that is gone can't restart anybody: end with it.
  process.on("disconnect", () => void stop());
  tell({
    kind: "ready",
    endpoints: { ...listeners.endpoints },
    rootKey: engine.madeRootKey ? "made" : "present",
    rootKeyProvider: engine.keyrings.provider.name,
    ...(access === undefined ? {} : { access }),
  });
  settleLater();
}

export async function openServices(engine: Engine, log: Log): Promise<Map<string, Service>> {
  const { settings, clock, identities } = engine;
  const { recorder } = engine.audit;
  const auth = {
    clock,
    lookup: knowingOwners(engine),
    services: serviceRules(settings.region),
    signingKeys: engine.signingKeys,
    trustedHosts: [],
    unsignedPayloadOverHttp: true,
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
    resolveKeyArn: keyArnAsMeant(engine.kms),
    principals: bucketPrincipals(identities.directory),
    region: settings.region,
    domains: settings.domain.map((d) => d.toLowerCase()),
    clock,
    log,
    ...(recorder === undefined ? {} : { audit: new S3Audit(recorder) }),
  });
  const kms = new KmsService({
    auth,
    kms: engine.kms,
    log,
    origins: new Set(settings.kmsOrigins),
    ...(recorder === undefined ? {} : { audit: new KmsAudit(recorder) }),
  });
  return new Map<string, Service>(
    [s3, kms, cloudTrail(engine, auth), ...identityServices(engine, auth)].map((s) => [s.name, s]),
  );
}

function cloudTrail(engine: Engine, auth: AuthDeps<Principal>): Service {
  const { audit, authoriser, tokens, records, settings } = engine;
  const { files, seedOf, trail, recorder } = audit;
  const reader = new TrailReader(files, seedOf);
  return new CloudTrailService({
    auth,
    authoriser,
    ...(recorder === undefined ? {} : { recorder }),
    operations: cloudTrailOperations({ reader, trail, tokens, records, region: settings.region }),
  });
}

function identityServices(engine: Engine, auth: AuthDeps<Principal>): readonly Service[] {
  const { identities, authoriser, surroundings, tokens, clock, settings } = engine;
  const { directory, sessions } = identities;
  if (sessions === undefined) throw new Error("INVARIANT: the engine's identities have token keys");
  const issuers = new OidcIssuers(settings.oidcIssuers, clock);
  const { recorder } = engine.audit;
  const audit = recorder === undefined ? {} : { audit: new QueryAudit(recorder) };
  return [
    iamService({ auth, authoriser, ...audit, directory, tokens, surroundings }),
    stsService({ auth, authoriser, ...audit, sts: { directory, sessions, ...surroundings }, issuers }),
  ];
}

async function answerParent(message: unknown, metrics: WorkerMetrics): Promise<void> {
  if (typeof message !== "object" || message === null || !("kind" in message) || message.kind !== "metrics")
    return;
  const id = "id" in message && typeof message.id === "number" ? message.id : 0;
  tell({ kind: "metrics", id, values: await metrics.collect() });
}
