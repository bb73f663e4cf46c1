/** Calls the wire layer as the pipeline does, without a socket; and a bare server for the SDK, which signs for nothing. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type AccountId, parseAccountId } from "../../../base/ids.ts";
import type { Kernel } from "../../../kms/kernel.ts";
import { ACCOUNT, rootCaller } from "../../../kms/test/kernel.ts";
import { handleKms, type KmsAnswer } from "../handle.ts";

export const REQUEST_ID = "11111111-2222-4333-8444-555555555555";

export function send(
  kms: Kernel,
  operation: string,
  input: unknown,
  account: AccountId = ACCOUNT,
): Promise<KmsAnswer> {
  return handleKms(kms, {
    target: `TrentService.${operation}`,
    body: new TextEncoder().encode(JSON.stringify(input)),
    caller: rootCaller(account),
    requestId: REQUEST_ID,
  });
}

/** Whatever JSON gives: tests look at what they know. */
type Members = ReturnType<typeof JSON.parse>;

/** The members of a good answer. */
export async function ok(
  kms: Kernel,
  operation: string,
  input: unknown,
  account?: AccountId,
): Promise<Members> {
  const answer = await send(kms, operation, input, account);
  assert.equal(answer.status, 200, answer.body);
  return answer.body === "" ? {} : JSON.parse(answer.body);
}

/** `[type, message]` of a failure. */
export async function failed(
  kms: Kernel,
  operation: string,
  input: unknown,
  account?: AccountId,
): Promise<readonly [string, string]> {
  const answer = await send(kms, operation, input, account);
  assert.notEqual(answer.status, 200, answer.body);
  const body = JSON.parse(answer.body);
  return [body.__type, body.message ?? body.Message ?? ""];
}

export interface WireServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Authentication stubbed: the access key id is the account. */
export async function listen(kms: Kernel): Promise<WireServer> {
  const server = createServer((req, res) => {
    void (async () => {
      const account = /Credential=(\d{12})\//.exec(req.headers.authorization ?? "")?.[1];
      const target = req.headers["x-amz-target"];
      const answer = await handleKms(kms, {
        target: typeof target === "string" ? target : undefined,
        body: await buffer(req),
        caller: rootCaller(parseAccountId(account ?? ACCOUNT)),
        requestId: REQUEST_ID,
      });
      res.writeHead(answer.status, answer.headers).end(answer.body);
    })();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
