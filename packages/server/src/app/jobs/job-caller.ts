/** Who a command acts as, and keys that it is given. */
import { readFileSync } from "node:fs";
import { SecretKey } from "@strongroom/crypto";
import type { Caller } from "../../base/caller.ts";
import { reasonOf, UsageError } from "../config.ts";
import type { Engine } from "../engine.ts";
import { refuseIfReadableByOthers } from "../secret-file.ts";

/**
 * The principal of an access key, with its rights and no more. Whoever may run commands on the data directory holds the
 * root key anyway, so the secret is not asked for; key policies decide as they do for a request.
 */
export async function callerOf(engine: Engine, accessKeyId: string): Promise<Caller> {
  const credential = await engine.identities.lookup(accessKeyId, undefined);
  if (credential === undefined || credential === "invalid-token" || !credential.active)
    throw new UsageError(`--as: there is no active access key ${JSON.stringify(accessKeyId)}`);
  return {
    requestId: "command",
    principal: credential.principal,
    sessionKey: `command/${accessKeyId}`,
    accessKeyId,
    signature: "AWS4-HMAC-SHA256",
    authType: "REST-HEADER",
    secureTransport: true,
    keysMayPass: true,
    sourceIp: "127.0.0.1",
    signal: new AbortController().signal,
  };
}

const KEY_BYTES = 32;
/** The base64 of 32 bytes and a line's end. */
const BASE64 = /^[A-Za-z0-9+/]{43}=\s*$/;

/** A customer's key: 32 bytes as they are, or one line of base64. */
export function readCustomerKey(path: string): SecretKey<"customer"> {
  let bytes: Buffer;
  try {
    refuseIfReadableByOthers(path);
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`--ssec-key: ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
  const key = Buffer.alloc(KEY_BYTES);
  try {
    if (bytes.length === KEY_BYTES) key.set(bytes);
    else if (
      !BASE64.test(bytes.toString("latin1")) ||
      key.write(bytes.toString("latin1").trim(), "base64") !== KEY_BYTES
    )
      throw new UsageError(`--ssec-key: ${path} holds no 32-byte key, neither raw nor in base64`);
    return SecretKey.fromBytes("customer", key);
  } finally {
    bytes.fill(0);
    key.fill(0);
  }
}
