/** What a record says of the connection that a request came on, and of a credential that nobody has checked. */
import type { TLSSocket } from "node:tls";
import type { Exchange } from "../common/exchange.ts";

const quote = (text: string): string => JSON.stringify(text);

/** The credential that a signature named before it was checked. */
export function claimedKey(exchange: Exchange | undefined): string | undefined {
  const claim =
    /Credential=([A-Za-z0-9_-]{3,128})\//.exec(exchange?.req.headers.authorization ?? "") ??
    /[?&]X-Amz-Credential=([A-Za-z0-9_-]{3,128})%2F/.exec(exchange?.req.url ?? "");
  return claim?.[1];
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
  const host = exchange.req.headers.host;
  return `{${text}${host === undefined ? "" : `,"clientProvidedHostHeader":${quote(host)}`}}`;
}
const isTls = (socket: object): socket is TLSSocket => "getCipher" in socket;
