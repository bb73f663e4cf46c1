/** The RSA key that signs exported digests: made on first use, one for the store, sealed like every record. */
import { type DigestKey, newDigestKey } from "@strongroom/crypto";
import { z } from "zod";
import { IntegrityError } from "../base/errors.ts";
import { msgpackCodec } from "../store/codec.ts";
import type { Records } from "../store/records.ts";
import { commitSettled } from "../store/retry.ts";

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const schema = z.strictObject({ secretDer: bytes, publicDer: bytes, createdMs: z.number() });
export type StoredDigestKey = DigestKey & { readonly createdMs: number };

const codec = msgpackCodec<StoredDigestKey>(1, (body) => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new IntegrityError("the digest key has an unknown shape");
  return parsed.data;
});
const TABLE = "audit";
const KEY = new TextEncoder().encode("k");

export async function storedDigestKey(records: Records): Promise<StoredDigestKey | undefined> {
  return (await records.get(codec, TABLE, KEY))?.value;
}

/** Of two makers one wins, and both use its key. */
export async function ensureDigestKey(records: Records, nowMs: number): Promise<StoredDigestKey> {
  const present = await storedDigestKey(records);
  if (present !== undefined) return present;
  await commitSettled(records.store, {
    expect: [{ table: TABLE, key: KEY, rev: "absent" }],
    put: [records.seal(codec, TABLE, KEY, { ...newDigestKey(), createdMs: nowMs })],
  });
  const made = await storedDigestKey(records);
  if (made === undefined) throw new Error("the digest key could not be made");
  return made;
}
