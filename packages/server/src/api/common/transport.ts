/**
 * How a request came: TLS or not, from where, and whether key-bearing traffic may pass on that connection. The one place
 * that reads X-Forwarded-* (issue: SSE-C or KMS traffic on plain HTTP); `secureTransport` is always truthful.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

export interface TransportRules {
  /** Whether SSE-C and KMS requests may come over plain HTTP. `loopback`: from this machine and through no proxy. */
  readonly plainHttpKeys: "loopback" | "never" | "always";
  /**
   * Whether bodies that no signature covers may come over plain HTTP (spec access 1.5). `loopback`: from this machine and
   * through no proxy, and from trusted proxies, which end TLS.
   */
  readonly plainHttpUnsigned: "loopback" | "never" | "always";
  /** Addresses of proxies whose X-Forwarded-For is believed, for `sourceIp`; exact text of the peer address. */
  readonly trustedProxies: ReadonlySet<string>;
}

export interface Transport {
  readonly secureTransport: boolean;
  readonly tlsVersion?: string;
  readonly keysMayPass: boolean;
  readonly unsignedMayPass: boolean;
  readonly sourceIp: string;
}

export const DEFAULT_TRANSPORT_RULES: TransportRules = {
  plainHttpKeys: "loopback",
  plainHttpUnsigned: "loopback",
  trustedProxies: new Set(),
};

/** `::ffff:10.0.0.1` is 10.0.0.1 on a dual-stack socket. */
const plainAddress = (address: string): string =>
  address.startsWith("::ffff:") ? address.slice(7) : address;
const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");

/** Through a proxy, as its own headers say. */
export function isForwarded(req: IncomingMessage): boolean {
  for (const name in req.headers) if (name === "forwarded" || name.startsWith("x-forwarded-")) return true;
  return false;
}

export function transportOf(req: IncomingMessage, rules: TransportRules): Transport {
  const peer = plainAddress(req.socket.remoteAddress ?? "");
  const trusted = rules.trustedProxies.size > 0 && rules.trustedProxies.has(peer);
  const sourceIp = trusted ? (clientBehind(req, rules) ?? peer) : peer;
  if ("encrypted" in req.socket && req.socket.encrypted === true) {
    const tlsVersion = protocolOf(req.socket)?.replace("TLSv", "");
    return {
      secureTransport: true,
      keysMayPass: true,
      unsignedMayPass: true,
      sourceIp,
      ...(tlsVersion === undefined ? {} : { tlsVersion }),
    };
  }
  const local = isLoopback(peer) && !isForwarded(req);
  return {
    secureTransport: false,
    keysMayPass: keysMayPass(rules, local, trusted),
    unsignedMayPass: unsignedMayPass(rules, local, trusted),
    sourceIp,
  };
}

/** Not every runtime tells; there sockets of a TLS server are no TLSSocket either, but say that they are encrypted. */
const protocolOf = (socket: Socket): string | undefined =>
  socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined;

function keysMayPass(rules: TransportRules, local: boolean, trusted: boolean): boolean {
  switch (rules.plainHttpKeys) {
    case "never":
      return false;
    case "loopback":
      return local;
    case "always":
      return rules.trustedProxies.size === 0 || trusted;
  }
}

function unsignedMayPass(rules: TransportRules, local: boolean, trusted: boolean): boolean {
  switch (rules.plainHttpUnsigned) {
    case "never":
      return false;
    case "loopback":
      return local || trusted;
    case "always":
      return true;
  }
}

/** The last address in X-Forwarded-For that is no trusted proxy: what stands left of it anyone can have written. */
function clientBehind(req: IncomingMessage, rules: TransportRules): string | undefined {
  const header = req.headers["x-forwarded-for"];
  const list = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",").map((s) => s.trim());
  return list.reverse().find((a) => a !== "" && !rules.trustedProxies.has(a));
}
