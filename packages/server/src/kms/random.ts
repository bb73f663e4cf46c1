/** GenerateRandom: bytes from the generator that keys come from. No key, no state. */
import { randomBytes } from "@strongroom/crypto";
import { fail } from "../base/errors.ts";
import { requirePlainAccess } from "./authorise.ts";
import type { Kernel, Requester } from "./kernel.ts";

/** 1 to 1024 bytes, which the caller wipes. */
export async function generateRandom(
  k: Kernel,
  requester: Requester,
  bytes: number | undefined,
  customKeyStoreId: string | undefined,
): Promise<Uint8Array> {
  if (bytes === undefined) return fail("ValidationException", "NumberOfBytes is required.");
  if (customKeyStoreId !== undefined)
    fail("UnsupportedOperationException", "Custom key stores are not supported.");
  await requirePlainAccess(k, requester, "kms:GenerateRandom");
  k.hooks.kmsCall("GenerateRandom");
  return randomBytes(bytes);
}
