/**
 * The sockets: plain HTTP and TLS beside each other on the same handler, with the limits that keep a slow or hostile
 * client from holding the server. Certificates are read again on SIGHUP.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { attach, type Handler } from "../api/common/attach.ts";
import { INCOMING } from "../api/common/incoming.ts";
import { CONNECTIONS_MAX, HEADER_SECTION_BYTES_MAX } from "../base/limits.ts";
import { UsageError } from "./config.ts";
import { createHttp } from "./http.ts";
import { authority, type HostPort } from "./setting-values.ts";
import type { Settings } from "./settings.ts";

/** Milliseconds. */
const HEADERS_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
/** No byte for this long on an open request: the connection is cut (slow uploads are fine, stalled ones are not). */
const IDLE_MS = 60_000;
const DRAIN_LOOK_MS = 50;

const OPTIONS = {
  ...INCOMING,
  maxHeaderSize: HEADER_SECTION_BYTES_MAX,
  headersTimeout: HEADERS_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  /** A 5 GiB upload over a thin line takes hours: only idleness ends a request. */
  requestTimeout: 0,
  insecureHTTPParser: false,
  /** A request that announces no body is at its end when it comes: no stream is opened and closed for it. */
  optimizeEmptyRequests: true,
} as const;

function prepare(server: Server | TlsServer, handler: Handler, connectionsMax: number): void {
  attach(server, handler);
  server.maxHeadersCount = 500;
  server.maxConnections = connectionsMax;
  server.setTimeout(IDLE_MS);
}

function listen(server: NetServer, at: HostPort, shared: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const text =
        cause.code === "EADDRINUSE"
          ? `${authority(at)} is in use by another program; choose another with --listen, --admin-listen or --tls-listen`
          : `can't listen on ${authority(at)}: ${cause.message}`;
      reject(new UsageError(text, { cause }));
    });
    server.listen({ host: at.host, port: at.port, reusePort: shared, backlog: 1024 }, () => {
      const address = server.address() as AddressInfo;
      resolve(authority({ host: at.host, port: address.port }));
    });
  });
}

export interface Listeners {
  /** `http`, and `https` where TLS is on: HOST:PORT as bound. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Rejects and changes nothing if they can't be used. */
  reloadCertificates(): Promise<void>;
  /** Stops accepting, lets open requests end for `ms`, then cuts. */
  close(ms: number): Promise<void>;
}

interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: "TLSv1.2";
}

/** Throws UsageError for what can't be read and for a key that is not the certificate's. */
function readTls(settings: Settings): Tls {
  const { tlsCert = "", tlsKey = "" } = settings;
  const cert = forTls(() => readFileSync(tlsCert));
  const key = forTls(() => readFileSync(tlsKey));
  const certificate = forTls(
    () => new X509Certificate(cert),
    `${tlsCert} (--tls-cert) does not begin with a certificate in PEM`,
  );
  const privateKey = forTls(
    () => createPrivateKey(key),
    `${tlsKey} (--tls-key) does not hold a private key in PEM without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw unusable(`the key in ${tlsKey} does not belong to the certificate in ${tlsCert}`);
  return { cert, key, minVersion: "TLSv1.2" };
}

const unusable = (reason: string, cause?: unknown): UsageError =>
  new UsageError(`the TLS certificate or key can't be used: ${reason}`, { cause });

/** OpenSSL's own words ("no start line") name neither file nor cure. */
function forTls<T>(work: () => T, otherwise?: string): T {
  try {
    return work();
  } catch (cause) {
    throw unusable(otherwise ?? (cause instanceof Error ? cause.message : ""), cause);
  }
}

/** Ports that workers share can be shared by another server of this user, too: the first to come looks. */
async function refuseTaken(at: HostPort): Promise<void> {
  if (at.port === 0) return;
  const probe = createServer();
  await listen(probe, at, false);
  await new Promise<void>((resolve) => {
    probe.close(() => resolve());
  });
}

export interface ListenOptions {
  readonly connectionsMax?: number;
  /** No worker of this server listens yet. */
  readonly first?: boolean;
}

export async function openListeners(
  settings: Settings,
  handler: Handler,
  { connectionsMax = CONNECTIONS_MAX, first = false }: ListenOptions = {},
): Promise<Listeners> {
  const shared = settings.workers > 1;
  if (shared && first)
    for (const at of [settings.listen, settings.tlsListen]) if (at !== undefined) await refuseTaken(at);
  const plain = createHttp(OPTIONS);
  prepare(plain, handler, connectionsMax);
  const endpoints: Record<string, string> = { http: await listen(plain, settings.listen, shared) };
  const servers = new Set<Server>([plain]);
  let tls: TlsServer | undefined;
  const openTls = async (at: HostPort): Promise<void> => {
    // Not imported above: only those who serve TLS load it.
    tls = process.getBuiltinModule("node:https").createServer({ ...OPTIONS, ...readTls(settings) });
    prepare(tls, handler, connectionsMax);
    servers.add(tls);
    endpoints["https"] = await listen(tls, at, shared);
  };
  if (settings.tlsListen !== undefined)
    await openTls(settings.tlsListen).catch((error: unknown) => {
      plain.close();
      throw error;
    });
  /** Where a listening socket keeps its certificate for life (Bun): another socket in its place. */
  const replaceTls = async (old: TlsServer): Promise<void> => {
    const { port } = old.address() as AddressInfo;
    old.close(() => servers.delete(old));
    await openTls({ host: settings.tlsListen?.host ?? "", port });
  };
  return {
    endpoints,
    async reloadCertificates() {
      if (tls === undefined) return;
      const fresh = readTls(settings);
      if (typeof tls.setSecureContext === "function") tls.setSecureContext(fresh);
      else await replaceTls(tls);
    },
    async close(ms) {
      const cut = setTimeout(() => {
        for (const server of servers) server.closeAllConnections();
      }, ms);
      // A connection whose last request ends while the server drains would otherwise be kept open for the next one.
      const idle = setInterval(() => {
        for (const server of servers) server.closeIdleConnections();
      }, DRAIN_LOOK_MS);
      await Promise.all(
        Array.from(
          servers,
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeIdleConnections();
            }),
        ),
      );
      clearTimeout(cut);
      clearInterval(idle);
    },
  };
}
