/** The URL of an object as its writer reached it, for Location headers and elements. */
import type { S3Request } from "../request.ts";

export function locationOf(req: S3Request): string {
  const { exchange } = req;
  const scheme = exchange.transport.secureTransport ? "https" : "http";
  const host = exchange.raw.headers.get("host") ?? "localhost";
  const key = encodeURIComponent(req.key).replaceAll("%2F", "/");
  const hosted = req.deps.domains.length > 0 && host.toLowerCase().startsWith(`${req.bucket.name}.`);
  return hosted ? `${scheme}://${host}/${key}` : `${scheme}://${host}/${req.bucket.name}/${key}`;
}
