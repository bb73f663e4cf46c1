/** The admin port, in the parent: health, readiness and metrics. Read-only and without secrets, so without credentials. */
import type { AddressInfo } from "node:net";
import { UsageError } from "./config.ts";
import { createHttp } from "./http.ts";
import { authority, type HostPort } from "./setting-values.ts";

export interface AdminSources {
  readonly ready: () => boolean;
  readonly metrics: () => Promise<string>;
}

export async function openAdmin(
  at: HostPort,
  sources: AdminSources,
): Promise<{ readonly address: string; close(): void }> {
  const server = createHttp((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET\n");
    switch (request.url ?? "") {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz":
        return sources.ready() ? answer(200, "ready\n") : answer(503, "not ready\n");
      case "/metrics":
        void sources.metrics().then(
          (text) => answer(200, text, "text/plain; version=0.0.4; charset=utf-8"),
          () => answer(500, "metrics are not available\n"),
        );
        return;
      default:
        return answer(404, "/healthz, /readyz or /metrics\n");
    }
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        new UsageError(
          `the admin port ${authority(at)} can't be opened (${cause.code ?? cause.message}); choose another with --admin-listen`,
          { cause },
        ),
      );
    });
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: authority({ host: at.host, port }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
