/**
 * A request of node:http that looks at its headers once. Node makes the object of `headers` for itself before anybody is
 * called, name by name, each put in lower case and compared with all that it knows; requests of one client have the same
 * names in the same order, and share them (auth/headers.ts).
 */
import type { IncomingHttpHeaders, IncomingMessage as Message } from "node:http";
import { HeaderView } from "../../auth/headers.ts";

// Without an import: see app/http.ts.
const { IncomingMessage } = process.getBuiltinModule("node:http");
const ofNode = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, "headers");

export class Incoming extends IncomingMessage {
  #view: HeaderView | undefined;
  #object: IncomingHttpHeaders | undefined;

  get view(): HeaderView {
    return (this.#view ??= HeaderView.fromRaw(this.rawHeaders));
  }

  static {
    // Node's own is an accessor, too, though its types call it a property.
    Object.defineProperty(this.prototype, "headers", {
      configurable: true,
      get(this: Incoming): IncomingHttpHeaders {
        // Names that came twice are joined or dropped by rules of Node's own.
        return (this.#object ??= this.view.object() ?? (ofNode?.get?.call(this) as IncomingHttpHeaders));
      },
      set(this: Incoming, headers: IncomingHttpHeaders) {
        this.#object = headers;
      },
    });
  }
}

export const headersOf = (req: Message): HeaderView =>
  req instanceof Incoming ? req.view : HeaderView.fromRaw(req.rawHeaders);

/** For the options of a server. Bun's requests know their headers without being asked. */
export const INCOMING = process.versions["bun"] === undefined ? { IncomingMessage: Incoming } : {};
