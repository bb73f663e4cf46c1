/** What a record says of the connection that a request came on, and of a credential that nobody has checked. */
import type { TLSSocket } from "node:tls";
import { TRAIL_HOST_CHARS_MAX } from "../../base/limits.ts";
import type { Exchange } from "../common/exchange.ts";
import { jsonString } from "../../base/json-text.ts";

/** The credential that a signature named before it was checked. */
export function claimedKey(exchange: Exchange | undefined): string | undefined {
  const claim =
    /Credential=([A-Za-z0-9_-]{3,128})\//.exec(exchange?.req.headers.authorization ?? "") ??
    /[?&]X-Amz-Credential=([A-Za-z0-9_-]{3,128})%2F/.exec(exchange?.req.url ?? "");
  return claim?.[1];
}

/** The Host that a client sent; nobody has looked at it when a request is refused early. */
export function shownHost(host: string | undefined): string | undefined {
  return host === undefined || host.length <= TRAIL_HOST_CHARS_MAX
    ? host
    : host.slice(0, TRAIL_HOST_CHARS_MAX);
}

const tlsTexts = new WeakMap<object, string>();
/** Once a connection. */
export function tlsOf(exchange: Exchange | undefined): string | undefined {
  if (exchange === undefined || !exchange.transport.secureTransport) return undefined;
  const socket = exchange.req.socket;
  let text = tlsTexts.get(socket);
  if (text === undefined) {
    const cipher = isTls(socket) ? socket.getCipher().standardName : undefined;
    text = `"tlsVersion":"TLSv${exchange.transport.tlsVersion ?? ""}"${cipher === undefined ? "" : `,"cipherSuite":"${cipher}"`}`;
    tlsTexts.set(socket, text);
  }
  const host = shownHost(exchange.req.headers.host);
  return `{${text}${host === undefined ? "" : `,"clientProvidedHostHeader":${jsonString(host)}`}}`;
}
const isTls = (socket: object): socket is TLSSocket => "getCipher" in socket;
