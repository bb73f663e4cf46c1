/**
 * `createServer` of node:http, taken without an import: for a module that imports node:http Node reads every export of
 * it, and one of them (WebSocket) loads all of undici, 35 milliseconds of each process's start.
 */
export const { createServer: createHttp } = process.getBuiltinModule("node:http");
