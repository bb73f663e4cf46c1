/** Callers for tests: authenticated, over a connection that keys may pass. */
import type { Caller, Principal } from "./caller.ts";

export function callerAs(principal: Principal, change: Partial<Caller> = {}): Caller {
  return {
    requestId: "request",
    principal,
    sessionKey: "session",
    signature: "AWS4-HMAC-SHA256",
    authType: "REST-HEADER",
    secureTransport: true,
    keysMayPass: true,
    sourceIp: "127.0.0.1",
    signal: new AbortController().signal,
    ...change,
  };
}
