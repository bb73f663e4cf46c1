/** The events of a server that ask for an answer, tests' servers included. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import { answerClientError } from "./client-error.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export function attach(server: Server | TlsServer, handler: Handler): void {
  server.on("request", handler);
  // A service decides when 100 Continue leaves: after the headers were judged.
  server.on("checkContinue", handler);
  server.on("checkExpectation", handler);
  server.on("clientError", answerClientError);
}
