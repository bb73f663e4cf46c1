/**
 * A worker: one process that serves requests on the data directory. It holds the root key and all caches; nothing of it
 * has to survive. Its parent restarts it when it ends.
 */
import { randomBytes } from "node:crypto";
import { handle } from "../api/common/serve.ts";
import { ServiceError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { oldestUploadMs } from "../objects/uploads/jobs.ts";
import { KeyringError } from "../store/keyring.ts";
import { endUnfitProcess, isStoreFailure } from "../store/local/fail-stop.ts";
import { Background } from "./background.ts";
import { UsageError } from "./config.ts";
import { type Engine, openEngine } from "./engine.ts";
import { applyBootstrap, ensureRootAccess, type RootAccess } from "./first-start.ts";
import { openListeners } from "./listen.ts";
import { openLog } from "./log.ts";
import { openMetrics, type WorkerMetrics } from "./metrics.ts";
import { OpeningTurn } from "./opening-turn.ts";
import { loadAll, openServices } from "./services/index.ts";
import type { HostPort, Settings } from "./settings.ts";
import { settleLater } from "./settle.ts";
import { recordEnd, recordStart } from "./start-record.ts";
import { DRAIN_MS, type WorkerMessage, type WorkerStart } from "./supervisor.ts";

/** After a failed commit: time for open requests to hear of it before the process ends. */
const FATAL_GRACE_MS = 200;

const tell = (message: WorkerMessage): void => void process.send?.(message);

export async function runWorker(given: Settings, { index, first, endpoints }: WorkerStart): Promise<void> {
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
  const turn = new OpeningTurn();
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
      turn,
    );
  } catch (error) {
    turn.end();
    if (!(error instanceof UsageError) && !(error instanceof KeyringError)) throw error;
    return refuse(error);
  }
  if (engine.madeRootKey) tell({ kind: "made", rootKey: engine.keyrings.provider.name });
  try {
    metrics = openMetrics({
      oldestUploadSeconds: async () => {
        const oldest = await oldestUploadMs(engine.objects.core);
        return oldest === undefined ? 0 : (engine.clock.now() - oldest) / 1000;
      },
      freeBytes: () => engine.store.freeBytes(),
      writable: () => engine.store.writable().kind === "ok",
    });
    await serve(engine, turn, { metrics, log, index, first });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await engine.close();
    turn.end();
    refuse(error);
  }
}

/** Ends the process: it may listen already, and must not take requests that it can't serve. */
function refuse({ message }: Error): void {
  const refused: WorkerMessage = { kind: "refused", message };
  process.send?.(refused, () => process.exit(0));
}

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

interface Role extends Pick<WorkerStart, "index" | "first"> {
  readonly metrics: WorkerMetrics;
  readonly log: Log;
}

async function serve(engine: Engine, turn: OpeningTurn, { metrics, log, index, first }: Role): Promise<void> {
  const { settings } = engine;
  let access: RootAccess | undefined;
  if (index === 0) {
    // On a full disk a server starts, too: to delete.
    await recordStart(engine).catch((error: unknown) => log.warn("the start is not on record", { error }));
  }
  // Once a server: a worker that takes a dead one's place must not undo what was changed since.
  if (first) {
    access = await ensureRootAccess(engine).catch(refuseUnrecorded);
    if ("made" in access) tell({ kind: "made", accessKey: access.made });
    await applyBootstrap(engine, engine.buckets).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      log.error("the bootstrap file is not applied: the audit trail can't be written", { error });
    });
  }
  const services = await openServices(engine, log);
  const deps = {
    services,
    transport: {
      plainHttpKeys: settings.keysOverPlainHttp,
      plainHttpUnsigned: settings.unsignedOverPlainHttp,
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
    { first },
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
    turn.end();
    process.disconnect?.();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => {
    // A terminal sends it to the whole group; the parent says SIGTERM.
  });
  tell({
    kind: "ready",
    endpoints: { ...listeners.endpoints },
    ...(access === undefined || "made" in access ? {} : { access }),
  });
  settleLater(loadAll);
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === "ServiceUnavailable";

function refuseUnrecorded(error: unknown): never {
  if (!isUnavailable(error)) throw error;
  throw new UsageError(
    "the root credentials can't be set: the audit trail can't be written, most often because the disk is full. Make room, or start with the credentials of before.",
    { cause: error },
  );
}

async function answerParent(message: unknown, metrics: WorkerMetrics): Promise<void> {
  if (typeof message !== "object" || message === null || !("kind" in message) || message.kind !== "metrics")
    return;
  const id = "id" in message && typeof message.id === "number" ? message.id : 0;
  tell({ kind: "metrics", id, values: await metrics.collect() });
}
